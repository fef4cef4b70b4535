"""Numbered conformance checks 18 to 24: batches."""
import base64
import struct

import pytest

from harness.batches import chat_line, chat_lines, ended, jsonl, progressed, rows, submit, upload
from harness.ledger import Books
from harness.waiting import wait_until
from test_conformance_requests import error_of

CHAT = "/v1/chat/completions"


def create(http, **fields):
    return http.post("batches", json={"endpoint": CHAT, "completion_window": "24h", **fields})


def counts(batch):
    return batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed


def check_books(data, client, batch):
    """One charge for each line that an engine answered, and the batch's usage is their sum."""
    books = Books(data)
    charges, results = books.charges(batch.id), books.results(batch.id)
    assert sorted(charge["line"] for charge in charges) == [row["line"] for row in results if row["succeeded"]]
    assert len(rows(client, batch.output_file_id)) == len(charges) == batch.request_counts.completed
    if batch.usage:
        assert batch.usage.input_tokens == sum(charge["input"] for charge in charges)
        assert batch.usage.output_tokens == sum(charge["output"] for charge in charges)
        assert batch.usage.input_tokens_details.cached_tokens == sum(charge["cached_input"] for charge in charges)
        assert batch.usage.total_tokens == batch.usage.input_tokens + batch.usage.output_tokens
    return charges


def test_18_input_file_that_does_not_exist(client, http):
    answer = create(http, input_file_id="file-nowhere")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["object"], body["status"]) == ("batch", "validating")
    assert body["expires_at"] == body["created_at"] + 86_400
    for name in ("errors", "output_file_id", "error_file_id", "in_progress_at", "failed_at", "metadata"):
        assert body[name] is None
    batch = ended(client, body["id"])
    assert batch.status == "failed"
    assert batch.errors.data[0].code == "invalid_request"
    assert batch.failed_at >= batch.created_at
    assert counts(batch) == (0, 0, 0)


def test_18_input_file_of_another_purpose(client, http):
    file = client.files.create(file=("in.jsonl", jsonl(chat_lines(1))), purpose="user_data")
    batch = ended(client, create(http, input_file_id=file.id).json()["id"])
    assert (batch.status, batch.errors.data[0].code) == ("failed", "invalid_request")


def test_19_every_fault_of_a_file_with_its_line(client, engine):
    lines = [
        chat_line("fault-1", "one", user="fault-1"),
        chat_line("fault-2", "two", user="fault-2"),
        '{"custom_id": "fault-3", ',
        chat_line("fault-4", "four", user="fault-4"),
        chat_line("fault-1", "five", user="fault-5"),
        chat_line("fault-6", "six", model="another", user="fault-6"),
        {**chat_line("fault-7", "seven", user="fault-7"), "url": "/v1/embeddings"},
        chat_line("fault-8", "eight", user="fault-8"),
    ]
    batch = ended(client, submit(client, lines).id)
    assert batch.status == "failed"
    found = {(error.code, error.line) for error in batch.errors.data}
    assert found == {
        ("invalid_json_line", 3), ("duplicate_custom_id", 5), ("mismatched_model", 6), ("invalid_url", 7)}
    assert counts(batch) == (0, 0, 0)
    assert batch.output_file_id is None and batch.error_file_id is None
    assert not [row for row in engine.execution_log()["lines"] if row["line"].startswith("fault-")]


@pytest.mark.parametrize(
    ("line", "code", "param"),
    [
        ({**chat_line("x", "x"), "custom_id": None}, "missing_required_parameter", "custom_id"),
        ({key: value for key, value in chat_line("x", "x").items() if key != "method"},
         "missing_required_parameter", "method"),
        ({key: value for key, value in chat_line("x", "x").items() if key != "body"},
         "missing_required_parameter", "body"),
        ({**chat_line("x", "x"), "body": {"messages": []}}, "invalid_request", "body.model"),
        (chat_line("x", "x", stream=True), "streaming_unsupported", "body.stream"),
        (chat_line("x", "x", model="nobody-serves-this"), "model_not_found", "body.model"),
    ],
    ids=["custom_id", "method", "body", "model", "stream", "unknown model"])
def test_19_faults_of_a_line(client, line, code, param):
    batch = ended(client, submit(client, [line]).id)
    assert batch.status == "failed"
    assert (batch.errors.data[0].code, batch.errors.data[0].param, batch.errors.data[0].line) == (code, param, 1)


def test_20_refused_at_once(client, http):
    file = upload(client, chat_lines(1)).id
    kind = "invalid_request_error"
    error_of(create(http, input_file_id=file, endpoint="/v1/foo"), 400, kind, "invalid_value", "endpoint")
    error_of(create(http, input_file_id=file, completion_window="1h"), 400, kind, "invalid_value", "completion_window")
    error_of(create(http, input_file_id=file, metadata={"k": []}), 400, kind, "invalid_type", "metadata.k")
    error_of(http.post("batches", json={"endpoint": CHAT, "completion_window": "24h"}),
             400, kind, "missing_required_parameter", "input_file_id")


def test_21_one_prompt_too_long(client, gateway):
    lines = chat_lines(10, "length", max_tokens=4)
    lines[6] = chat_line("length-6", "long " * 5_000)
    batch = ended(client, submit(client, lines).id)
    assert batch.status == "completed"
    assert counts(batch) == (10, 9, 1)
    output, errors = rows(client, batch.output_file_id), rows(client, batch.error_file_id)
    assert len(output) == 9
    assert all(row["response"]["status_code"] == 200 and row["error"] is None for row in output)
    assert all(row["response"]["body"]["object"] == "chat.completion" for row in output)
    assert [row["custom_id"] for row in errors] == ["length-6"]
    assert errors[0]["error"] is None
    assert errors[0]["response"]["status_code"] == 400
    assert errors[0]["response"]["body"]["error"]["code"] == "context_length_exceeded"
    assert len({row["id"] for row in output + errors}) == 10
    times = [batch.created_at, batch.in_progress_at, batch.finalizing_at, batch.completed_at]
    assert times == sorted(times)
    usages = [row["response"]["body"]["usage"] for row in output]
    assert batch.usage.input_tokens == sum(usage["prompt_tokens"] for usage in usages)
    assert batch.usage.output_tokens == sum(usage["completion_tokens"] for usage in usages)
    check_books(gateway.data, client, batch)
    files = [client.files.retrieve(batch.output_file_id), client.files.retrieve(batch.error_file_id)]
    for file in files:
        assert file.purpose == "batch_output"
        assert len(client.files.content(file.id).content) == file.bytes


def test_22_every_line_fails(client, gateway):
    batch = ended(client, submit(client, [chat_line(f"bad-{n}", "long " * 5_000) for n in range(3)]).id)
    assert batch.status == "completed"
    assert counts(batch) == (3, 0, 3)
    assert batch.output_file_id is None
    assert len(rows(client, batch.error_file_id)) == 3
    assert Books(gateway.data).charges(batch.id) == []


def test_23_cancel(start_engine, start_gateway):
    engine = start_engine(slots=4, latency=50, output_tokens_max=8)
    gateway = start_gateway(engine, config="batch: {concurrency: 4}\n")
    with gateway.sdk() as client:
        lines = chat_lines(400, "cancel")
        batch = submit(client, lines)
        progressed(client, batch.id, 8)
        asked = client.batches.cancel(batch.id)
        assert asked.status in ("cancelling", "cancelled")
        assert asked.cancelling_at >= asked.created_at
        done = ended(client, batch.id)
        assert done.status == "cancelled"
        assert done.cancelled_at >= done.cancelling_at
        again = client.batches.cancel(batch.id)
        assert (again.status, again.output_file_id) == ("cancelled", done.output_file_id)
        output, errors = rows(client, done.output_file_id), rows(client, done.error_file_id)
        assert len(output) >= 8
        assert len(output) == done.request_counts.completed
        assert sorted(row["custom_id"] for row in output + errors) == sorted(line["custom_id"] for line in lines)
        assert all(row["error"]["code"] == "batch_cancelled" and row["response"] is None for row in errors)
        check_books(gateway.data, client, done)
        started = engine.execution_log(limit=0)["started"]
        assert started < 400, "lines were dispatched after the cancel"
        wait_until(lambda: engine.running() == 0, 1, "slots free after the cancel")
        completed = ended(client, submit(client, chat_lines(1, "whole")).id)
        with gateway.http() as http:
            answer = http.post(f"batches/{completed.id}/cancel")
            assert "completed" in error_of(answer, 409, "invalid_request_error", None, None)["message"]
            assert answer.headers["x-should-retry"] == "false", "SDKs try a 409 again"


def test_23_cancel_at_once(client):
    lines = chat_lines(300, "at-once")
    batch = submit(client, lines)
    assert client.batches.cancel(batch.id).status in ("cancelling", "cancelled", "finalizing")
    done = ended(client, batch.id)
    assert done.status == "cancelled"
    all_rows = rows(client, done.output_file_id) + rows(client, done.error_file_id)
    assert len({row["custom_id"] for row in all_rows}) == len(all_rows)
    assert len(all_rows) in (0, 300), "either it never was read, or every line has its row"


@pytest.mark.slow
def test_24_a_batch_past_its_window(expiring):
    """The window of one minute passed while other tests ran."""
    gateway, batch_id, lines = expiring
    with gateway.sdk() as client:
        batch = ended(client, batch_id, 90)
        assert batch.status == "expired"
        assert batch.expires_at == batch.created_at + 60
        assert batch.expired_at >= batch.expires_at
        assert batch.expired_at <= batch.expires_at + 5
        output, errors = rows(client, batch.output_file_id), rows(client, batch.error_file_id)
        assert 0 < len(output) < len(lines)
        assert sorted(row["custom_id"] for row in output + errors) == sorted(line["custom_id"] for line in lines)
        assert all(row["error"]["code"] == "batch_expired" and row["response"] is None for row in errors)
        assert batch.request_counts.completed == len(output)
        check_books(gateway.data, client, batch)
        with gateway.http() as http:
            error_of(http.post(f"batches/{batch.id}/cancel"), 409, "invalid_request_error", None, None)


def test_lines_are_forwarded_as_they_came(client, gateway):
    odd = [
        chat_line('quote " and \\ back', "a"), chat_line("späße/ 数 🎉", "b"), chat_line("x" * 300, "c"),
        chat_line(" ", "d")]
    content = jsonl(odd).replace(b"\n", b"\r\n").rstrip() + b"\n\n\n"
    file = client.files.create(file=("odd.jsonl", content), purpose="batch")
    batch = ended(client, client.batches.create(
        input_file_id=file.id, endpoint=CHAT, completion_window="24h").id)
    assert batch.status == "completed", batch.errors
    assert sorted(row["custom_id"] for row in rows(client, batch.output_file_id)) == sorted(
        each["custom_id"] for each in odd)
    check_books(gateway.data, client, batch)


def test_input_deleted_while_the_batch_runs(start_engine, start_gateway):
    gateway = start_gateway(start_engine(slots=2, latency=30, output_tokens_max=4), config="batch: {concurrency: 2}\n")
    with gateway.sdk() as client:
        file = upload(client, chat_lines(60, "kept"))
        batch = client.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")
        progressed(client, batch.id, 2)
        client.files.delete(file.id)
        done = ended(client, batch.id)
        assert (done.status, counts(done)) == ("completed", (60, 60, 0))


def test_embeddings_and_completions_in_batches(client, gateway):
    for endpoint, body in [
        ("/v1/embeddings", {"model": "simulated", "input": "some text"}),
        ("/v1/completions", {"model": "simulated", "prompt": "some text", "max_tokens": 3}),
    ]:
        lines = [{"custom_id": f"e{n}", "method": "POST", "url": endpoint, "body": body} for n in range(5)]
        batch = ended(client, submit(client, lines, endpoint=endpoint).id)
        assert (batch.status, counts(batch)) == ("completed", (5, 5, 0))
        check_books(gateway.data, client, batch)


def test_embeddings_of_a_batch_are_encoded_as_its_lines_ask(client):
    body = {"model": "simulated", "input": "some text", "encoding_format": "base64"}
    lines = [{"custom_id": wish, "method": "POST", "url": "/v1/embeddings", "body": {**body, "encoding_format": wish}}
             for wish in ("float", "base64")]
    batch = ended(client, submit(client, lines, endpoint="/v1/embeddings").id)
    vectors = {row["custom_id"]: row["response"]["body"]["data"][0]["embedding"]
               for row in rows(client, batch.output_file_id)}
    told = struct.unpack(f"<{len(vectors['float'])}f", base64.b64decode(vectors["base64"]))
    assert list(told) == pytest.approx(vectors["float"])


def test_batches_are_listed_newest_first(client):
    made = [submit(client, chat_lines(1, f"list-{number}")).id for number in range(3)]
    listed = [batch.id for batch in client.batches.list(limit=2)]
    assert [each for each in listed if each in made] == made[::-1]
    assert len(listed) == len(set(listed))
    for each in made:
        ended(client, each)


def test_a_batch_that_failed_is_forgotten_by_the_runner(start_engine, start_gateway):
    gateway = start_gateway(start_engine())
    with gateway.sdk() as client:
        ended(client, submit(client, ['{"custom_id":"a","method":"POST","url":"/v1/foo","body":{}}']).id)
        ended(client, submit(client, chat_lines(1)).id)
    wait_until(lambda: gateway.metrics().total("ebb_batches_running") == 0, 2, "no batch counted as running")
