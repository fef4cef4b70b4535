"""What a gateway tells of itself: its metrics, `ebb top` and `ebb explain`."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

from harness.batches import chat_lines, ended, submit
from harness.commands import ebb, environment
from harness.gateway import KEY, open_request
from harness.program import binary
from harness.projects import add_project, knows
from harness.waiting import wait_until

PRICES = (
    "prices: {models: {simulated: {default: {input: 1, output: 3}, flex: {input: 0.5, output: 1.5}, "
    "batch: {times: 0.5}}}}\n")
ASK = {"model": "simulated", "messages": [{"role": "user", "content": "a question"}]}


@pytest.fixture
def desk(start_engine, start_gateway, tmp_path):
    """A gateway in front of an engine with one slot, and commands that ask it."""
    engine = start_engine(slots=1, decode_rate=10, output_tokens_max=4000, context=100_000)
    engines = f"engines: [{{name: one, url: '{engine.url}', kind: simulated, concurrency: 1}}]\n"
    gateway = start_gateway(config=PRICES + engines)

    def cli(*arguments, key=KEY, **more):
        return ebb(*arguments, home=tmp_path, variables={"EBB_SERVER": gateway.url, "EBB_API_KEY": key}, **more)

    return gateway, engine, cli


@pytest.fixture
def stranger(desk):
    """The key of another project."""
    gateway, _, _ = desk
    key = add_project(gateway.data, "stranger")
    wait_until(lambda: knows(gateway, key), 10, "the gateway knows the key")
    return key


def displaced(gateway, engine):
    """A flex request that had to make room for a standard one; returns the ids of both."""
    body = {**ASK, "max_tokens": 20, "service_tier": "flex", "user": "displaced"}
    with gateway.sdk() as client, gateway.http() as http:
        flex = open_request(gateway, "/v1/chat/completions", body)
        wait_until(lambda: engine.running() == 1, 10, "flex runs")
        urgent = http.post("chat/completions", json={**ASK, "max_tokens": 5})
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += flex.recv(65536)
        flex.close()
    return re.search(rb"x-request-id: (\S+)", answer, re.I)[1].decode(), urgent.headers["x-request-id"]


def test_explain_tells_what_displaced_a_request_and_what_it_cost(desk, stranger):
    gateway, engine, cli = desk
    flex, urgent = displaced(gateway, engine)
    said = cli("explain", flex).stdout
    steps = [line.split(" s  ")[1] for line in said.splitlines() if " s  " in line]
    # It may or may not have begun to answer before it had to make room.
    steps = [step for step in steps if step != "first bytes of the answer"]
    assert steps[:4] == [
        "arrived, tier flex", "sent to engine one", f"lost its place to request {urgent}", "sent to engine one"]
    assert steps[4:] == ["ended: answered"] and "first bytes of the answer" in said
    assert re.search(r"^cost \$0\.0000\d+ as tier flex: \d+ tokens in, 20 out; the standard tier costs", said, re.M)
    whole = json.loads(cli("explain", flex, "--json").stdout)
    assert whole["charge"]["output_tokens"] == 20 and whole["waited_seconds"] > 0.1
    for hidden in (cli("explain", flex, key=stranger, status=2), cli("explain", "req_none", status=2)):
        assert "No request found" in hidden.stderr

    gateway.stop()
    gateway.start()
    later = json.loads(ebb(
        "explain", flex, "--json", home=gateway.data,
        variables={"EBB_SERVER": gateway.url, "EBB_API_KEY": KEY}).stdout)
    assert later["steps"] is None and later["charge"] == whole["charge"]


def test_explain_tells_what_displaced_a_line_of_a_batch(desk):
    gateway, engine, cli = desk
    with gateway.sdk() as client, gateway.http() as http:
        submitted = submit(client, chat_lines(1, "observed", max_tokens=20)).id
        wait_until(lambda: engine.running() == 1, 10, "the line runs")
        assert "has no line with custom_id 'any'" in cli("explain", submitted, "any", status=2).stderr
        assert re.search(r"^at engine one for ", cli("explain", submitted, "observed-0").stdout, re.M)
        urgent = http.post("chat/completions", json={**ASK, "max_tokens": 4}).headers["x-request-id"]
        batch = ended(client, submitted)
        row = json.loads(client.files.content(batch.output_file_id).text)
    said = cli("explain", row["response"]["request_id"]).stdout
    assert said.startswith(f"{row['response']['request_id']}  model simulated  {batch.id} line 1\n")
    steps = [line.split(" s  ")[1] for line in said.splitlines() if " s  " in line]
    assert [step for step in steps if step != "first bytes of the answer"] == [
        "arrived, tier batch", "sent to engine one", f"lost its place to request {urgent}", "sent to engine one",
        "ended: answered"]
    assert re.search(r"^cost \$0\.0000\d+ as tier batch: \d+ tokens in, 20 out; the standard tier costs", said, re.M)
    assert cli("explain", batch.id, row["custom_id"]).stdout == said
    assert f"'ebb explain {batch.id} CUSTOM_ID'" in cli("explain", batch.id, status=2).stderr
    assert "has no result of a line with custom_id 'none'" in cli("explain", batch.id, "none", status=2).stderr
    told = gateway.metrics().text
    for sample in (
            'ebb_preemptions_total{lane="batch",cause="standard"} 1', 'ebb_batches_ended_total{status="completed"} 1',
            'ebb_batch_attempts_without_result_total{reason="preempted"} 1',
            'ebb_tokens_total{model="simulated",tier="batch",kind="output"} 20'):
        assert f"\n{sample}\n" in told, told
    prompts = dict(re.findall(r'^ebb_line_prompt_tokens_total{kind="(\w+)"} (\d+)$', told, re.M))
    assert int(prompts["computed"]) + int(prompts["cached"]) == batch.usage.input_tokens, prompts
    assert int(prompts["least"]) == batch.usage.input_tokens, "one line has nothing to share"
    assert re.search(r'^ebb_cost_usd_total{model="simulated",tier="batch"} [0-9.e-]*[1-9]', told, re.M)
    assert re.search(r"^ebb_utilisation_ratio [01]\.\d+$", told, re.M)


def test_what_the_gateway_refuses_is_counted_by_code(desk):
    gateway, _, _ = desk
    with gateway.http() as http:
        assert http.post("chat/completions", json={**ASK, "service_tier": "warp"}).status_code == 400
        assert http.post("chat/completions", json={**ASK, "model": "none"}).status_code == 404
    told = gateway.metrics().text
    counts = dict(re.findall(r'^ebb_rejected_requests_total{code="(\w+)"} (\d+)$', told, re.M))
    assert counts.pop("model_not_found") == "1" and sum(map(int, counts.values())) == 1


def test_top_shows_lanes_engines_and_own_batches_only(desk, stranger):
    gateway, engine, cli = desk
    holder = open_request(gateway, "/v1/chat/completions", {**ASK, "max_tokens": 3000, "stream": True})
    wait_until(lambda: engine.running() == 1, 10, "the slot is taken")
    with holder, gateway.sdk() as client:
        batch = submit(client, chat_lines(5, "seen")).id
        wait_until(
            lambda: json.loads(cli("top", "--json").stdout)["batches"], 20, "the scheduler knows the batch")
        seen = json.loads(cli("top", "--json").stdout)
        assert [(row["id"], row["total"], row["completed"]) for row in seen["batches"]] == [(batch, 5, 0)]
        lanes = {row["lane"]: (row["waiting"], row["running"]) for row in seen["lanes"]}
        assert lanes["standard"] == (0, 1) and lanes["batch"] == (5, 0)
        [one] = seen["engines"]
        assert (one["engine"], one["in_flight"], one["limit"], one["follows"]) == ("one", 1, 1, "fixed")
        text = cli("top").stdout
        assert "\x1b" not in text and batch in text and text.startswith("ebb  20")
        foreign = json.loads(cli("top", "--json", key=stranger).stdout)
        assert foreign["batches"] == [] and foreign["lanes"] and batch not in cli("top", key=stranger).stdout
        assert cli("top", key="sk-wrong", status=2).stdout == ""
        depth = re.findall(r'^ebb_queue_depth\{lane="batch",tier="batch"\} (\d+)$', gateway.metrics().text, re.M)
        assert depth == ["5"]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_top_gives_the_terminal_back(desk, tmp_path, stop):
    """Drawn on a screen of its own, no wider than the terminal; a signal ends it and restores everything."""
    gateway, _, _ = desk
    master, slave = pty.openpty()
    subprocess.run(["stty", "rows", "10", "cols", "40"], stdin=slave, check=True)
    before = subprocess.run(["stty", "-g"], stdin=slave, capture_output=True, check=True).stdout
    top = subprocess.Popen(
        [binary(), "top"], stdin=slave, stdout=slave, stderr=slave, cwd=tmp_path,
        env=environment(tmp_path, EBB_SERVER=gateway.url, EBB_API_KEY=KEY, TERM="xterm"))
    said = b""

    def read(until, seconds=20):
        nonlocal said
        deadline = time.monotonic() + seconds
        while until not in said and select.select([master], [], [], max(0, deadline - time.monotonic()))[0]:
            said += os.read(master, 65536)
        assert until in said, said

    read(b"\x1b[H")
    said = said[said.index(b"\x1b[?1049h"):]
    first = said.index(b"\x1b[H")
    said = said[first + 3:]
    read(b"\x1b[H")  # drawn a second time
    drawing = said[:said.index(b"\x1b[H")].decode()
    lines = re.sub(r"\x1b\[[KJ]|\r", "", drawing).split("\n")
    assert lines[0].startswith("ebb  20") and max(map(len, lines)) == 40 and len(lines) <= 10
    top.send_signal(stop)
    read(b"\x1b[?1049l")
    assert top.wait(10) == (130 if stop == signal.SIGINT else 128 + stop)
    assert b"\x1b[?25h" in said and b"\x1b[?7h" in said
    assert subprocess.run(["stty", "-g"], stdin=slave, capture_output=True, check=True).stdout == before
    os.close(master)
    os.close(slave)
