"""`ebb run` that is stopped, killed and watched: no line is lost, run twice or paid twice."""
import json
import os
import pty
import re
import signal
from decimal import Decimal

import pytest

from harness.batches import ended
from harness.commands import END_SECONDS, JobFiles, ebb, start
from harness.gateway import KEY
from harness.ledger import Books
from harness.waiting import wait_until

PRICES = "prices: {models: {simulated: {default: {input: 1, output: 3}, batch: {times: 0.5}}}}\n"
LINES = 40
SLOTS = 4


@pytest.fixture
def engine(start_engine):
    """Takes about a second for the job."""
    return start_engine(slots=SLOTS, latency=100, output_tokens_max=4)


@pytest.fixture
def job(tmp_path, engine):
    """The arguments of the job; its prompts are the marks in the engine's log."""
    config, prompts = tmp_path / "prices.yaml", tmp_path / "prompts.jsonl"
    config.write_text(PRICES)
    prompts.write_text("".join(json.dumps({"prompt": f"river {number}"}) + "\n" for number in range(LINES)))
    return ["run", prompts, "--engine", engine.url, "--config", config, "--data", tmp_path / "data",
            "--concurrency", SLOTS, "--yes"]


def recorded(data):
    """Numbers of the lines whose answers are in the store, from 1."""
    return {row["line"] + 1 for row in Books(data).rows("SELECT line FROM line_result")}


def lines_are_kept(data):
    """Waits until the job has some lines in its store."""
    wait_until(lambda: (data / "ebb.sqlite").exists() and Books(data).rows(
        "SELECT name FROM sqlite_master WHERE name = 'line_result'"), 10, "the store of the job", every=0.02)
    wait_until(lambda: len(recorded(data)) >= SLOTS, 10, "lines in the store", every=0.02)


def stopped(job, home, signal_number):
    """Starts the job and stops it when some lines are in the store; returns its status and what it wrote."""
    process = start(*job, home=home)
    try:
        lines_are_kept(home / "data")
        process.send_signal(signal_number)
        _, errors = process.communicate(timeout=END_SECONDS)
    finally:
        process.kill()
    assert SLOTS <= len(recorded(home / "data")) < LINES, "stopped in the middle"
    return process.returncode, errors


def resume(job, home, engine, given_up_max):
    """Runs the job again and checks that every line is there once, and that only so many ran twice."""
    kept = recorded(home / "data")
    screen = ebb(*job, home=home)
    assert f"Resuming: {len(kept)} of {LINES} lines are done" in screen.stderr
    files = JobFiles(home / "prompts.jsonl")
    assert files.answered == [str(number) for number in range(1, LINES + 1)]
    executions = {line["line"]: line["started"] for line in engine.execution_log()["lines"]}
    assert len(executions) == LINES
    for number in kept:
        assert executions[f"text:river {number - 1}"] == 1, "what was kept is not asked again"
    assert sum(executions.values()) <= LINES + given_up_max, "only what was in flight runs again"
    charges = Books(home / "data").charges()
    assert sorted(charge["line"] for charge in charges) == list(range(LINES))
    assert Decimal(files.receipt["charged"]) * 10**12 == sum(charge["amount"] for charge in charges)
    assert files.receipt["lines"] == {"total": LINES, "completed": LINES, "failed": 0, "not_run": 0}


def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(job, engine, tmp_path):
    status, errors = stopped(job, tmp_path, signal.SIGINT)
    assert status == 130
    kept = len(recorded(tmp_path / "data"))
    assert f"{kept} of {LINES} lines are done and kept. Run the same command again to go on" in errors
    assert not JobFiles(tmp_path / "prompts.jsonl").results_path.exists()
    wait_until(lambda: engine.running() == 0, 2, "lines in flight were given up")
    resume(job, tmp_path, engine, SLOTS)


def test_after_a_kill_the_same_command_goes_on(job, engine, tmp_path):
    status, _ = stopped(job, tmp_path, signal.SIGKILL)
    assert status == -signal.SIGKILL
    # Lines in flight, and answers that waited for their transaction.
    resume(job, tmp_path, engine, 3 * SLOTS)


def test_an_engine_that_goes_away_stops_the_job_and_another_goes_on(job, engine, start_engine, tmp_path):
    process = start(*job, "--engine-wait", 1, home=tmp_path)
    try:
        lines_are_kept(tmp_path / "data")
        engine.kill()
        _, errors = process.communicate(timeout=END_SECONDS)
    finally:
        process.kill()
    kept = len(recorded(tmp_path / "data"))
    assert process.returncode == 5 and kept < LINES
    assert f"the engine cannot be reached. {kept} of {LINES} lines are done and kept" in errors
    another = start_engine()
    job[job.index(engine.url)] = another.url
    ebb(*job, home=tmp_path)
    assert JobFiles(tmp_path / "prompts.jsonl").answered == [str(number) for number in range(1, LINES + 1)]
    assert another.execution_log()["started"] == LINES - kept


def test_ctrl_c_with_a_server_only_stops_watching(job, engine, start_gateway, tmp_path):
    gateway = start_gateway(engine, data="gateway", config=PRICES)
    words = ["run", job[1], "--server", gateway.url, "--yes"]
    process = start(*words, home=tmp_path, variables={"EBB_API_KEY": KEY})
    try:
        with gateway.sdk() as client:
            [batch] = wait_until(lambda: client.batches.list().data, 10, "the job's batch", every=0.02)
            wait_until(lambda: engine.running() > 0, 5, "lines at the engine")
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=END_SECONDS)
            assert process.returncode == 130 and f"the gateway goes on with {batch.id}" in errors
            assert ended(client, batch.id).request_counts.completed == LINES
    finally:
        process.kill()
    screen = ebb(*words, home=tmp_path, variables={"EBB_API_KEY": KEY})
    assert "nothing is run or paid again" in screen.stderr
    assert JobFiles(tmp_path / "prompts.jsonl").answered == [str(number) for number in range(1, LINES + 1)]
    assert engine.execution_log()["started"] == LINES


def test_progress_is_lines_where_there_is_no_terminal(job, tmp_path):
    screen = ebb(*job, home=tmp_path)
    [first, *_] = re.findall(r"^\d+ of 40 lines, .*$", screen.stderr, re.MULTILINE)
    assert re.fullmatch(r"\d+ of 40 lines, [\d,]+ tokens/s, \$0\.\d+(, .* left)?", first)
    assert "\r" not in screen.stderr and "\x1b" not in screen.stderr
    assert "lines, " not in screen.stdout, "data alone goes to standard output"


def on_a_terminal(*arguments, home, keys=b""):
    """Runs a command on a pseudo-terminal; returns its status and all that appeared there."""
    ours, theirs = pty.openpty()
    process = start(*arguments, home=home, variables={"TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, keys)
    seen = b""
    try:
        while piece := os.read(ours, 65_536):
            seen += piece
    except OSError:
        pass  # The other end is closed.
    finally:
        os.close(ours)
    return process.wait(END_SECONDS), seen.decode()


def test_progress_is_a_bar_on_a_terminal(job, tmp_path):
    # Two seconds, so that it is drawn again once the pace is known.
    job[job.index("--concurrency") + 1] = 2
    status, seen = on_a_terminal(*job, home=tmp_path)
    assert status == 0
    bars = re.findall(r"\r\x1b\[K\[(#*)(\.*)\] +(\d+)/40 ", seen)
    assert bars, seen
    for full, rest, done in bars:
        assert len(full) == (len(full) + len(rest)) * int(done) // LINES
    assert re.search(r"tokens/s  \$0\.\d+  [\d.]+ m?s left", seen), seen
    assert "\r\x1b[KReceipt: prompts.jsonl" in seen, "the bar is gone at the end"


def test_a_question_on_a_terminal_is_answered(job, engine, tmp_path):
    asking = job[:-1]
    status, seen = on_a_terminal(*asking, home=tmp_path, keys=b"n\n")
    assert status == 2 and "[y/N]" in seen
    assert engine.execution_log()["started"] == 0
    status, _ = on_a_terminal(*asking, home=tmp_path, keys=b"y\n")
    assert status == 0 and len(JobFiles(tmp_path / "prompts.jsonl").results) == LINES


def test_without_a_terminal_nobody_can_be_asked(job, engine, tmp_path):
    assert "--yes" in ebb(*job[:-1], home=tmp_path, status=2).stderr
    assert engine.execution_log()["started"] == 0
