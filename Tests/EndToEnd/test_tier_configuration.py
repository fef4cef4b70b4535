"""Tiers that an operator configured, with the official SDK: models, capacity, projects, windows, hours."""
import concurrent.futures
import datetime
import signal
import time

import openai
import pytest

from harness.batches import chat_lines, ended, submit
from harness.commands import ebb, objects
from harness.gateway import KEY, open_request
from harness.ledger import Books
from harness.waiting import wait_until

ASK = {"model": "simulated", "messages": [{"role": "user", "content": "a question"}], "max_tokens": 2}
PRICES = (
    "prices: {models: {simulated: {default: {input: 1, output: 3}, flex: {input: 0.5, output: 1.5}, "
    "batch: {input: 0.25, output: 0.75}}}}\n")


@pytest.fixture
def serve(start_engine, start_gateway):
    """A gateway with `text` in its configuration, in front of an engine with one slot."""
    def start(text):
        engine = start_engine(slots=1, decode_rate=10)
        engines = (
            f"engines: [{{name: one, url: '{engine.url}', kind: simulated, concurrency: 1, protection: protect, "
            "models: {simulated: simulated, other: simulated}}]\n")
        return start_gateway(config=PRICES + engines + text), engine
    return start


def test_flex_is_off_for_a_model(serve):
    gateway, _ = serve("tiers: {flex: {models: [other]}}\n")
    with gateway.sdk() as client:
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(**ASK, service_tier="flex")
        assert (refused.value.status_code, refused.value.param) == (400, "service_tier")
        served = client.chat.completions.create(**{**ASK, "model": "other"}, service_tier="flex")
        assert served.service_tier == "flex"


@pytest.mark.parametrize("limit", ["patience", "wait_max"])
def test_flex_without_capacity_is_refused_at_once(serve, limit):
    gateway, engine = serve(f"tiers: {{flex: {{{limit}: 0s}}}}\n")
    body = {**ASK, "max_tokens": 600, "stream": True}
    with open_request(gateway, "/v1/chat/completions", body), gateway.sdk() as client:
        wait_until(lambda: engine.running() == 1, 10, "the slot is taken")
        began = time.monotonic()
        with pytest.raises(openai.RateLimitError) as refused:
            client.chat.completions.create(**ASK, service_tier="flex", user="no room")
        assert time.monotonic() - began < 0.4, "the next look at the lines is half a second away"
    assert refused.value.code == "resource_unavailable" and "Resource Unavailable" in refused.value.message
    assert 5 <= int(refused.value.response.headers["retry-after"]) <= 60
    assert engine.execution_log(line="no room")["lines"] == []
    [row] = [row for row in Books(gateway.data).charges() if row["served_tier"] == "flex"]
    assert (row["outcome"], row["amount"]) == ("refused", 0)


def test_a_refusal_is_in_the_ledger_and_not_among_what_was_served(serve, tmp_path):
    gateway, engine = serve("tiers: {flex: {patience: 0s}}\n")
    body = {**ASK, "max_tokens": 600, "stream": True}
    with open_request(gateway, "/v1/chat/completions", body), gateway.sdk() as client:
        wait_until(lambda: engine.running() == 1, 10, "the slot is taken")
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(**ASK, service_tier="flex")
    listed = objects(ebb("ledger", "list", "--json", "--data", gateway.data, home=tmp_path).stdout)
    [refused] = [row for row in listed if row["outcome"] == "refused"]
    assert refused["served_tier"] == "flex" and refused["amount"] == "0"
    assert "refused" in ebb("ledger", "list", "--data", gateway.data, home=tmp_path).stdout
    totals = objects(ebb("ledger", "totals", "--json", "--data", gateway.data, home=tmp_path).stdout)
    groups = {each.get("tier"): each for each in totals}
    assert (groups["flex"]["requests"], groups["flex"]["refused_requests"]) == (0, 1)
    assert groups[None]["refused_requests"] == 1


def test_a_project_has_tiers_of_its_own(serve):
    gateway, _ = serve("projects: {default: {default_tier: flex, tiers: [flex, standard]}, nobody: {weight: 2}}\n")
    with gateway.sdk() as client:
        assert client.chat.completions.create(**ASK).service_tier == "flex"
        assert client.chat.completions.create(**ASK, service_tier="auto").service_tier == "flex"
        assert client.chat.completions.create(**ASK, service_tier="default").service_tier == "default"
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(**ASK, service_tier="priority")
        assert refused.value.param == "service_tier"
        with pytest.raises(openai.BadRequestError) as window:
            submit(client, chat_lines(1, "no batches here"))
        assert window.value.param == "completion_window"
    assert "nobody" in gateway.log(), "a project that does not exist is a warning"


def test_a_tier_for_a_model_that_nobody_serves_is_a_warning(serve):
    gateway, _ = serve("tiers: {flex: {models: [simulatd]}}\n")
    [line] = [line for line in gateway.log().splitlines() if "no engine serves" in line]
    assert "simulatd" in line and "did you mean 'simulated'?" in line


def test_a_project_falls_back_without_a_header(serve):
    gateway, engine = serve(
        "tiers: {flex: {patience: 0s}}\nprojects: {default: {fallback: standard}}\n")
    holder = open_request(gateway, "/v1/chat/completions", {**ASK, "max_tokens": 20, "stream": True})
    wait_until(lambda: engine.running() == 1, 10, "the slot is taken")
    with holder, gateway.sdk() as client:
        with pytest.raises(openai.RateLimitError) as refused:
            client.chat.completions.create(
                **ASK, service_tier="flex", extra_headers={"Ebb-Fallback": "none"})
        assert refused.value.code == "resource_unavailable"
        assert client.chat.completions.create(**ASK, service_tier="flex").service_tier == "default"


def test_a_batch_says_when_it_is_due_with_its_window_only(serve):
    gateway, _ = serve("")
    with gateway.sdk() as client, pytest.raises(openai.BadRequestError) as wrong:
        client.batches.create(
            input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h",
            extra_headers={"Ebb-Deadline": "10m"})
    assert (wrong.value.param, wrong.value.code) == ("ebb-deadline", "unsupported_parameter")


def test_a_tier_with_a_window_is_one_that_batches_ask_for(serve):
    gateway, _ = serve("tiers: {night: {window: 12h, price_as: batch}}\n")
    with gateway.sdk() as client:
        batch = ended(client, submit(client, chat_lines(2, "night"), window="12h").id)
        assert batch.status == "completed" and batch.completion_window == "12h"
    rows = [row for row in Books(gateway.data).charges() if row["served_tier"] == "night"]
    assert len(rows) == 2
    assert all(row["amount"] == row["input"] * 250_000 + row["output"] * 750_000 for row in rows)


def test_a_batch_waits_for_background_hours_and_says_so(start_engine, start_gateway, tmp_path):
    """The hours begin in five to six hours; a short window cannot wait for them."""
    engine = start_engine(slots=4)
    opening = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=6)).replace(
        minute=0, second=0, microsecond=0)
    hours = f"{opening:%H:%M}-{opening + datetime.timedelta(hours=1):%H:%M}"
    gateway = start_gateway(config=(
        f"engines: [{{name: one, url: '{engine.url}', kind: simulated, concurrency: 4, background_hours: "
        f"{{zone: Etc/UTC, rules: [{{hours: '{hours}'}}]}}}}]\n"))
    with gateway.sdk() as client:
        batch = submit(client, chat_lines(3, "at night"))
        wait_until(lambda: "batch waits for its engines" in gateway.log(), 10, "the batch waits")
        waiting = client.batches.retrieve(batch.id)
        assert waiting.status == "in_progress"
        assert waiting.to_dict()["ebb"] == {
            "waiting_for": "background_hours", "waiting_until": int(opening.timestamp())}
        assert client.chat.completions.create(**ASK, service_tier="flex").service_tier == "flex", "at any hour"
        server = {"EBB_SERVER": gateway.url, "EBB_API_KEY": KEY}
        shown = ebb("batch", "show", batch.id, home=tmp_path, variables=server).stdout
        assert "background hours" in shown
        assert client.batches.retrieve(batch.id).request_counts.completed == 0


def test_a_batch_that_cannot_be_met_says_so(start_engine, start_gateway, tmp_path):
    """Sixty lines of two seconds each, one at a time, due in a minute."""
    engine = start_engine(slots=1, decode_rate=10)
    gateway = start_gateway(config=(
        f"engines: [{{name: one, url: '{engine.url}', kind: simulated, concurrency: 1}}]\n"
        "batch: {windows: {1m: batch}}\n"))
    server = {"EBB_SERVER": gateway.url, "EBB_API_KEY": KEY}
    with gateway.sdk() as client:
        batch = submit(client, chat_lines(60, "slow", max_tokens=20), window="1m")
        assert "ebb" not in client.batches.retrieve(batch.id).to_dict()
        wait_until(
            lambda: "at_risk" in client.batches.retrieve(batch.id).to_dict().get("ebb", {}), 30, "it is at risk")
        told = client.batches.retrieve(batch.id).to_dict()["ebb"]
        assert told["at_risk"] is True and 1 < told["deadline_load"] < 10
        assert "at risk: " in ebb("batch", "show", batch.id, home=tmp_path, variables=server).stdout
        client.batches.cancel(batch.id)


def test_a_models_own_hours_replace_its_engines(start_engine, start_gateway, tmp_path):
    """The engine opens in five to six hours, one of its models an hour later, another one is open always."""
    engine = start_engine(slots=4)
    opening = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=6)).replace(
        minute=0, second=0, microsecond=0)
    later = opening + datetime.timedelta(hours=1)
    hours = f"{opening:%H:%M}-{later:%H:%M}"
    gateway = start_gateway(config=(
        f"engines: [{{name: one, url: '{engine.url}', kind: simulated, concurrency: 4, "
        f"background_hours: {{rules: [{{hours: '{hours}'}}]}}}}]\n"
        f"models:\n  own: {{engines: [{{engine: one, model: simulated}}], "
        f"background_hours: {{rules: [{{hours: '{later:%H:%M}-{later + datetime.timedelta(hours=1):%H:%M}'}}]}}}}\n"
        "  open: {engines: [{engine: one, model: simulated, "
        "background_hours: {rules: [{hours: '00:00-24:00'}]}}]}\n"))
    with gateway.sdk() as client:
        batches = {model: submit(client, chat_lines(2, "at night", model=model)) for model in ("simulated", "own")}
        open_batch = submit(client, chat_lines(2, "at night", model="open"))
        assert ended(client, open_batch.id).status == "completed"
        for model, begins in [("simulated", opening), ("own", later)]:
            wait_until(
                lambda model=model: client.batches.retrieve(batches[model].id).to_dict().get("ebb"), 10, "it waits")
            assert client.batches.retrieve(batches[model].id).to_dict()["ebb"] == {
                "waiting_for": "background_hours", "waiting_until": int(begins.timestamp())}
    server = {"EBB_SERVER": gateway.url, "EBB_API_KEY": KEY}
    shown = ebb("batch", "show", batches["own"].id, home=tmp_path, variables=server).stdout
    assert f"{later:%H:%M}" in shown
    top = ebb("top", home=tmp_path, variables=server).stdout
    assert f"own until {later:%Y-%m-%dT%H:%M}" in top and f"held until {opening:%Y-%m-%dT%H:%M}" in top


def night_gateway(start_engine, start_gateway):
    """Its engine's hours begin in five to six hours; the tier `overnight` waits for them."""
    engine = start_engine(slots=4)
    opening = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=6)).replace(
        minute=0, second=0, microsecond=0)
    hours = f"{opening:%H:%M}-{opening + datetime.timedelta(hours=1):%H:%M}"
    gateway = start_gateway(config=(
        PRICES + "tiers: {overnight: {lane: flex, patience: 20h, wait_max: 22h, price_as: flex}}\n"
        f"engines: [{{name: one, url: '{engine.url}', kind: simulated, concurrency: 4, background_hours: "
        f"{{rules: [{{hours: '{hours}'}}]}}}}]\n"))
    return gateway, engine, opening


def test_flex_waits_for_background_hours_where_its_patience_allows(start_engine, start_gateway, tmp_path):
    """A tier of a day waits for them, one of minutes does not."""
    gateway, engine, opening = night_gateway(start_engine, start_gateway)
    server = {"EBB_SERVER": gateway.url, "EBB_API_KEY": KEY}
    overnight = {**ASK, "service_tier": "overnight", "stream": True, "user": "overnight"}
    # The comments begin the answer, and with it the request's id.
    stays = {"Ebb-Keep-Alive": "1s"}
    with gateway.http() as http, http.stream("POST", "chat/completions", json=overnight, headers=stays) as held:
        told = ebb("explain", held.headers["x-request-id"], home=tmp_path, variables=server).stdout
        assert f"it may wait for background hours, which begin at {opening:%Y-%m-%dT%H:%M}" in told
        top = ebb("top", home=tmp_path, variables=server).stdout
        assert f"flex: 1 of them wait for background hours until {opening:%Y-%m-%dT%H:%M}" in top
        with gateway.sdk() as client:
            served = client.chat.completions.create(**ASK, service_tier="flex")
            assert served.service_tier == "flex", "five minutes do not reach the hours"
        assert engine.execution_log(line="overnight")["lines"] == []


def test_a_stop_refuses_what_waits_for_background_hours(start_engine, start_gateway):
    gateway, engine, _ = night_gateway(start_engine, start_gateway)
    with gateway.http() as http, concurrent.futures.ThreadPoolExecutor() as pool:
        overnight = {**ASK, "service_tier": "overnight", "user": "overnight"}
        held = pool.submit(http.post, "chat/completions", json=overnight, timeout=30)
        flex = lambda: next(lane for lane in http.get(gateway.root + "/ebb/scheduler").json()["lanes"]
                            if lane["lane"] == "flex")
        wait_until(lambda: flex()["waiting"] == 1, 10, "it waits")
        began = time.monotonic()
        gateway.signal(signal.SIGTERM)
        answer = held.result(10)
        assert answer.status_code == 429 and answer.json()["error"]["code"] == "resource_unavailable"
        assert answer.headers["retry-after"] == "60"
        assert gateway.wait() == 0 and time.monotonic() - began < 5
    assert engine.execution_log(line="overnight")["lines"] == []


@pytest.mark.parametrize("whose", ["engine", "model"])
def test_an_unknown_time_zone_is_a_mistake_with_its_line(start_gateway, whose):
    hours = "background_hours: {zone: Europe/Atlantis, rules: [{hours: '20:00-07:00'}]}\n"
    engine = "engines:\n- name: one\n  url: http://127.0.0.1:9\n"
    gateway = start_gateway(
        wait=False, config=f"{engine}  {hours}" if whose == "engine" else f"{engine}models:\n  m:\n    {hours}")
    assert gateway.wait() == 2
    assert (":4:" if whose == "engine" else ":6:") in gateway.log()
    assert "unknown time zone 'Europe/Atlantis'" in gateway.log()


@pytest.mark.parametrize("window, seconds", [("2h", 7_200), ("8h", 28_800)])
def test_the_shipped_windows_need_no_configuration(gateway, window, seconds):
    with gateway.sdk() as client:
        batch = ended(client, submit(client, chat_lines(2, window), window=window).id)
        assert (batch.status, batch.completion_window) == ("completed", window)
        assert batch.expires_at - batch.created_at == seconds
    assert {row["served_tier"] for row in Books(gateway.data).charges(batch.id)} == {window}


def test_a_window_without_a_price_gives_nothing_away(start_gateway, engine):
    gateway = start_gateway(engine, config="prices: {models: {simulated: {default: {input: 1, output: 3}}}}\n")
    with gateway.sdk() as client:
        batch = ended(client, submit(client, chat_lines(2, "unpriced"), window="8h").id)
    assert batch.status == "failed" and batch.errors.data[0].code == "unpriced_model"
    assert engine.execution_log(line="unpriced")["lines"] == []
