"""A real engine: llama.cpp with a tiny random model behind the gateway."""
import json
import random
import subprocess

import httpx2 as httpx
import openai
import pytest

from harness.batches import chat_line, ended, rows, submit
from harness.gateway import open_request
from harness.ledger import Books
from harness.llama_engine import SLOTS
from harness.program import binary
from harness.sse import events
from harness.waiting import wait_until

pytestmark = pytest.mark.real_engine


@pytest.fixture
def model(llama_gateway):
    with llama_gateway.sdk() as client:
        return client.models.list().data[0].id


@pytest.fixture
def client(llama_gateway):
    with llama_gateway.sdk() as sdk:
        yield sdk


def ask(model, text="hello", **options):
    return {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 12, **options}


def test_the_model_is_known_by_its_own_name(client, model):
    assert client.models.retrieve(model).id == model


def test_the_same_answer_folded_and_streamed(client, model):
    fixed = {"temperature": 0, "seed": 1}
    whole = client.chat.completions.create(**ask(model, **fixed))
    assert whole.object == "chat.completion"
    assert whole.choices[0].message.role == "assistant"
    assert whole.choices[0].finish_reason in ("stop", "length")
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    assert whole.usage.prompt_tokens > 5
    chunks = list(client.chat.completions.create(
        **ask(model, **fixed), stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens


def test_the_engine_agrees_with_itself_without_the_gateway(client, llama, model):
    body = ask(model, "the same", temperature=0, seed=1, cache_prompt=False)
    direct = httpx.post(llama.url + "/chat/completions", json=body, timeout=30).json()
    through = client.chat.completions.create(
        **{key: value for key, value in body.items() if key != "cache_prompt"}, extra_body={"cache_prompt": False})
    assert through.choices[0].message.content == direct["choices"][0]["message"]["content"]
    assert through.usage.prompt_tokens == direct["usage"]["prompt_tokens"]
    assert through.usage.completion_tokens == direct["usage"]["completion_tokens"]


def test_a_stream_without_usage_has_none(llama_gateway, model):
    with llama_gateway.http() as http:
        with http.stream("POST", "chat/completions", json=ask(model, stream=True)) as answer:
            data = events(answer.iter_raw())
    assert data[-1] == "[DONE]"
    chunks = [json.loads(text) for text in data[:-1]]
    assert all(chunk["choices"] and chunk.get("usage") is None for chunk in chunks)
    charge = Books(llama_gateway.data).charges()[-1]
    assert charge["output"] > 0 and not charge["is_estimated"], "usage was asked of the engine all the same"


def test_completions(client, model):
    answer = client.completions.create(model=model, prompt="once upon a time", max_tokens=7, temperature=0)
    assert answer.object == "text_completion"
    assert answer.usage.completion_tokens <= 7
    chunks = list(client.completions.create(
        model=model, prompt="once upon a time", max_tokens=7, temperature=0, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == answer.choices[0].text


def is_too_long(error, direct):
    """OpenAI's words for it, and the engine's sentence."""
    return (error["code"], error["type"]) == ("context_length_exceeded", "invalid_request_error") and (
        error["message"] == direct["message"])


@pytest.mark.parametrize("stream", [False, True])
def test_too_long_a_prompt(client, llama, model, stream):
    body = ask(model, "long " * 3000, stream=stream)
    direct = httpx.post(llama.url + "/chat/completions", json=body, timeout=30).json()["error"]
    assert (direct["code"], direct["type"]) == (400, "exceed_context_size_error"), "a number is no code for SDKs"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**body)
    assert caught.value.code == "context_length_exceeded"
    assert is_too_long(caught.value.body, direct)
    wait_until(lambda: llama.processing() == 0, 1, "slots free after a refusal")


def test_too_long_a_prompt_of_the_other_endpoints_and_of_a_line(client, llama, llama_gateway, model):
    text = "long " * 3000
    direct = httpx.post(
        llama.url + "/completions", json={"model": model, "prompt": text, "max_tokens": 2}, timeout=30).json()["error"]
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model=model, prompt=text, max_tokens=2)
    assert is_too_long(caught.value.body, direct)
    lines = [chat_line("long", text, model=model, max_tokens=2), chat_line("short", "hi", model=model, max_tokens=2)]
    batch = ended(client, submit(client, lines).id)
    assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == ("completed", 1, 1)
    row = rows(client, batch.error_file_id)[0]
    assert (row["custom_id"], row["error"], row["response"]["status_code"]) == ("long", None, 400)
    direct = httpx.post(llama.url + "/chat/completions", json=lines[0]["body"], timeout=30).json()["error"]
    assert is_too_long(row["response"]["body"]["error"], direct)
    assert len(Books(llama_gateway.data).charges(batch.id)) == 1


def test_fields_of_the_engine_pass_through(client, llama_gateway, model):
    answer = client.chat.completions.create(
        **ask(model, logprobs=True, top_logprobs=2), extra_body={"top_k": 1, "min_p": 0.0})
    assert answer.choices[0].logprobs.content
    again = client.chat.completions.create(**ask(model, temperature=1.5), extra_body={"top_k": 1})
    third = client.chat.completions.create(**ask(model, temperature=1.5), extra_body={"top_k": 1})
    assert again.choices[0].message.content == third.choices[0].message.content, "top_k=1 leaves no choice"
    grammar = 'root ::= "yes" | "no"'
    forced = client.chat.completions.create(**ask(model), extra_body={"grammar": grammar})
    assert forced.choices[0].message.content in ("yes", "no")


def test_tools_reach_the_engine(client, llama, model):
    tool = {"type": "function", "function": {
        "name": "look", "parameters": {"type": "object", "properties": {"n": {"enum": [1]}}, "required": ["n"]}}}
    body = ask(model, max_tokens=60, tools=[tool], tool_choice="required", temperature=0, seed=1)
    direct = httpx.post(llama.url + "/chat/completions", json={**body, "cache_prompt": False}, timeout=60)
    assert direct.status_code == 200, direct.text
    expected = direct.json()["choices"][0]
    choice = client.chat.completions.create(**body, extra_body={"cache_prompt": False}).choices[0]
    # What a random model makes of a tool is noise; it has to be the same noise, parsed by the engine in the same way.
    assert choice.finish_reason == expected["finish_reason"]
    assert (choice.message.content or "") == (expected["message"].get("content") or "")
    made = [(call.function.name, call.function.arguments) for call in choice.message.tool_calls or []]
    assert made == [(call["function"]["name"], call["function"]["arguments"])
                    for call in expected["message"].get("tool_calls", [])]


def test_the_second_turn_is_cached(client, model):
    text = "a long beginning that both requests share, " * 20
    first = client.chat.completions.create(**ask(model, text + "first"))
    second = client.chat.completions.create(**ask(model, text + "second"))
    cached = second.usage.prompt_tokens_details.cached_tokens
    assert 0 < cached < second.usage.prompt_tokens
    assert second.usage.prompt_tokens >= first.usage.prompt_tokens


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_frees_the_slot(llama_gateway, llama, model, stream):
    body = ask(model, "go on", max_tokens=4000, ignore_eos=True, stream=stream)
    with open_request(llama_gateway, "/v1/chat/completions", body) as connection:
        if stream:
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        wait_until(lambda: llama.processing() == 1, 10, "the request in a slot", every=0.005)
        # The first token must be out: during the prefill llama.cpp does not notice.
        generated = generated_tokens(llama)
        wait_until(lambda: generated_tokens(llama) > generated, 10, "decoding", every=0.005)
    wait_until(lambda: llama.processing() == 0, 0.2, "slot free after the client went", every=0.005)


def generated_tokens(llama):
    slots = httpx.get(llama.root + "/slots", timeout=10).json()
    return sum(token["n_decoded"] for slot in slots for token in slot.get("next_token", []))


def test_a_batch_with_shared_prefixes(client, llama_gateway, llama, model):
    beginnings = [f"group {group}: " + "the same long words again and again " * 12 for group in range(4)]
    lines = [
        chat_line(f"shared-{number}", beginnings[number % 4] + f"question {number}", model=model, max_tokens=6)
        for number in range(40)]
    batch = ended(client, submit(client, lines).id, 120)
    assert (batch.status, batch.request_counts.completed) == ("completed", 40), batch
    output = rows(client, batch.output_file_id)
    assert len({row["custom_id"] for row in output}) == 40
    charges = Books(llama_gateway.data).charges(batch.id)
    assert len(charges) == 40
    assert batch.usage.input_tokens == sum(charge["input"] for charge in charges)
    assert batch.usage.output_tokens == sum(charge["output"] for charge in charges)
    cached = batch.usage.input_tokens_details.cached_tokens
    assert cached == sum(charge["cached_input"] for charge in charges)
    # Four groups in prefix order: most of each prompt but the first of its group is found.
    assert cached > 0.4 * batch.usage.input_tokens
    assert llama.processing() == 0


def cached_share(gateway, lines):
    with gateway.sdk() as client:
        batch = ended(client, submit(client, lines).id, 120)
    assert (batch.status, batch.request_counts.completed) == ("completed", len(lines)), batch
    return batch.usage.input_tokens_details.cached_tokens / batch.usage.input_tokens


@pytest.mark.slow
@pytest.mark.parametrize("prefix_bytes, gain_min", [(400, -0.02), (1400, 0.02)])
def test_prefix_order_against_the_order_of_the_file(start_gateway, llama, model, prefix_bytes, gain_min):
    """Three times as many beginnings as slots, shuffled: short ones must not lose by the order, long ones gain."""
    groups, count = 3 * SLOTS, 60
    words = "red green blue many fast slow warm cold bright dark open closed early late".split()
    share = {}
    for order in ("input", "prefix"):
        source = random.Random(1)
        # The order's name keeps the second run from finding what the first has left in the engine.
        beginnings = [
            f"{order} {group} " + " ".join(source.choices(words, k=prefix_bytes))[:prefix_bytes]
            for group in range(groups)]
        lines = [
            chat_line(f"line-{number}", f"{beginnings[number % groups]} question {number}", model=model, max_tokens=4)
            for number in range(count)]
        source.shuffle(lines)
        gateway = start_gateway(llama, data=order, config=f"batch: {{order: {order}}}\n")
        share[order] = cached_share(gateway, lines)
        gateway.stop()
    assert share["prefix"] >= share["input"] + gain_min, share


def test_engines_check(llama, engine):
    nobody = "http://127.0.0.1:1/v1"
    words = [binary(), "engines", "check", "--json"]
    checked = subprocess.run(
        [*words, "--engine", llama.url, "--engine", engine.url, "--engine", nobody], capture_output=True, text=True,
        timeout=60)
    assert checked.returncode == 0, checked.stderr
    real, simulated, missing = [json.loads(line) for line in checked.stdout.splitlines()]
    assert (real["kind"], real["slots"], real["streams"]) == ("llamacpp", SLOTS, True)
    assert real["models"] and "tokenize" in real["tokenizer"] and real["metrics"]
    assert (simulated["kind"], simulated["models"], simulated["streams"]) == ("simulated", ["simulated"], True)
    assert not missing["reachable"] and missing["problem"]
    alone = subprocess.run([*words, "--engine", nobody], capture_output=True, text=True, timeout=60)
    assert alone.returncode == 5
