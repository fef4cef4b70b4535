import NIOHTTP1
import OpenAIWire

/// What can be read with GET.
extension Routes {
    func page(_ path: String, query: String) -> PlainAnswer {
        switch path {
        case "/health", "/ping": return PlainAnswer(json: [])
        case "/version": return PlainAnswer(json: Array(#"{"version":"simulated"}"#.utf8))
        case "/metrics":
            return PlainAnswer(contentType: "text/plain; version=0.0.4; charset=utf-8", body: self.metrics())
        case "/v1/models": return PlainAnswer(json: self.models())
        case "/simulator/log": return self.log(LogQuery(query))
        case "/v1/models/" + self.options.model: return PlainAnswer(json: self.model())
        default: return self.unknown(path)
        }
    }

    /// FastAPI's answer to a path that it does not know.
    func unknown(_ path: String) -> PlainAnswer {
        PlainAnswer(status: .notFound, contentType: "application/json", body: Array(#"{"detail":"Not Found"}"#.utf8))
    }

    private func models() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("object", "list")
        writer.key("data")
        writer.beginArray()
        writer.raw(self.model())
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    private func model() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("id", self.options.model)
        writer.member("object", "model")
        writer.member("created", Int64(0))
        writer.member("owned_by", "simulated")
        writer.member("root", self.options.model)
        writer.member("max_model_len", Int64(self.options.context))
        writer.endObject()
        return writer.bytes
    }

    private func metrics() -> [UInt8] {
        self.core.read { state in
            let model = state.model
            let statistics = model.statistics
            var text = MetricsText(model: self.options.model)
            text.gauge("vllm:num_requests_running", "Requests in a slot.", Double(model.runningCount))
            text.gauge("vllm:num_requests_waiting", "Requests waiting for a slot.", Double(model.waitingCount))
            text.gauge("vllm:kv_cache_usage_perc", "Share of cache blocks in use, 0 to 1.", model.memoryUse)
            text.counter("vllm:prompt_tokens_total", "Prompt tokens computed or found.", statistics.promptTokens)
            text.counter("vllm:generation_tokens_total", "Tokens generated.", statistics.generationTokens)
            text.counter(
                "vllm:prefix_cache_queries_total", "Prompt tokens looked up in the cache.", statistics.cacheQueries)
            text.counter("vllm:prefix_cache_hits_total", "Prompt tokens found in the cache.", statistics.cacheHits)
            text.histogram(
                "vllm:time_to_first_token_seconds", "Arrival to first token.", statistics.firstToken)
            text.histogram("vllm:inter_token_latency_seconds", "Gap between tokens.", statistics.interToken)
            text.histogram("vllm:request_queue_time_seconds", "Arrival to slot.", statistics.queueTime)
            text.counter(
                "ebb_simulator_requests_total", "Requests by outcome.", by: "outcome",
                Outcome.allCases.enumerated().map { ($1.rawValue, state.outcomes[$0]) })
            text.counter(
                "ebb_simulator_cancelled_total", "Requests whose client went away.", statistics.cancelled)
            text.counter(
                "ebb_simulator_repeated_total", "Starts of work that had been started before.", state.log.repeated)
            text.gauge("ebb_simulator_marks", "Distinct marks in the log.", Double(state.log.entries.count))
            text.counter(
                "ebb_simulator_labelled_requests_total", "Model calls by x-simulate-label.", by: "label",
                state.labels.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
            return text.bytes
        }
    }

    private func log(_ query: LogQuery) -> PlainAnswer {
        let (entries, dropped, repeated) = self.core.read { state in
            (state.log.entries, state.log.dropped, state.log.repeated)
        }
        var writer = JSONWriter(reserving: 4_096)
        writer.beginObject()
        writer.member("simulated", true)
        writer.member("marks", Int64(entries.count))
        writer.member("dropped", Int64(dropped))
        writer.member("repeated", Int64(repeated))
        writer.member("started", Int64(entries.reduce(0) { $0 + $1.started }))
        writer.member("finished", Int64(entries.reduce(0) { $0 + $1.finished }))
        writer.key("lines")
        writer.beginArray()
        for entry in entries.lazy.filter({ query.matches($0) }).dropFirst(query.offset).prefix(query.limit) {
            writer.beginObject()
            writer.member("line", entry.mark)
            writer.member("started", Int64(entry.started))
            writer.member("finished", Int64(entry.finished))
            writer.member("cancelled", Int64(entry.cancelled))
            writer.member("faulted", Int64(entry.faulted))
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return PlainAnswer(json: writer.bytes)
    }
}
