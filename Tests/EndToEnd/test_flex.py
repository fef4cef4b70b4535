"""The flex contract with the official SDK: served, refused and not charged, or passed on where the caller wishes it."""
import asyncio
import threading
import time

import openai
import pytest

from harness.gateway import open_request
from harness.ledger import Books
from harness.waiting import wait_until

PRICES = (
    "prices: {models: {simulated: {default: {input: 1, output: 3}, flex: {input: 0.5, output: 1.5}, "
    "priority: {input: 2, output: 6}}}}\n")
ASK = {"model": "simulated", "messages": [{"role": "user", "content": "a question"}]}


@pytest.fixture
def desk(start_engine, start_gateway):
    """A gateway in front of an engine with one slot, which makes ten tokens a second."""
    engine = start_engine(slots=1, decode_rate=10)
    engines = f"engines: [{{name: one, url: '{engine.url}', kind: simulated, concurrency: 1}}]\n"
    return start_gateway(config=PRICES + engines), engine


@pytest.fixture
def occupied(desk):
    """The engine's only slot is taken by a standard request for as long as the test lasts."""
    gateway, engine = desk
    holder = open_request(gateway, "/v1/chat/completions", {**ASK, "max_tokens": 600, "stream": True, "user": "holder"})
    wait_until(lambda: engine.running() == 1, 10, "the slot is taken")
    yield desk
    holder.close()


def charge(gateway, tier):
    return [row for row in Books(gateway.data).charges() if row["served_tier"] == tier]


@pytest.mark.parametrize("stream", [False, True])
def test_flex_is_served_and_charged_as_flex(desk, stream):
    gateway, _ = desk
    with gateway.sdk() as client:
        answer = client.chat.completions.create(**ASK, max_tokens=4, service_tier="flex", stream=stream)
        if stream:
            tiers = {chunk.service_tier for chunk in answer if chunk.service_tier}
            assert tiers == {"flex"}
        else:
            assert answer.service_tier == "flex"
    [row] = charge(gateway, "flex")
    assert row["amount"] == row["input"] * 500_000 + row["output"] * 1_500_000
    assert row["list_amount"] == 2 * row["amount"]


def test_fast_is_priority(desk):
    gateway, _ = desk
    with gateway.sdk() as client:
        assert client.chat.completions.create(
            **ASK, max_tokens=2, service_tier="priority").service_tier == "priority"
        fast = client.chat.completions.create(**ASK, max_tokens=2, extra_body={"service_tier": "fast"})
        assert fast.service_tier == "priority"


@pytest.mark.parametrize("stream", [False, True])
def test_flex_without_room_is_refused_and_costs_nothing(occupied, stream):
    """The client's own time limit is the wait: it hears in time that there is no room."""
    gateway, engine = occupied
    with gateway.sdk(timeout=3) as client:
        began = time.monotonic()
        with pytest.raises(openai.RateLimitError) as refused:
            client.chat.completions.create(**ASK, max_tokens=4, service_tier="flex", stream=stream, user="no room")
        assert time.monotonic() - began < 3
    error = refused.value
    assert (error.code, error.type, error.param) == ("resource_unavailable", "rate_limit_error", None)
    assert "Resource Unavailable" in error.message
    assert "x-should-retry" not in error.response.headers, "SDKs may try again"
    assert 5 <= int(refused.value.response.headers["retry-after"]) <= 60
    assert engine.execution_log(line="no room")["lines"] == []
    [row] = charge(gateway, "flex")
    assert (row["outcome"], row["amount"], row["input"], row["output"]) == ("refused", 0, 0, 0)


def test_a_stream_that_wants_comments_hears_of_its_refusal_in_the_stream(occupied):
    gateway, _ = occupied
    with gateway.sdk(timeout=3) as client, pytest.raises(openai.APIError) as refused:
        list(client.chat.completions.create(
            **ASK, service_tier="flex", stream=True, extra_headers={"Ebb-Keep-Alive": "1s"}))
    assert not isinstance(refused.value, openai.APIStatusError), "the status was 200"
    assert refused.value.code == "resource_unavailable"
    assert [row["outcome"] for row in charge(gateway, "flex")] == ["refused"]


def test_a_waiting_stream_gets_comments_where_it_wants_them(occupied):
    gateway, _ = occupied
    body = {**ASK, "service_tier": "flex", "stream": True}
    with gateway.http() as http:
        answer = http.post(
            "chat/completions", json=body, headers={"x-stainless-read-timeout": "3", "Ebb-Keep-Alive": "1s"})
        assert answer.status_code == 200 and answer.text.startswith(": waiting\n\n")
        wrong = http.post("chat/completions", json=body, headers={"Ebb-Keep-Alive": "often"})
        assert wrong.status_code == 400 and wrong.json()["error"]["param"] == "ebb-keep-alive"


def test_a_refused_caller_goes_on_as_standard(desk):
    gateway, engine = desk
    holder = open_request(gateway, "/v1/chat/completions", {**ASK, "max_tokens": 40, "stream": True})
    wait_until(lambda: engine.running() == 1, 10, "the slot is taken")
    with holder, gateway.sdk() as client:
        with pytest.raises(openai.RateLimitError):
            client.with_options(timeout=3).chat.completions.create(**ASK, max_tokens=2, service_tier="flex")
        answer = client.chat.completions.create(**ASK, max_tokens=2, service_tier="auto")
        assert answer.service_tier == "default"


def test_the_time_limit_that_other_sdks_tell_counts_too(occupied):
    gateway, _ = occupied
    with gateway.http() as http:
        refused = http.post(
            "chat/completions", json={**ASK, "service_tier": "flex"}, headers={"X-Stainless-Timeout": "2"})
    assert refused.status_code == 429 and refused.json()["error"]["code"] == "resource_unavailable"


def test_a_tier_that_nobody_knows_is_refused(desk):
    gateway, _ = desk
    with gateway.sdk() as client, pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(**ASK, extra_body={"service_tier": "bogus"})
    assert refused.value.param == "service_tier"


@pytest.mark.parametrize("wish", ["default;after=1s", "standard;after=1s"])
def test_flex_falls_back_only_where_the_caller_wishes_it(desk, wish):
    gateway, engine = desk
    holder = open_request(gateway, "/v1/chat/completions", {**ASK, "max_tokens": 30, "stream": True})
    wait_until(lambda: engine.running() == 1, 10, "the slot is taken")
    with holder, gateway.sdk() as client:
        answer = client.chat.completions.create(
            **ASK, max_tokens=2, service_tier="flex", extra_headers={"Ebb-Fallback": wish})
        assert answer.service_tier == "default"
    rows = [row for row in Books(gateway.data).charges() if row["output"] == 2]
    assert [(row["requested_tier"], row["served_tier"]) for row in rows] == [("flex", "default")]


def test_who_leaves_while_waiting_frees_the_place_and_pays_nothing(occupied):
    gateway, engine = occupied
    body = {**ASK, "max_tokens": 4, "service_tier": "flex", "user": "gone"}
    waiting = open_request(gateway, "/v1/chat/completions", body)
    wait_until(lambda: gateway.metrics().total("ebb_requests_in_flight") == 2, 10, "the request is there")
    waiting.close()
    ended = 'outcome="cancelled"'
    wait_until(lambda: ended in gateway.metrics().text, 10, "the gateway notices that the client left")
    assert engine.execution_log(line="gone")["lines"] == []
    assert charge(gateway, "flex") == []


def test_flex_makes_room_for_standard_and_is_charged_once(desk):
    """Interactive work takes the slot at once; what it displaced runs again and is paid for once."""
    gateway, engine = desk
    answers = []

    def flex():
        with gateway.sdk() as client:
            answers.append(client.chat.completions.create(**ASK, max_tokens=30, service_tier="flex"))

    thread = threading.Thread(target=flex)
    thread.start()
    wait_until(lambda: engine.running() == 1, 10, "flex runs")
    with gateway.sdk() as client:
        began = time.monotonic()
        assert client.chat.completions.create(**ASK, max_tokens=2).service_tier == "default"
        assert time.monotonic() - began < 2, "standard waited for flex"
    thread.join()
    assert answers[0].service_tier == "flex" and answers[0].usage.completion_tokens == 30
    assert [row["output"] for row in charge(gateway, "flex")] == [30]


def test_a_deadline_picks_the_cheapest_tier_that_meets_it(desk):
    gateway, _ = desk
    with gateway.sdk() as client:
        for deadline, tier in [("10m", "flex"), ("5s", "default"), ("500ms", "default")]:
            answer = client.chat.completions.create(
                **ASK, max_tokens=2, extra_headers={"Ebb-Deadline": deadline})
            assert answer.service_tier == tier, deadline
        for deadline in ("soon", "2097-01-01", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z"):
            with pytest.raises(openai.BadRequestError) as wrong:
                client.chat.completions.create(**ASK, max_tokens=2, extra_headers={"Ebb-Deadline": deadline})
            assert wrong.value.param == "ebb-deadline"
        with pytest.raises(openai.BadRequestError) as nowhere:
            client.chat.completions.create(
                **ASK, max_tokens=2, service_tier="flex", extra_headers={"Ebb-Fallback": "warp"})
        assert nowhere.value.param == "ebb-fallback"


def waiting(gateway, lane="flex"):
    """How a lane stands."""
    with gateway.http() as http:
        standing = http.get(gateway.root + "/ebb/scheduler").json()
    return next(each for each in standing["lanes"] if each["lane"] == lane)


def refusal(client, user):
    """What a flex request hears that is refused; the client tells no limit of its own."""
    with pytest.raises(openai.RateLimitError) as refused:
        client.chat.completions.create(**ASK, max_tokens=20, service_tier="flex", user=user)
    assert refused.value.code == "resource_unavailable" and "Resource Unavailable" in refused.value.message
    return int(refused.value.response.headers["retry-after"])


def test_a_refusal_is_foretold_and_nobody_is_timed_out(start_engine, start_gateway):
    """The hard limit is a quarter of an hour away; an answer of 1,000 tokens takes 50 seconds here."""
    engine = start_engine(slots=1, decode_rate=20, output_tokens_max=2000)
    gateway = start_gateway(config=(
        PRICES + "tiers: {flex: {patience: 20s}}\n"
        f"engines: [{{name: one, url: '{engine.url}', kind: simulated, concurrency: 1}}]\n"))
    long = {**ASK, "max_tokens": 1000, "stream": True, "user": "holder"}
    with gateway.sdk(timeout=None) as client:
        for _ in range(4):
            client.chat.completions.create(**ASK, max_tokens=20, service_tier="flex")
        short = open_request(
            gateway, "/v1/chat/completions", {**ASK, "max_tokens": 60, "service_tier": "flex", "user": "short"})
        wait_until(lambda: engine.running() == 1, 10, "the slot is taken")
        heard = []
        thread = threading.Thread(target=lambda: heard.append(refusal(client, "first")))
        thread.start()
        wait_until(lambda: waiting(gateway)["waiting"] == 1, 10, "it waits: three seconds are within its patience")
        # What comes now takes the place for 50 seconds.
        began = time.monotonic()
        with short, open_request(gateway, "/v1/chat/completions", long):
            thread.join(15)
            assert heard and 5 <= heard[0] <= 60, "refused as soon as it is sure to wait too long"
            assert time.monotonic() - began < 15, "before its patience is over"
            # The next one finds an empty queue before a full engine.
            wait_until(lambda: waiting(gateway)["waiting"] == 0, 10, "the queue is empty")
            began = time.monotonic()
            assert 10 < refusal(client, "second") <= 60
            assert time.monotonic() - began < 2, "at once"
            assert engine.running() == 1
    for user in ("first", "second"):
        assert engine.execution_log(line=user)["lines"] == []
    refused = [row for row in charge(gateway, "flex") if row["outcome"] == "refused"]
    assert {(row["amount"], row["input"], row["output"]) for row in refused} == {(0, 0, 0)}
    assert sum(row["requests"] for row in refused) == 3, "the short one lost its place, and was refused, too"


def test_a_client_of_the_sdk_that_leaves_the_queue_frees_its_place_at_once(desk):
    gateway, engine = desk
    with open_request(gateway, "/v1/chat/completions", {**ASK, "max_tokens": 600, "stream": True}) as holder:
        wait_until(lambda: engine.running() == 1, 10, "the slot is taken")

        async def leave():
            async with gateway.async_sdk(timeout=600) as client:
                asked = asyncio.create_task(
                    client.chat.completions.create(**ASK, max_tokens=4, service_tier="flex", user="gone"))
                await asyncio.to_thread(
                    wait_until, lambda: waiting(gateway)["waiting"] == 1, 10, "the request waits")
                asked.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asked

        asyncio.run(leave())
        wait_until(lambda: waiting(gateway)["waiting"] == 0, 2, "its place is free")
        holder.close()
    with gateway.sdk() as client:
        answer = client.chat.completions.create(**ASK, max_tokens=2, service_tier="flex", user="next")
    assert answer.service_tier == "flex"
    assert engine.execution_log(line="gone")["lines"] == []
    assert [row["output"] for row in charge(gateway, "flex")] == [2], "nothing was charged for who left"
