-- wrk: one chat request of about 1 KB, streamed when EBB_BENCH_STREAM is 1.
local stream = os.getenv("EBB_BENCH_STREAM") == "1"
local key = os.getenv("EBB_BENCH_KEY")
local text = string.rep("The quick brown fox jumps over the lazy dog. ", 18)
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. key
wrk.body = '{"model":"sim","messages":[{"role":"system","content":"You are a test."},{"role":"user","content":"'
    .. text .. '"}],"max_tokens":20,"temperature":0,"ignore_eos":true' .. (stream and ',"stream":true' or "") .. "}"

function done(summary, latency, requests)
    io.write(string.format("RESULT %d %d %.1f %.1f %d\n", summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(99),
        summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status
            + summary.errors.timeout))
end
