"""Engines that go away, refuse, or share a model."""
import concurrent.futures
import json
import re
import time

import openai
import pytest

from harness.batches import chat_line, chat_lines, ended, progressed, rows, submit
from harness.gateway import SimulatedEngine
from harness.ledger import Books
from harness.scripted_engine import HangUp, ScriptedEngine
from harness.waiting import wait_until

ASK = {"model": "simulated", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}


def test_a_batch_waits_for_an_engine_that_went_away(start_engine, start_gateway, tmp_path):
    engine = start_engine(slots=4, latency=20, output_tokens_max=4)
    port = engine.url.rsplit(":", 1)[1].removesuffix("/v1")
    gateway = start_gateway(engine)
    with gateway.sdk() as client:
        batch_id = submit(client, chat_lines(150, "away")).id
        progressed(client, batch_id, 10)
        engine.kill()
        done = client.batches.retrieve(batch_id).request_counts.completed
        wait_until(lambda: "engine call failed" in gateway.log(10**6) or gateway.metrics().total(
            "ebb_engine_failures_total"), 5, "the gateway notices")
        back = SimulatedEngine(tmp_path / "back.log", port=port, slots=4, output_tokens_max=4).start()
        try:
            batch = ended(client, batch_id, 20)
        finally:
            back.kill()
        assert batch.status == "completed"
        assert (batch.request_counts.completed, batch.request_counts.failed) == (150, 0), f"{done} before"


def test_an_overloaded_engine_fails_no_line(start_engine, start_gateway, tmp_path):
    engine = start_engine(fault="503=1")
    port = engine.url.rsplit(":", 1)[1].removesuffix("/v1")
    gateway = start_gateway(engine)
    with gateway.sdk() as client:
        batch_id = submit(client, chat_lines(60, "full")).id
        waiting = wait_until(
            lambda: client.batches.retrieve(batch_id).model_extra.get("ebb"), 10, "the batch says why it waits")
        assert waiting == {"waiting_for": "engine_capacity"}
        other = submit(client, chat_lines(3, "later")).id
        wait_until(lambda: client.batches.retrieve(other).model_extra.get("ebb") == waiting, 10, "so does another one")
        started, tried = time.monotonic(), gateway.metrics().total("ebb_engine_failures_total")
        wait_until(
            lambda: gateway.metrics().total("ebb_engine_failures_total") >= tried + 3, 30, "it is tried again")
        assert time.monotonic() - started > 1.5, "lines are not sent as fast as they are refused"
        assert client.batches.retrieve(batch_id).request_counts.failed == 0
        engine.kill()
        back = SimulatedEngine(tmp_path / "back.log", port=port, slots=4, output_tokens_max=4).start()
        try:
            batch = ended(client, batch_id, 60)
        finally:
            back.kill()
        assert (batch.status, batch.request_counts.completed) == ("completed", 60)
        assert ended(client, other).request_counts.completed == 3
        assert "ebb" not in batch.model_extra
    assert "refuses all lines" in gateway.log(10**6)


def test_another_engine_takes_over(start_engine, start_gateway):
    broken, whole = start_engine(fault="500=1"), start_engine()
    gateway = start_gateway(broken, whole)
    with gateway.sdk() as client:
        for _ in range(6):
            assert client.chat.completions.create(**ASK).choices
        stream = list(client.chat.completions.create(**ASK, stream=True))
        assert stream[-1].choices[0].finish_reason
    assert {charge["engine"] for charge in Books(gateway.data).charges()} == {"engine-2"}


def test_flex_outlives_one_of_two_engines(start_engine, start_gateway):
    engines = [start_engine(slots=2, decode_rate=40) for _ in range(2)]
    gateway = start_gateway(config="engines:\n" + "".join(
        f"  - {{name: e{number}, url: '{engine.url}', kind: simulated, concurrency: 2}}\n"
        for number, engine in enumerate(engines)))
    flex = {**ASK, "max_tokens": 40, "service_tier": "flex", "extra_body": {"ignore_eos": True}}
    with gateway.sdk(max_retries=0) as client, concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(client.chat.completions.create, **flex) for _ in range(8)]
        wait_until(lambda: all(engine.running() == 2 for engine in engines), 10, "both work")
        engines[1].kill()
        assert [answer.result(60).service_tier for answer in answers] == ["flex"] * 8
    assert [charge["output"] for charge in Books(gateway.data).charges()] == [40] * 8


def test_a_line_that_breaks_its_connection_fails_and_the_others_do_not(start_gateway):
    class Fragile(ScriptedEngine):
        def usual_answer(self, path, body):
            if "poison" in json.dumps(body):
                raise HangUp
            return super().usual_answer(path, body)

    with Fragile() as engine:
        gateway = start_gateway(config=f"engines: [{{name: one, url: '{engine.url}'}}]\n")
        lines = chat_lines(5, "fine", model="scripted") + [chat_line("poison", "poison", model="scripted")]
        with gateway.sdk() as client:
            batch = ended(client, submit(client, lines).id, 90)
            assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == ("completed", 5, 1)
            assert [row["custom_id"] for row in rows(client, batch.error_file_id)] == ["poison"]
        sent = [body for body in engine.sent("/v1/chat/completions") if "poison" in json.dumps(body)]
        # Five attempts; one on a connection that was kept open is made once more on another.
        assert 5 <= len(sent) <= 10


def test_two_engines_share_a_batch(start_engine, start_gateway):
    engines = [start_engine(slots=4, latency=20, output_tokens_max=4) for _ in range(2)]
    gateway = start_gateway(*engines)
    with gateway.sdk() as client:
        batch = ended(client, submit(client, chat_lines(200, "shared")).id)
    assert batch.request_counts.completed == 200
    by_engine = [row["engine"] for row in Books(gateway.data).charges(batch.id)]
    assert len(by_engine) == 200
    assert min(by_engine.count("engine-1"), by_engine.count("engine-2")) > 40


def test_each_of_two_engines_computes_beginnings_of_its_own(start_engine, start_gateway):
    """Lines of one beginning stand far apart in the file; what is computed is told in /metrics."""
    engines = [start_engine(slots=1, latency=20, output_tokens_max=2) for _ in range(2)]
    listed = ", ".join(
        f"{{name: {name}, url: '{engine.url}', kind: simulated, concurrency: 1}}"
        for name, engine in zip(("one", "two"), engines))
    gateway = start_gateway(config=f"engines: [{listed}]\n")
    groups, each = 10, 6
    lines = [
        chat_line(f"row-{number}", f"{number % groups} " + f"instruction {number % groups} " * 100 + f"row {number}")
        for number in range(groups * each)]
    with gateway.sdk() as client:
        batch = ended(client, submit(client, lines).id)
    where = {}
    for row in Books(gateway.data).charges(batch.id):
        where.setdefault(row["line"] % groups, set()).add(row["engine"])
    assert sorted(where) == list(range(groups)) and set().union(*where.values()) == {"one", "two"}
    assert sum(map(len, where.values())) <= groups + 3, "groups are cut only so that no engine idles"
    told = gateway.metrics().text
    tokens = {kind: int(count) for kind, count in re.findall(
        r'^ebb_line_prompt_tokens_total{kind="(\w+)"} (\d+)$', told, re.M)}
    assert tokens["computed"] + tokens["cached"] == batch.usage.input_tokens
    assert tokens["cached"] > 0.6 * batch.usage.input_tokens
    assert tokens["computed"] < 1.3 * tokens["least"], tokens


def test_a_refused_credential_is_the_operators_trouble(start_gateway):
    refusal = {"error": {"message": "Incorrect API key provided: sk-engine-secret", "type": "invalid_request_error",
                         "code": "invalid_api_key", "param": None}}
    with ScriptedEngine() as engine:
        gateway = start_gateway(engine)
        engine.then(401, refusal, times=10)
        with gateway.sdk() as client, pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(model="scripted", messages=[{"role": "user", "content": "x"}])
    assert "sk-engine-secret" not in str(caught.value), "a client never sees the operator's key"
    assert Books(gateway.data).charges() == []


def test_unknown_fields_and_bytes_arrive_as_they_were_sent(start_gateway):
    with ScriptedEngine() as engine:
        gateway = start_gateway(engine)
        body = {"model": "scripted", "messages": [{"role": "user", "content": "ü\u2028\U0001F600 \\u0041"}],
                "top_k": 7, "chat_template_kwargs": {"enable_thinking": False}, "big": 12345678901234567890,
                "small": 1e-7, "nothing": None, "deep": [[{"a": [1.0, "x"]}]]}
        with gateway.http() as http:
            assert http.post("chat/completions", json=body).status_code == 200
        sent = engine.sent("/v1/chat/completions")[0]
    assert {name: sent[name] for name in body} == body
    assert set(sent) - set(body) <= {"stream", "stream_options"}


def test_client_keys_do_not_reach_the_engine(start_gateway):
    with ScriptedEngine() as engine:
        gateway = start_gateway(engine)
        with gateway.sdk() as client:
            client.chat.completions.create(model="scripted", messages=[{"role": "user", "content": "x"}])
        headers = [headers for path, headers, _ in engine.requests if path.endswith("completions")][0]
    assert "sk-end-to-end" not in str(headers)


def test_engines_that_stream_garbage_are_tried_again_or_refused(start_gateway):
    with ScriptedEngine() as engine:
        gateway = start_gateway(engine)
        engine.then(200, b'{"id": "half', times=1)
        with gateway.sdk() as client:
            answer = client.chat.completions.create(model="scripted", messages=[{"role": "user", "content": "x"}])
        assert answer.choices[0].message.content == "scripted answer"
        assert len(Books(gateway.data).charges()) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_is_too_long_is_told_in_the_words_of_the_api(start_gateway, stream):
    sentence = "This model's maximum context length is 8 tokens. However, you requested 9 tokens."
    vllm = {"object": "error", "message": sentence, "type": "BadRequestError", "param": None, "code": 400}
    with ScriptedEngine() as engine:
        gateway = start_gateway(engine)
        engine.then(400, vllm)
        with gateway.sdk() as client, pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(
                model="scripted", messages=[{"role": "user", "content": "x"}], stream=stream)
        assert caught.value.body == {
            "message": sentence, "type": "invalid_request_error", "param": None, "code": "context_length_exceeded"}
        assert len(engine.sent("/v1/chat/completions")) == 1


def test_lines_whose_engine_fails_now_and_then_all_succeed(start_engine, start_gateway):
    engine = start_engine(
        slots=16, output_tokens_max=6, seed=3,
        fault=["429=0.05", "500=0.05", "503=0.02", "cut=0.05", "garbage=0.03", "slow=0.02"])
    gateway = start_gateway(engine)
    with gateway.sdk() as client:
        batch = ended(client, submit(client, chat_lines(300, "flaky")).id, 120)
        assert batch.status == "completed"
        assert batch.request_counts.completed >= 298, "five tries are nearly always enough"
        assert len(rows(client, batch.output_file_id)) == len(Books(gateway.data).charges(batch.id))


def test_a_batch_resumes_before_its_engine_does(start_engine, start_gateway, tmp_path):
    engine = start_engine(slots=4, latency=20, output_tokens_max=4)
    port = engine.url.rsplit(":", 1)[1].removesuffix("/v1")
    gateway = start_gateway(engine)
    with gateway.sdk() as client:
        batch_id = submit(client, chat_lines(100, "early")).id
        progressed(client, batch_id, 10)
    gateway.kill()
    engine.kill()
    gateway = start_gateway(engine.url)
    with gateway.sdk() as client:
        assert client.batches.retrieve(batch_id).status == "in_progress"
        back = SimulatedEngine(tmp_path / "back.log", port=port, slots=4, output_tokens_max=4).start()
        try:
            batch = ended(client, batch_id, 20)
        finally:
            back.kill()
        assert (batch.status, batch.request_counts.completed) == ("completed", 100)


def test_lines_tell_an_engine_with_priorities_that_they_can_wait(start_gateway):
    with ScriptedEngine() as engine:
        gateway = start_gateway(
            config=f"engines: [{{name: e, url: '{engine.url}', kind: vllm, priorities: true, concurrency: 4}}]\n")
        with gateway.sdk() as client:
            ended(client, submit(client, chat_lines(2, "late", model="scripted")).id)
            client.chat.completions.create(**ASK | {"model": "scripted"})
        assert [body["priority"] for body in engine.sent("/v1/chat/completions")] == [40, 40, 0]


def test_what_an_engine_writes_stays_on_its_line_of_the_log(start_gateway):
    forged = "2026-01-01T00:00:00+0000 error ebb: forged"
    for form in ("text", "json"):
        with ScriptedEngine(f"m\n{forged}\x1b[2J") as engine:
            log = start_gateway(
                config=f"log: {{format: {form}}}\nengines: [{{name: one, url: '{engine.url}'}}]\n", data=form).log()
        assert "engine found" in log and "forged" in log and "\x1b" not in log
        assert not any(line.startswith(forged) for line in log.splitlines())
