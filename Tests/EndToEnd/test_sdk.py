"""The official Python SDK, unchanged, against the gateway."""
import asyncio
import hashlib
import io
import json

import openai
import pytest

from harness.batches import chat_lines, ended, jsonl, rows, submit, upload
from harness.gateway import open_request
from harness.ledger import Books
from harness.projects import add_project, knows
from harness.scripted_engine import ScriptedEngine
from harness.waiting import wait_until

PRICES = "prices: {models: {simulated: {default: {input: 1, output: 3}}}}\n"
GATEWAY_TRIES = 3
ASK = {"model": "simulated", "messages": [{"role": "user", "content": "a question"}], "max_tokens": 8}


def test_chat(client):
    answer = client.chat.completions.create(**ASK)
    assert answer.choices[0].message.content.startswith("simulated")
    assert answer.usage.completion_tokens == 8
    assert answer.service_tier == "default"
    assert answer._request_id.startswith("req_")


@pytest.mark.parametrize("include_usage", [False, True])
def test_stream(client, include_usage):
    options = {"stream_options": {"include_usage": True}} if include_usage else {}
    whole = client.chat.completions.create(**ASK).choices[0].message.content
    chunks = list(client.chat.completions.create(**ASK, stream=True, **options))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    assert [usage.completion_tokens for usage in usages] == ([8] if include_usage else [])


def test_stream_helper(client):
    # Without a limit: the helper treats an answer that was cut by one as an error.
    with client.chat.completions.stream(model=ASK["model"], messages=ASK["messages"]) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert final.choices[0].message.content.startswith("simulated")
    assert final.choices[0].finish_reason == "stop"
    assert {"chunk", "content.delta", "content.done"} <= kinds


def test_completions(client):
    answer = client.completions.create(model="simulated", prompt="once upon", max_tokens=5)
    assert answer.object == "text_completion"
    assert answer.usage.completion_tokens == 5
    chunks = list(client.completions.create(model="simulated", prompt="once upon", max_tokens=5, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == answer.choices[0].text


def test_several_choices(client):
    answer = client.chat.completions.create(**ASK, n=3)
    assert sorted(choice.index for choice in answer.choices) == [0, 1, 2]
    assert answer.usage.completion_tokens == 24


def test_tool_call(client):
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    answer = client.chat.completions.create(**ASK, tools=[tool], tool_choice="required")
    assert answer.choices[0].finish_reason == "tool_calls"
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "look"
    assert json.loads(call.function.arguments) == {"simulated": True}


def test_models(client):
    assert [model.id for model in client.models.list()] == ["simulated"]
    assert client.models.retrieve("simulated").id == "simulated"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("vendor/another:1b")
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("encoding", [None, "float", "base64"])
def test_embeddings(client, encoding):
    options = {"encoding_format": encoding} if encoding else {}
    answer = client.embeddings.create(model="simulated", input=["one", "two"], **options)
    assert len(answer.data) == 2
    if encoding == "base64":
        assert isinstance(answer.data[0].embedding, str)
    else:
        assert len(answer.data[0].embedding) == 64
        assert any(answer.data[0].embedding)
    assert answer.usage.total_tokens > 0


def test_batch_from_upload_to_download(client):
    lines = chat_lines(12, "sdk", max_tokens=4)
    batch = submit(client, lines, metadata={"purpose": "nightly"})
    assert batch.status in ("validating", "in_progress")
    done = ended(client, batch.id)
    assert done.status == "completed"
    assert (done.request_counts.total, done.request_counts.completed, done.request_counts.failed) == (12, 12, 0)
    assert done.metadata == {"purpose": "nightly"}
    assert done.error_file_id is None
    output = rows(client, done.output_file_id)
    assert [row["custom_id"] for row in output] == [line["custom_id"] for line in lines]
    assert all(row["error"] is None and row["response"]["status_code"] == 200 for row in output)
    usages = [row["response"]["body"]["usage"] for row in output]
    assert done.usage.input_tokens == sum(usage["prompt_tokens"] for usage in usages)
    assert done.usage.output_tokens == sum(usage["completion_tokens"] for usage in usages) == 48
    assert done.id in [each.id for each in client.batches.list(limit=100)]


def test_files_life(client):
    content = jsonl(chat_lines(3))
    file = upload(client, content, "three.jsonl")
    assert (file.bytes, file.filename, file.purpose, file.status) == (len(content), "three.jsonl", "batch", "processed")
    assert client.files.wait_for_processing(file.id).id == file.id
    assert client.files.retrieve(file.id).filename == "three.jsonl"
    assert client.files.content(file.id).content == content
    with client.files.with_streaming_response.content(file.id) as streamed:
        assert b"".join(streamed.iter_bytes()) == content
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)
    with pytest.raises(openai.NotFoundError):
        client.files.content(file.id)


def test_paging(client):
    created = [upload(client, chat_lines(1, f"page-{number}")).id for number in range(5)]
    paged = [file.id for file in client.files.list(purpose="batch", limit=2)]
    assert len(paged) == len(set(paged))
    assert [each for each in paged if each in created] == created[::-1], "newest first is the default"
    rising = [file.id for file in client.files.list(purpose="batch", limit=2, order="asc") if file.id in created]
    assert rising == created


def test_user_data_is_kept_but_not_given_back(client):
    file = client.files.create(file=("notes.txt", io.BytesIO(b"hello")), purpose="user_data")
    with pytest.raises(openai.BadRequestError):
        client.files.content(file.id)
    client.files.delete(file.id)


def test_uploads_in_parts(client):
    content = jsonl(chat_lines(40, "part"))
    half = len(content) // 2 + 7
    started = client.uploads.create(
        filename="parts.jsonl", purpose="batch", bytes=len(content), mime_type="application/jsonl")
    assert (started.status, started.expires_at - started.created_at) == ("pending", 3600)
    # Parts arrive in another order than they are named in the end.
    second = client.uploads.parts.create(started.id, data=content[half:])
    first = client.uploads.parts.create(started.id, data=content[:half])
    finished = client.uploads.complete(started.id, part_ids=[first.id, second.id])
    assert finished.status == "completed"
    assert client.files.content(finished.file.id).content == content
    assert ended(client, client.batches.create(
        input_file_id=finished.file.id, endpoint="/v1/chat/completions", completion_window="24h").id
    ).request_counts.completed == 40


def test_uploads_chunked_helper(client):
    content = jsonl(chat_lines(400, "chunk"))
    finished = client.uploads.upload_file_chunked(
        file=content, filename="chunked.jsonl", bytes=len(content), mime_type="application/jsonl", purpose="batch",
        part_size=10_000)
    assert finished.status == "completed"
    assert client.files.content(finished.file.id).content == content


def test_uploads_with_a_checksum(client):
    content = jsonl(chat_lines(20, "sum"))
    started = client.uploads.create(
        filename="sum.jsonl", purpose="batch", bytes=len(content), mime_type="application/jsonl")
    parts = [client.uploads.parts.create(started.id, data=piece).id for piece in (content[:100], content[100:])]
    with pytest.raises(openai.BadRequestError) as wrong:
        client.uploads.complete(started.id, part_ids=parts, md5=hashlib.md5(content[100:]).hexdigest())
    assert wrong.value.param == "md5"
    finished = client.uploads.complete(started.id, part_ids=parts, md5=hashlib.md5(content).hexdigest())
    assert finished.status == "completed"
    assert client.files.content(finished.file.id).content == content


def test_uploads_that_do_not_add_up(client):
    started = client.uploads.create(
        filename="short.jsonl", purpose="batch", bytes=100, mime_type="application/jsonl")
    part = client.uploads.parts.create(started.id, data=b"{}\n")
    with pytest.raises(openai.BadRequestError):
        client.uploads.complete(started.id, part_ids=[part.id])
    assert client.uploads.cancel(started.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError):
        client.uploads.parts.create(started.id, data=b"{}\n")


def test_error_classes(client, gateway):
    with pytest.raises(openai.NotFoundError) as missing:
        client.batches.retrieve("batch_nowhere")
    assert missing.value.request_id
    with pytest.raises(openai.BadRequestError) as bad:
        client.chat.completions.create(model="simulated", messages=[], service_tier="flex")
    assert bad.value.param in ("messages", "service_tier")
    with gateway.sdk(key="sk-wrong") as stranger, pytest.raises(openai.AuthenticationError) as refused:
        stranger.models.list()
    assert refused.value.code == "invalid_api_key"
    done = ended(client, submit(client, chat_lines(1, "conflict")).id)
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(done.id)
    with pytest.raises(openai.NotFoundError):
        client.batches.cancel("batch_nowhere")


def test_context_length_passes_through(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="simulated", messages=[{"role": "user", "content": "x" * 40_000}])
    assert caught.value.code == "context_length_exceeded"


def test_idempotency_key(client):
    headers = {"Idempotency-Key": "the-same-file"}
    content = jsonl(chat_lines(2, "once"))
    first = client.files.create(file=("a.jsonl", content), purpose="batch", extra_headers=headers)
    again = client.files.create(file=("a.jsonl", content), purpose="batch", extra_headers=headers)
    assert again.id == first.id
    with pytest.raises(openai.APIStatusError) as other:
        client.files.create(
            file=("a.jsonl", content), purpose="batch", extra_headers=headers,
            expires_after={"anchor": "created_at", "seconds": 3_600})
    assert other.value.status_code in (400, 409, 422)
    order = {"input_file_id": first.id, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    headers = {"Idempotency-Key": "the-same-batch"}
    batch = client.batches.create(**order, extra_headers=headers)
    raw = client.batches.with_raw_response.create(**order, extra_headers=headers)
    assert raw.parse().id == batch.id
    assert raw.headers["idempotent-replayed"] == "true"
    with pytest.raises(openai.APIStatusError) as other:
        client.batches.create(**order, metadata={"not": "the same"}, extra_headers=headers)
    assert other.value.status_code in (400, 409, 422)
    assert ended(client, batch.id).request_counts.completed == 2


def test_idempotency_key_of_an_upload(client):
    order = {"filename": "a.jsonl", "purpose": "batch", "bytes": 10, "mime_type": "application/jsonl"}
    headers = {"Idempotency-Key": "the-same-upload"}
    upload = client.uploads.create(**order, extra_headers=headers)
    raw = client.uploads.with_raw_response.create(**order, extra_headers=headers)
    assert raw.parse().id == upload.id
    assert raw.headers["idempotent-replayed"] == "true"
    with pytest.raises(openai.APIStatusError) as other:
        client.uploads.create(**{**order, "bytes": 11}, extra_headers=headers)
    assert other.value.status_code in (400, 409, 422)


def test_raw_response_headers(client):
    raw = client.chat.completions.with_raw_response.create(**ASK)
    assert raw.headers["x-request-id"].startswith("req_")
    assert int(raw.headers["openai-processing-ms"]) >= 0
    assert raw.headers["openai-version"] == "2020-10-01"
    assert "openai-organization" not in raw.headers
    assert raw.parse().choices
    listed = client.files.with_raw_response.list()
    assert listed.headers["x-request-id"].startswith("req_")
    assert listed.headers["openai-version"] == "2020-10-01"


def test_retries_of_the_sdk_reach_a_recovered_engine(start_gateway):
    fault = {"error": {"message": "broken for now", "type": "server_error", "param": None, "code": None}}
    ask = {"model": "scripted", "messages": [{"role": "user", "content": "try"}]}
    with ScriptedEngine() as engine:
        gateway = start_gateway(engine)
        # As many failures as the gateway tries by itself: the fourth call is the SDK's second request.
        engine.then(500, fault, times=GATEWAY_TRIES)
        with gateway.sdk(max_retries=2) as sdk:
            raw = sdk.chat.completions.with_raw_response.create(**ask)
        assert raw.parse().choices[0].message.content == "scripted answer"
        assert raw.retries_taken == 1
        assert len(engine.sent("/v1/chat/completions")) == GATEWAY_TRIES + 1
        assert len(Books(gateway.data).charges()) == 1


def test_a_failure_without_retries_is_an_error_with_the_time_to_wait(start_gateway):
    fault = {"error": {"message": "broken for now", "type": "server_error", "param": None, "code": None}}
    with ScriptedEngine() as engine:
        gateway = start_gateway(engine)
        engine.then(500, fault, times=GATEWAY_TRIES)
        with gateway.sdk() as sdk, pytest.raises(openai.InternalServerError) as caught:
            sdk.chat.completions.create(model="scripted", messages=[{"role": "user", "content": "try"}])
    assert int(caught.value.response.headers["retry-after"]) >= 1
    assert len(engine.sent("/v1/chat/completions")) == GATEWAY_TRIES


def test_a_spent_budget_is_a_rate_limit_error_that_the_sdk_does_not_try_again(start_engine, start_gateway):
    engine = start_engine()
    gateway = start_gateway(engine, config=PRICES)
    key = add_project(gateway.data, "poor", limit="0.000001")
    with gateway.sdk(key=key, max_retries=2) as sdk:
        wait_until(lambda: knows(gateway, key), 5, "the new key works", every=0.05)
        with pytest.raises(openai.RateLimitError) as caught:
            sdk.chat.completions.create(**ASK)
        assert caught.value.status_code == 429 and caught.value.type == "insufficient_quota"
        assert caught.value.response.headers["x-should-retry"] == "false"
        assert caught.value.request.headers["x-stainless-retry-count"] == "0", "the first request was the last"
    assert engine.execution_log()["started"] == 0


def test_an_engines_refusal_of_one_request_for_its_size_is_a_rate_limit_error(start_gateway):
    refusal = {"error": {"message": "Request too large for scripted on tokens per min (TPM): Limit 1, Requested 9.",
                         "type": "tokens", "param": None, "code": "rate_limit_exceeded"}}
    with ScriptedEngine() as engine:
        gateway = start_gateway(engine)
        engine.then(429, refusal)
        with gateway.sdk(max_retries=2) as sdk, pytest.raises(openai.RateLimitError) as caught:
            sdk.chat.completions.create(model="scripted", messages=[{"role": "user", "content": "much"}])
    assert caught.value.code == "rate_limit_exceeded"
    assert len(engine.sent("/v1/chat/completions")) == 1, "it never fits, so nobody tries again"


def test_an_engines_403_is_the_operators_and_no_permission_error(start_gateway):
    refusal = {"error": {"message": "Key sk-engine-secret may not use it.", "type": "permission_error",
                         "param": None, "code": None}}
    with ScriptedEngine() as engine:
        gateway = start_gateway(engine)
        engine.then(403, refusal, times=9)
        with gateway.sdk() as sdk, pytest.raises(openai.APIStatusError) as caught:
            sdk.chat.completions.create(model="scripted", messages=[{"role": "user", "content": "x"}])
    assert isinstance(caught.value, openai.InternalServerError), "the client's own key is good"
    assert "sk-engine-secret" not in str(caught.value)


def test_an_engine_that_stays_broken_is_an_error_and_free(start_engine, start_gateway):
    gateway = start_gateway(start_engine(fault="500=1"))
    with gateway.sdk() as sdk, pytest.raises(openai.InternalServerError) as caught:
        sdk.chat.completions.create(**ASK)
    assert caught.value.body["type"] == "server_error"
    assert Books(gateway.data).charges() == []


def test_timeout_of_the_client_frees_the_engine(start_engine, start_gateway):
    engine = start_engine(decode_rate=10)
    gateway = start_gateway(engine)
    with gateway.sdk(timeout=0.5) as sdk, pytest.raises(openai.APITimeoutError):
        sdk.chat.completions.create(**{**ASK, "max_tokens": 500, "extra_body": {"ignore_eos": True}})
    wait_until(lambda: engine.running() == 0, 1, "slot free after the client's timeout")


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_frees_the_slot(start_engine, start_gateway, stream):
    engine = start_engine(decode_rate=20)
    gateway = start_gateway(engine)
    body = {**ASK, "max_tokens": 1000, "ignore_eos": True, "stream": stream}
    with open_request(gateway, "/v1/chat/completions", body) as connection:
        if stream:
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        wait_until(lambda: engine.running() == 1, 5, "the request in a slot of the engine")
    wait_until(lambda: engine.running() == 0, 0.2, "slot free after the client went", every=0.005)
    assert engine.metrics().total("ebb_simulator_cancelled_total") == 1


@pytest.mark.parametrize("way", ["close", "cancel"])
def test_an_async_stream_that_is_given_up_frees_the_slot(start_engine, start_gateway, way):
    engine = start_engine(decode_rate=20)
    gateway = start_gateway(engine)

    async def work():
        async with gateway.async_sdk() as sdk:
            stream = await sdk.chat.completions.create(
                **{**ASK, "max_tokens": 1000}, stream=True, extra_body={"ignore_eos": True})
            assert (await anext(stream)).choices

            async def read():
                return [chunk async for chunk in stream]

            assert engine.running() == 1
            if way == "close":
                await stream.close()
            else:
                reading = asyncio.create_task(read())
                await asyncio.sleep(0)
                reading.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await reading
            wait_until(lambda: engine.running() == 0, 0.5, "slot free while the client lives on", every=0.005)
            assert (await sdk.chat.completions.create(**ASK)).choices

    asyncio.run(work())
    assert engine.metrics().total("ebb_simulator_cancelled_total") == 1
