"""`ebb run` with a file of prompts: results, receipt and status, without a server and with one."""
import datetime
import json
import threading
from decimal import ROUND_HALF_UP, Decimal

import pytest

from harness.commands import JobFiles, ebb
from harness.gateway import KEY
from harness.ledger import Books
from harness.scripted_engine import ScriptedEngine

PRICES = """
prices: {models: {simulated: {default: {input: 1, output: 3}, batch: {times: 0.5}, 8h: {times: 0.6}}}}
"""
LINES = 12


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def prompts(tmp_path):
    return write(tmp_path / "prompts.jsonl", [
        {"id": f"river-{number}", "prompt": f"Name river {number}."} for number in range(LINES)])


@pytest.fixture
def run(tmp_path):
    """Runs a file with prices of the test."""
    config = tmp_path / "prices.yaml"
    config.write_text(PRICES)

    def call(file, *options, status=0, **variables):
        return ebb("run", file, "--config", config, "--yes", *options, home=tmp_path, status=status,
                   variables=variables)

    return call


def cost(rows, factor):
    """Dollars of answers at a share of the standard price."""
    usages = [row["response"]["body"]["usage"] for row in rows]
    return sum(Decimal(usage["prompt_tokens"] + 3 * usage["completion_tokens"]) for usage in usages) * factor / 10**6


def shown(dollars):
    """An amount as commands show it, rounded half up."""
    return f"${dollars.quantize(Decimal('0.000001'), ROUND_HALF_UP)}"


def moment(text):
    return datetime.datetime.fromisoformat(text)


def sent_by(run, file, *options):
    """What a job of the file asks a scripted engine, ordered by its text."""
    with ScriptedEngine() as engine:
        run(file, "--engine", engine.url, *options)
        return sorted(engine.sent("/v1/chat/completions"), key=json.dumps)


def test_results_are_in_the_order_of_the_input_and_the_receipt_adds_up(run, prompts, start_engine):
    # Two slots and answers of unlike length: lines end in another order than they began.
    engine = start_engine(slots=2, decode_rate=1000, output_tokens_max=40)
    screen = run(prompts, "--engine", engine.url)
    job = JobFiles(prompts)
    assert job.answered == [f"river-{number}" for number in range(LINES)]
    assert all(row["error"] is None and row["response"]["status_code"] == 200 for row in job.results)
    assert not job.errors_path.exists()

    receipt = job.receipt
    assert (receipt["status"], receipt["model"], receipt["tier"]) == ("completed", "simulated", "batch")
    assert receipt["lines"] == {"total": LINES, "completed": LINES, "failed": 0, "not_run": 0}
    usages = [row["response"]["body"]["usage"] for row in job.results]
    assert receipt["usage"]["input_tokens"] == sum(usage["prompt_tokens"] for usage in usages)
    assert receipt["usage"]["output_tokens"] == sum(usage["completion_tokens"] for usage in usages)
    charged, standard = cost(job.results, Decimal("0.5")), cost(job.results, 1)
    assert Decimal(receipt["charged"]) == charged > 0
    assert Decimal(receipt["standard"]) == standard
    assert Decimal(receipt["saved"]) == standard - charged
    # Without past answers 256 tokens are expected of each.
    expected = (receipt["usage"]["input_tokens"] + 3 * 256 * LINES) * Decimal("0.5") / 10**6
    assert Decimal(receipt["quoted"]["expected"]) == expected < Decimal(receipt["quoted"]["max"])
    seconds = (moment(receipt["ended_at"]) - moment(receipt["started_at"])).total_seconds()
    assert seconds >= 0 and abs(receipt["seconds"] - seconds) <= 1

    lines = dict(line.split(maxsplit=1) for line in screen.stdout.splitlines()[1:])
    assert screen.stdout.startswith("Receipt: prompts.jsonl, model simulated, tier batch, completed\n")
    assert lines["lines"] == f"{LINES} ok, 0 failed"
    usage = receipt["usage"]
    assert lines["tokens"] == (
        f"{usage['input_tokens']:,} in ({usage['cached_input_percent']:.1f}% cached), {usage['output_tokens']:,} out")
    assert lines["charged"] == shown(charged)
    assert lines["quoted"] == f"{shown(expected)}, at most {shown(Decimal(receipt['quoted']['max']))}"
    assert lines["saved"] == f"{shown(standard - charged)} against standard ({shown(standard)})"
    assert lines["results"] == str(job.results_path) and lines["time"].endswith(" s")
    assert "Quote: prompts.jsonl, tier batch" in screen.stderr and "Quote" not in screen.stdout


def test_lines_that_fail_are_told_in_a_file_and_by_the_status(run, prompts, tmp_path, start_engine):
    (tmp_path / "prices.yaml").write_text(PRICES + "batch: {max_attempts: 1}\n")
    screen = run(prompts, "--engine", start_engine(fault="garbage=0.5").url, status=3)
    job = JobFiles(prompts)
    failed = [row["custom_id"] for row in job.errors]
    assert failed and job.results
    order = [f"river-{number}" for number in range(LINES)]
    assert job.answered == [name for name in order if name not in failed], "one file or the other, in order"
    assert failed == [name for name in order if name in failed]
    assert all(row["error"] or row["response"]["status_code"] >= 400 for row in job.errors)
    assert job.receipt["lines"] == {
        "total": LINES, "completed": len(job.answered), "failed": len(failed), "not_run": 0}
    assert Decimal(job.receipt["charged"]) == cost(job.results, Decimal("0.5"))
    assert f"{len(failed)} of {LINES} lines have no answer" in screen.stderr
    assert str(job.errors_path) in screen.stdout


def test_a_line_that_the_engine_refuses_fails_alone(run, tmp_path, start_engine):
    file = write(tmp_path / "long.jsonl", [{"prompt": "x" * 8_000}, {"prompt": "short"}])
    run(file, "--engine", start_engine(context=1000).url, status=3)
    [row] = JobFiles(file).errors
    assert row["custom_id"] == "1" and row["response"]["status_code"] == 400
    assert row["response"]["body"]["error"]["code"] == "context_length_exceeded"
    assert JobFiles(file).answered == ["2"]


def test_a_file_that_cannot_be_read_runs_nothing(run, tmp_path, start_engine):
    engine = start_engine()
    file = write(tmp_path / "bad.jsonl", [{"prompt": "good"}, {"prompt": 7}, {"text": "no prompt"}])
    screen = run(file, "--engine", engine.url, status=2)
    assert "line 2, field 'prompt'" in screen.stderr and "line 3" in screen.stderr
    assert engine.execution_log()["started"] == 0
    assert not JobFiles(file).receipt_path.exists()


def test_an_engine_that_is_not_there(run, prompts, start_engine):
    gone = start_engine()
    gone.kill()
    assert "no engine can be used" in run(prompts, "--engine", gone.url, status=5).stderr
    assert not JobFiles(prompts).results_path.exists()


def test_a_finished_job_is_not_paid_twice(run, prompts, tmp_path, start_engine):
    engine = start_engine()
    first = run(prompts, "--engine", engine.url)
    job = JobFiles(prompts)
    results, receipt = job.results, job.receipt
    job.results_path.unlink()
    again = run(prompts, "--engine", engine.url)
    assert "This job is finished" in again.stderr
    assert (again.stdout, job.results, job.receipt) == (first.stdout, results, receipt), "the same, written again"
    books = Books(tmp_path / ".local/share/ebb/run")
    assert engine.execution_log()["started"] == len(books.charges()) == LINES
    run(prompts, "--engine", engine.url, "--again")
    assert engine.execution_log()["started"] == len(books.charges()) == 2 * LINES


def test_output_puts_the_files_elsewhere(run, prompts, tmp_path, start_engine):
    (tmp_path / "out").mkdir()
    run(prompts, "--engine", start_engine().url, "--output", "out/rivers")
    assert len(JobFiles(tmp_path / "out/rivers").results) == LINES
    assert JobFiles(tmp_path / "out/rivers").receipt_path.exists()
    assert not JobFiles(prompts).results_path.exists() and not JobFiles(prompts).receipt_path.exists()


@pytest.mark.parametrize("concurrency", [1, 3])
def test_concurrency_is_kept(run, prompts, concurrency):
    with CountingEngine(concurrency) as engine:
        run(prompts, "--engine", engine.url, "--concurrency", concurrency)
    assert engine.peak == concurrency
    assert len(engine.sent("/v1/chat/completions")) == LINES


class CountingEngine(ScriptedEngine):
    """Counts how many requests it has at once; each waits a moment for one too many."""

    MOMENT = 0.05

    def __init__(self, allowed):
        super().__init__("simulated")
        self.gate = threading.Condition()
        self.allowed = allowed
        self.running = self.peak = 0

    def usual_answer(self, path, body):
        with self.gate:
            self.running += 1
            self.peak = max(self.peak, self.running)
            self.gate.notify_all()
            self.gate.wait_for(lambda: self.running > self.allowed, self.MOMENT)
            self.running -= 1
        return super().usual_answer(path, body)


@pytest.mark.parametrize("tier, served, window, factor", [
    ("standard", "default", "24h", 1), ("batch", "batch", "24h", "0.5"), ("8h", "8h", "8h", "0.6"),
    ("24h", "batch", "24h", "0.5")])
def test_tiers_and_windows_are_priced_as_such(run, prompts, engine, tier, served, window, factor):
    run(prompts, "--engine", engine.url, "--tier", tier)
    job = JobFiles(prompts)
    assert (job.receipt["tier"], job.receipt["completion_window"]) == (served, window)
    assert Decimal(job.receipt["charged"]) == cost(job.results, Decimal(factor))
    assert Decimal(job.receipt["standard"]) == cost(job.results, 1)


def test_a_running_gateway_does_the_work(run, prompts, start_gateway, start_engine):
    engine = start_engine()
    gateway = start_gateway(engine, config=PRICES)
    screen = run(prompts, "--server", gateway.url, EBB_API_KEY=KEY)
    job = JobFiles(prompts)
    assert job.answered == [f"river-{number}" for number in range(LINES)]
    batch_id = job.receipt["batch"]
    assert batch_id in screen.stderr and job.receipt["status"] == "completed"
    charges = Books(gateway.data).charges(batch_id)
    assert len(charges) == LINES
    assert Decimal(job.receipt["charged"]) * 10**12 == sum(charge["amount"] for charge in charges)
    with gateway.sdk() as client:
        assert client.batches.retrieve(batch_id).request_counts.completed == LINES
    assert "This job is finished" in run(prompts, "--server", gateway.url, EBB_API_KEY=KEY).stderr
    assert engine.execution_log()["started"] == LINES


def test_a_gateway_that_is_not_there_or_refuses_the_key(run, prompts, gateway, start_engine):
    gone = start_engine()
    gone.kill()
    run(prompts, "--server", gone.url, status=5, EBB_API_KEY=KEY)
    run(prompts, "--server", gateway.url, status=2, EBB_API_KEY="sk-wrong")


def test_prompts_and_messages(run, tmp_path):
    file = write(tmp_path / "in.jsonl", [
        {"prompt": "Name a river.", "max_tokens": 9},
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a lake."}]}])
    prompt, messages = sorted(sent_by(run, file, "--max-tokens", 5), key=lambda body: len(body["messages"]))
    assert prompt["messages"] == [{"role": "user", "content": "Name a river."}]
    assert messages["messages"] == [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a lake."}]
    assert (prompt["max_tokens"], messages["max_tokens"]) == (9, 5), "the option counts where a line does not say"
    assert prompt["model"] == messages["model"] == "scripted"


def test_csv_with_a_template(run, tmp_path):
    file = tmp_path / "reviews.csv"
    file.write_text('id,text\r\na,"good, but ""slow"""\r\nb,"two\nlines"\r\n')
    texts = [body["messages"] for body in sent_by(run, file, "--template", "Classify: {{text}}")]
    assert texts == [[{"role": "user", "content": 'Classify: good, but "slow"'}],
                     [{"role": "user", "content": "Classify: two\nlines"}]]
    assert JobFiles(file).answered == ["a", "b"]


def test_a_system_message_from_a_file(run, prompts, tmp_path):
    (tmp_path / "system.txt").write_text("You name rivers.")
    bodies = sent_by(run, prompts, "--system", tmp_path / "system.txt")
    assert len(bodies) == LINES
    assert all(body["messages"][0] == {"role": "system", "content": "You name rivers."} for body in bodies)
    assert {body["messages"][1]["content"] for body in bodies} == {f"Name river {n}." for n in range(LINES)}
