"""Numbered conformance checks 1 to 10 and 14: models, errors, chat, streams, embeddings."""
import base64
import json
import struct

import pytest

from harness.scripted_engine import ScriptedEngine
from harness.sse import events

CHAT = {"model": "simulated", "messages": [{"role": "user", "content": "check"}], "max_tokens": 6}
FINISH_REASONS = {"stop", "length", "tool_calls", "content_filter", "function_call"}


def error_of(answer, status, kind, code, param=...):
    """Checks the error envelope; `...` leaves a field open."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert set(body) == {"error"}
    error = body["error"]
    assert {"message", "type", "param", "code"} <= set(error)
    assert isinstance(error["message"], str) and error["message"]
    assert error["type"] == kind
    assert error["code"] == code
    if param is not ...:
        assert error["param"] == param
    return error


def test_01_models(http):
    answer = http.get("models")
    assert answer.status_code == 200
    assert answer.headers["x-request-id"]
    body = answer.json()
    assert body["object"] == "list"
    assert [model["id"] for model in body["data"]] == ["simulated"]
    for model in body["data"]:
        assert model["object"] == "model"
        assert type(model["created"]) is int
        assert isinstance(model["owned_by"], str)


def test_02_wrong_and_missing_key(gateway):
    with gateway.http(key="sk-wrong") as stranger:
        error_of(stranger.get("models"), 401, "invalid_request_error", "invalid_api_key", None)
        # The same gate stands before every path, on both ways through the server.
        error_of(stranger.post("chat/completions", json=CHAT), 401, "invalid_request_error", "invalid_api_key", None)
        error_of(stranger.get("files"), 401, "invalid_request_error", "invalid_api_key", None)
    with gateway.http(key=None) as nobody:
        error_of(nobody.get("models"), 401, "invalid_request_error", None, None)
        error_of(nobody.post("chat/completions", json=CHAT), 401, "invalid_request_error", None, None)


def test_03_missing_messages(http):
    answer = http.post("chat/completions", json={"model": "simulated"})
    error_of(answer, 400, "invalid_request_error", "missing_required_parameter", "messages")


def test_04_unknown_model(http):
    answer = http.post("chat/completions", json={**CHAT, "model": "nobody-serves-this"})
    error = error_of(answer, 404, "invalid_request_error", "model_not_found")
    assert "nobody-serves-this" in error["message"]


def test_05_minimal_chat(http):
    answer = http.post("chat/completions", json=CHAT)
    assert answer.status_code == 200
    assert answer.headers["x-request-id"].startswith("req_")
    body = answer.json()
    assert body["object"] == "chat.completion"
    choice = body["choices"][0]
    assert choice["finish_reason"] in FINISH_REASONS
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["refusal"] is None
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["completion_tokens"] == 6
    assert body["service_tier"] == "default"


@pytest.mark.parametrize("tier", ["auto", "default", None])
def test_05_tiers_that_mean_standard(http, tier):
    answer = http.post("chat/completions", json={**CHAT, "service_tier": tier})
    assert answer.status_code == 200
    assert answer.json()["service_tier"] == "default"


def test_06_stream_without_usage(http):
    with http.stream("POST", "chat/completions", json={**CHAT, "stream": True}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        data = events(answer.iter_raw())
    assert data[-1] == "[DONE]"
    chunks = [json.loads(text) for text in data[:-1]]
    assert all(chunk.get("usage") is None for chunk in chunks)
    assert all(chunk["choices"] for chunk in chunks)
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert chunks[-1]["choices"][0]["finish_reason"] in FINISH_REASONS
    assert len({(chunk["id"], chunk["created"]) for chunk in chunks}) == 1
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}


def test_07_stream_with_usage(http):
    body = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
    with http.stream("POST", "chat/completions", json=body) as answer:
        data = events(answer.iter_raw())
    assert data[-1] == "[DONE]"
    chunks = [json.loads(text) for text in data[:-1]]
    with_usage = [index for index, chunk in enumerate(chunks) if chunk.get("usage")]
    assert with_usage == [len(chunks) - 1]
    assert chunks[-1]["choices"] == []
    usage = chunks[-1]["usage"]
    assert usage["completion_tokens"] == 6
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("tier", ["bogus", "ultrafast", "batch", "24h"])
def test_10_tiers_that_are_not_offered(http, engine, tier, stream):
    body = {**CHAT, "service_tier": tier, "stream": stream, "user": f"refused-{tier}-{stream}"}
    error_of(http.post("chat/completions", json=body), 400, "invalid_request_error", None, "service_tier")
    assert engine.execution_log(line=body["user"])["lines"] == [], "a refused request reached the engine"


def test_14_embeddings_are_base64_where_the_engine_gives_floats(start_gateway):
    # Node's SDK asks for base64 when the caller names no format, and decodes the answer blindly.
    vector = [0.5, -0.25, 1.5, 3.0e-5] * 16
    with ScriptedEngine(model="embedder") as floats:
        floats.embed(vector)
        gateway = start_gateway(floats)
        with gateway.http() as http:
            body = {"model": "embedder", "input": ["one", "two"]}
            encoded = http.post("embeddings", json={**body, "encoding_format": "base64"}).json()
            plain = http.post("embeddings", json=body).json()
    assert [item["index"] for item in encoded["data"]] == [0, 1]
    for item in encoded["data"]:
        raw = base64.b64decode(item["embedding"], validate=True)  # Buffer.from(text, 'base64')
        assert len(raw) == 4 * len(vector)
        decoded = struct.unpack(f"<{len(vector)}f", raw)  # new Float32Array(buffer)
        assert decoded == pytest.approx(vector, rel=1e-6)
    assert plain["data"][0]["embedding"] == pytest.approx(vector)
    assert encoded["usage"]["total_tokens"] == plain["usage"]["total_tokens"] > 0


def test_unparsable_body(http):
    answer = http.post(
        "chat/completions", content=b'{"model": "simulated", ', headers={"content-type": "application/json"})
    error_of(answer, 400, "invalid_request_error", None, None)


def test_unknown_paths_and_methods(http):
    error_of(http.post("nothing-here", json={}), 404, "invalid_request_error", None)
    answer = http.get("chat/completions")
    assert answer.status_code in (404, 405)
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_every_answer_has_its_own_request_id(http):
    ids = [http.post("chat/completions", json=CHAT).headers["x-request-id"] for _ in range(3)]
    ids.append(http.post("chat/completions", json={}).headers["x-request-id"])
    ids.append(http.get("files").headers["x-request-id"])
    assert len(set(ids)) == 5
