"""The asynchronous client of the official Python SDK, unchanged, against the gateway."""
import asyncio
import json

import openai
import pytest

from harness.batches import chat_line, chat_lines, jsonl
from harness.scripted_engine import ScriptedEngine
from test_sdk import ASK, GATEWAY_TRIES


def test_answers_streams_files_and_batches(gateway):
    async def work():
        async with gateway.async_sdk() as sdk:
            answers = await asyncio.gather(*(sdk.chat.completions.create(**ASK) for _ in range(8)))
            assert len({answer.choices[0].message.content for answer in answers}) == 1
            stream = await sdk.chat.completions.create(**ASK, stream=True)
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
            assert "".join(pieces) == answers[0].choices[0].message.content
            file = await sdk.files.create(file=("a.jsonl", jsonl([chat_line("a", "async")])), purpose="batch")
            batch = await sdk.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
            async with asyncio.timeout(30):
                while (batch := await sdk.batches.retrieve(batch.id)).status != "completed":
                    await asyncio.sleep(0.02)
            content = await sdk.files.content(batch.output_file_id)
            assert json.loads(content.text)["custom_id"] == "a"
            assert [each.id async for each in sdk.files.list(limit=1)][0]
            with pytest.raises(openai.NotFoundError):
                await sdk.files.retrieve("file-nowhere")
    asyncio.run(work())


def test_a_batch_is_cancelled(start_engine, start_gateway):
    gateway = start_gateway(start_engine(slots=2, latency=100), config="batch: {concurrency: 2}\n")

    async def work():
        async with gateway.async_sdk() as sdk:
            file = await sdk.files.create(file=("c.jsonl", jsonl(chat_lines(200, "gone"))), purpose="batch")
            batch = await sdk.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
            assert (await sdk.batches.cancel(batch.id)).status in ("cancelling", "cancelled")
            async with asyncio.timeout(30):
                while (batch := await sdk.batches.retrieve(batch.id)).status != "cancelled":
                    await asyncio.sleep(0.02)
            assert batch.request_counts.completed < 200
            assert batch.id in [each.id async for each in sdk.batches.list(limit=1)]
            with pytest.raises(openai.NotFoundError):
                await sdk.batches.cancel("batch_nowhere")
    asyncio.run(work())


def test_error_classes(gateway):
    async def work():
        async with gateway.async_sdk() as sdk, gateway.async_sdk(key="sk-wrong") as stranger:
            with pytest.raises(openai.NotFoundError) as missing:
                await sdk.batches.retrieve("batch_nowhere")
            assert missing.value.request_id
            with pytest.raises(openai.BadRequestError):
                await sdk.chat.completions.create(model="simulated", messages=[])
            with pytest.raises(openai.AuthenticationError) as refused:
                await stranger.models.list()
            assert refused.value.code == "invalid_api_key"
    asyncio.run(work())


def test_retries(start_gateway):
    fault = {"error": {"message": "broken for now", "type": "server_error", "param": None, "code": None}}
    with ScriptedEngine() as engine:
        gateway = start_gateway(engine)
        engine.then(500, fault, times=GATEWAY_TRIES)

        async def work():
            async with gateway.async_sdk(max_retries=2) as sdk:
                raw = await sdk.chat.completions.with_raw_response.create(
                    model="scripted", messages=[{"role": "user", "content": "try"}])
                assert raw.retries_taken == 1
        asyncio.run(work())
        assert len(engine.sent("/v1/chat/completions")) == GATEWAY_TRIES + 1
