"""How the gateway stops: in order, at once, and by force; and how it starts."""
import concurrent.futures
import signal
import time

import httpx2 as httpx
import openai
import pytest

from harness import verdict
from harness.batches import chat_lines, ended, progressed, submit
from harness.gateway import SimulatedEngine
from harness.ledger import Books
from harness.program import ProgramEnded
from harness.waiting import wait_until

ASK = {"model": "simulated", "messages": [{"role": "user", "content": "stop me"}]}
LONG = {**ASK, "max_tokens": 40, "extra_body": {"ignore_eos": True}}


def test_a_stop_without_work(start_engine, start_gateway):
    gateway = start_gateway(start_engine())
    began = time.monotonic()
    gateway.signal(signal.SIGTERM)
    # Its address was the one line; what follows is the end of the pipe.
    assert gateway.process.stdout.read() == b""
    assert gateway.wait() == 0
    assert time.monotonic() - began < 3
    assert "error" not in gateway.log()


def test_a_stop_lets_a_stream_end(start_engine, start_gateway):
    engine = start_engine(decode_rate=40)
    gateway = start_gateway(engine)
    with gateway.sdk() as client:
        stream = client.chat.completions.create(**LONG, stream=True, stream_options={"include_usage": True})
        next(stream)
        gateway.signal(signal.SIGTERM)
        chunks = list(stream)
    assert chunks[-1].usage.completion_tokens == 40
    assert chunks[-2].choices[0].finish_reason == "length"
    assert gateway.wait() == 0
    charges = Books(gateway.data).charges()
    assert [(charge["output"], charge["outcome"]) for charge in charges] == [(40, "answered")]


def test_a_stop_lets_a_whole_answer_end(start_engine, start_gateway):
    engine = start_engine(decode_rate=40)
    gateway = start_gateway(engine)
    with gateway.sdk() as client, concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(client.chat.completions.create, **LONG)
        wait_until(lambda: engine.running() == 1, 5, "the request at the engine")
        gateway.signal(signal.SIGTERM)
        assert answer.result(10).usage.completion_tokens == 40
    assert gateway.wait() == 0
    assert len(Books(gateway.data).charges()) == 1


def test_no_new_work_after_the_signal(start_engine, start_gateway):
    engine = start_engine(decode_rate=20)
    gateway = start_gateway(engine)
    with gateway.sdk() as client:
        stream = client.chat.completions.create(**LONG, stream=True)
        next(stream)
        gateway.signal(signal.SIGTERM)

        def refused():
            try:
                return httpx.get(gateway.root + "/healthz", timeout=2).status_code == 503
            except httpx.TransportError:
                return True
        wait_until(refused, 1.5, "new connections are turned away while the stream runs")
        assert gateway.is_running
        list(stream)
    assert gateway.wait() == 0


def test_the_grace_period_ends_what_does_not(start_engine, start_gateway):
    engine = start_engine(decode_rate=10)
    gateway = start_gateway(engine, config="shutdown_grace: 500ms\n")
    with gateway.sdk() as client:
        stream = client.chat.completions.create(
            **{**LONG, "max_tokens": 1000}, stream=True, stream_options={"include_usage": True})
        for _, chunk in zip(range(3), stream):
            assert chunk.choices
        gateway.signal(signal.SIGTERM)
        began = time.monotonic()
        with pytest.raises((openai.APIError, httpx.TransportError)):
            list(stream)
        gateway.wait()
        assert time.monotonic() - began < 5
    wait_until(lambda: engine.running() == 0, 1, "the slot is free")
    charges = Books(gateway.data).charges()
    assert len(charges) == 1, "what was made is charged"
    assert 0 < charges[0]["output"] < 1000


def test_a_second_signal_ends_at_once(start_engine, start_gateway):
    engine = start_engine(decode_rate=5)
    gateway = start_gateway(engine)
    with gateway.sdk() as client:
        stream = client.chat.completions.create(**LONG, stream=True)
        next(stream)
        gateway.signal(signal.SIGTERM)
        time.sleep(0.05)  # two signals at the same moment would be one
        assert gateway.is_running
        began = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert gateway.wait() == 128 + signal.SIGTERM
        assert time.monotonic() - began < 1
        stream.close()


def test_a_batch_goes_on_after_a_stop(start_engine, start_gateway):
    engine = start_engine(slots=4, latency=40, output_tokens_max=4)
    config = "batch: {concurrency: 4}\n"
    gateway = start_gateway(engine, config=config)
    lines = chat_lines(120, "stopped")
    for line in lines:
        line["body"]["user"] = line["custom_id"]
    with gateway.sdk() as client:
        batch_id = submit(client, lines).id
        progressed(client, batch_id, 10)
    began = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - began < 3
    recorded = len(Books(gateway.data).results(batch_id))
    assert 10 <= recorded < 120
    wait_until(lambda: engine.running() == 0, 1, "the engine is left alone")
    gateway = start_gateway(engine, config=config)
    with gateway.sdk() as client:
        batch = ended(client, batch_id)
        assert (batch.status, batch.request_counts.completed) == ("completed", 120)
        verdict.assert_all(verdict.of_batch(client, gateway.data, batch, [line["custom_id"] for line in lines]))
    executed = engine.execution_log()["lines"]
    assert sum(row["finished"] for row in executed) <= 120 + 4
    assert sum(row["started"] - 1 for row in executed) <= 4


def test_a_stop_lets_bought_lines_end(start_engine, start_gateway):
    """They would be paid again after the next start."""
    engine = start_engine(decode_rate=40, slots=4)
    config = ("batch: {concurrency: 4}\n"
              f"engines: [{{name: bought, url: '{engine.url}', kind: openai, concurrency: 4}}]\n")
    gateway = start_gateway(config=config)
    lines = chat_lines(12, "paid")
    for line in lines:
        line["body"].update(user=line["custom_id"], max_tokens=40, ignore_eos=True)
    with gateway.sdk() as client:
        batch_id = submit(client, lines).id
        wait_until(lambda: engine.running() == 4, 5, "lines at the engine")
    assert gateway.stop() == 0
    assert len(Books(gateway.data).results(batch_id)) >= 4
    gateway = start_gateway(config=config)
    with gateway.sdk() as client:
        batch = ended(client, batch_id)
        assert (batch.status, batch.request_counts.completed) == ("completed", 12)
    assert [row["started"] for row in engine.execution_log()["lines"]] == [1] * 12
    assert len(Books(gateway.data).charges()) == 12


def test_two_servers_on_one_data_folder(start_engine, start_gateway):
    engine = start_engine()
    first = start_gateway(engine)
    with pytest.raises(ProgramEnded) as refused:
        start_gateway(engine)
    text = str(refused.value)
    assert "already being served" in text and str(first.pid) in text and str(first.data) in text
    with first.sdk() as client:
        assert client.models.list().data
    first.kill()
    start_gateway(engine)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_was_given_has_its_charge(start_engine, start_gateway, stream):
    """SIGKILL the moment an answer is complete: its charge is durable already."""
    engine = start_engine(output_tokens_max=8)
    for round_number in range(3):
        gateway = start_gateway(engine)

        def ask(_):
            with gateway.http() as http:
                try:
                    answer = http.post("chat/completions", json={**ASK, "stream": stream})
                except httpx.TransportError:
                    return None
                return answer.headers["x-request-id"] if answer.status_code == 200 else None

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            asked = [pool.submit(ask, number) for number in range(24)]
            next(concurrent.futures.as_completed(asked)).result()
            gateway.kill()
            answered = {future.result() for future in asked} - {None}
        assert answered
        charged = {charge["request"] for charge in Books(gateway.data).charges()}
        assert answered <= charged, f"answers without a charge: {answered - charged}"


def test_ready_when_an_engine_has_answered(start_gateway, start_engine, tmp_path):
    gateway_config = "shutdown_grace: 1s\n"
    engine = start_engine()
    port = engine.url.rsplit(":", 1)[1].removesuffix("/v1")
    url = engine.url
    engine.kill()
    gateway = start_gateway(url, config=gateway_config)
    assert httpx.get(gateway.root + "/healthz").status_code == 200
    unready = httpx.get(gateway.root + "/readyz")
    assert unready.status_code == 503 and "engine" in unready.json()["reason"]
    late = SimulatedEngine(tmp_path / "late.log", port=port).start()
    try:
        wait_until(lambda: httpx.get(gateway.root + "/readyz").status_code == 200, 6, "ready", every=0.1)
        with gateway.sdk() as client:
            assert client.chat.completions.create(**ASK).choices
    finally:
        late.kill()


def test_a_stream_that_the_engine_cuts(start_engine, start_gateway):
    gateway = start_gateway(start_engine(fault="cut=1"))
    with gateway.sdk() as client:
        with pytest.raises(openai.APIError):
            for _ in client.chat.completions.create(**LONG, stream=True):
                pass
    wait_until(lambda: Books(gateway.data).charges(), 2, "the charge for what came")
    charges = Books(gateway.data).charges()
    assert [charge["outcome"] for charge in charges] == ["broken"]
    assert 0 < charges[0]["output"] < 40
