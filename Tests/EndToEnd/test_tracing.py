"""Spans for OpenTelemetry: what a collector gets, and what engines and callers see of the trace."""
import socket
import time

from harness.batches import chat_lines, ended, submit
from harness.collector import Collector, attributes
from harness.scripted_engine import ScriptedEngine
from harness.waiting import wait_until

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ASK = {"model": "scripted", "messages": [{"role": "user", "content": "hello"}]}


def traced(collector, **more):
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **more}


def ends(collector):
    """The spans of requests, then those of engine calls."""
    return sorted((span for span in collector.spans() if span.name != "wait"), key=lambda span: span.kind)


def test_a_request_is_a_span_in_the_callers_trace_and_the_engine_call_one_below(start_gateway):
    with Collector() as collector, ScriptedEngine() as engine:
        gateway = start_gateway(engine, environment=traced(
            collector, OTEL_SERVICE_NAME="llm-gateway", OTEL_EXPORTER_OTLP_HEADERS="x-tenant=a%20b"))
        with gateway.sdk() as client:
            client.chat.completions.create(**ASK, extra_headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
        # They may come in two posts, and on a busy machine with a wait of a millisecond, which is a span of its own.
        spans = wait_until(lambda: len(ends(collector)) >= 2 and collector.spans(), 10, "two spans")
        request, call = ends(collector)
        assert {span.trace_id.hex() for span in spans} == {TRACE}
        assert (request.name, request.parent_span_id.hex()) == ("POST /v1/chat/completions", SPAN)
        assert (call.name, call.parent_span_id) == ("chat scripted", request.span_id)
        assert request.start_time_unix_nano <= call.start_time_unix_nano <= call.end_time_unix_nano
        facts = attributes(call)
        assert (facts["gen_ai.usage.input_tokens"], facts["gen_ai.usage.output_tokens"]) == (7, 3)
        assert facts["openai.response.service_tier"] == "default" and facts["gen_ai.response.model"] == "scripted"
        assert attributes(request)["ebb.outcome"] == "answered"
        assert collector.services() == {"llm-gateway"}
        assert collector.received[0][0]["x-tenant"] == "a b"
        _, headers, _ = next(each for each in engine.requests if each[0] == "/v1/chat/completions")
        assert headers["traceparent"] == f"00-{TRACE}-{call.span_id.hex()}-01"


def test_what_the_caller_does_not_sample_is_not_kept(start_gateway):
    with Collector() as collector, ScriptedEngine() as engine:
        gateway = start_gateway(engine, environment=traced(collector))
        with gateway.sdk() as client:
            client.chat.completions.create(**ASK, extra_headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
            client.chat.completions.create(**ASK)
        kept = wait_until(collector.spans, 10, "spans")
        assert TRACE not in {span.trace_id.hex() for span in kept} and len({span.trace_id for span in kept}) == 1
        sent = [headers["traceparent"] for path, headers, _ in engine.requests if path == "/v1/chat/completions"]
        assert [each.rsplit("-", 1)[1] for each in sent] == ["00", "01"]


def test_lines_of_a_batch_are_traced_and_a_stop_sends_what_is_left(start_engine, start_gateway, tmp_path):
    with Collector() as collector:
        gateway = start_gateway(start_engine(), config=f"tracing: {{endpoint: '{collector.url}', service: batches}}\n")
        with gateway.sdk() as client:
            batch = ended(client, submit(client, chat_lines(30, "traced")).id)
        gateway.stop()
        lines = [span for span in collector.spans() if span.name == "batch line"]
        assert sorted(attributes(span)["ebb.batch.line"] for span in lines) == list(range(1, 31))
        assert {attributes(span)["ebb.batch.id"] for span in lines} == {batch.id}
        assert collector.services() == {"batches"}


def test_a_line_that_runs_again_stays_in_its_trace(start_gateway):
    with Collector() as collector, ScriptedEngine() as engine:
        engine.then(503, {"error": {"message": "full"}}, times=2)
        gateway = start_gateway(engine, environment=traced(collector))
        with gateway.sdk() as client:
            ended(client, submit(client, chat_lines(1, "again", model="scripted")).id)
        gateway.stop()
        sent = [headers["traceparent"].split("-") for path, headers, _ in engine.requests
                if path == "/v1/chat/completions"]
        calls = sorted((span for span in collector.spans() if span.name == "chat scripted"),
                       key=lambda span: span.start_time_unix_nano)
        assert [each[1] for each in sent] == [calls[0].trace_id.hex()] * 3
        assert [each[2] for each in sent] == [span.span_id.hex() for span in calls], "the engine worked in these spans"
        assert [attributes(span).get("gen_ai.usage.output_tokens") for span in calls] == [None, None, 3]
        assert all("server.address" in attributes(span) for span in calls)


def test_a_collector_that_never_answers_does_not_hold_up_the_end(start_gateway):
    with socket.create_server(("127.0.0.1", 0)) as silent, ScriptedEngine() as engine:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        gateway = start_gateway(engine, environment={"OTEL_EXPORTER_OTLP_ENDPOINT": url})
        with gateway.sdk() as client:
            client.chat.completions.create(**ASK)
        started = time.monotonic()
        gateway.stop()
        assert time.monotonic() - started < 8
        assert "spans were lost" in gateway.log(10**6)


def test_a_collector_that_is_away_disturbs_nobody(start_gateway):
    with Collector(status=503) as collector, ScriptedEngine() as engine:
        gateway = start_gateway(engine, environment=traced(collector))
        with gateway.sdk() as client:
            client.chat.completions.create(**ASK)
            wait_until(lambda: collector.refused >= 3, 20, "three tries")
            wait_until(lambda: "spans cannot be sent" in gateway.log(10**6), 10, "the log says so")
            collector.status = 200
            client.chat.completions.create(**ASK)
            wait_until(collector.spans, 20, "spans")


def test_without_a_collector_there_is_no_trace(start_gateway):
    with ScriptedEngine() as engine:
        gateway = start_gateway(engine)
        with gateway.sdk() as client:
            client.chat.completions.create(**ASK, extra_headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
        _, headers, _ = next(each for each in engine.requests if each[0] == "/v1/chat/completions")
        assert "traceparent" not in headers
