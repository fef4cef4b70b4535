"""`ebb simulate`: traces in, the same report out every time, and clear words for what cannot be used."""
import json
import os

import pytest
from harness.commands import ebb, start


def azure(folder, seconds=60, per_second=2):
    path = folder / "trace.csv"
    rows = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    for number in range(seconds * per_second):
        second, part = divmod(number, per_second)
        rows.append(
            f"2023-11-16 18:{second // 60:02}:{second % 60:02}.{part * 10 // per_second}000000,"
            f"{400 + number * 37 % 900},{20 + number * 13 % 80}")
    path.write_text("\n".join(rows) + "\n")
    return path


def charges(folder):
    path = folder / "ledger.jsonl"
    rows = []
    for number in range(120):
        tier = ["default", "default", "flex", "batch"][number % 4]
        rows.append(json.dumps({
            "project": f"proj_{number % 2}", "batch": "batch_1" if tier == "batch" else None, "served_tier": tier,
            "started_at": f"2026-11-22T08:00:{number // 2:02}Z",
            "usage": {"input": 500, "cached_input": 100, "output": 40}}))
    path.write_text("\n".join(rows) + "\n")
    return path


def test_policies_side_by_side_print_the_same_bytes_twice(tmp_path):
    trace = azure(tmp_path)
    command = ["simulate", trace, "--engine", "l4", "--backlog", "3000", "--engine-cost", "1.20"]
    first = ebb(*command, "--html", tmp_path / "1.html", home=tmp_path)
    again = ebb(*command, "--html", tmp_path / "2.html", home=tmp_path)
    assert first.stdout == again.stdout and first.stderr == ""
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()
    for name in ("alone", "flood", "engine-priority", "ebb balanced"):
        assert f"\n{name} " in first.stdout
    assert "times as long as alone" in first.stdout

    report = json.loads(ebb(*command, "--json", home=tmp_path).stdout)
    runs = {run["run"]: run for run in report["runs"]}
    waits = {name: run["tiers"][0]["ttft_ms"]["p99"] for name, run in runs.items()}
    assert waits["alone"] <= waits["ebb balanced"] < waits["flood"]
    assert runs["alone"]["background_tokens_per_second"] == 0 < runs["ebb balanced"]["background_tokens_per_second"]
    assert all(run["rules_broken"] == 0 for run in runs.values())
    page = (tmp_path / "1.html").read_text()
    assert "<svg" in page and "<script" not in page and "http" not in page


def test_several_projects_tiers_and_batches_print_the_same_bytes_twice(tmp_path):
    """Where equals meet, nothing may hang on the order of a dictionary, which is another in each process."""
    rows = []
    for number in range(240):
        tier = ["default", "flex", "default", "batch", "default", "priority"][number % 6]
        rows.append(json.dumps({
            "project": f"proj_{number % 5}", "batch": f"batch_{number % 4}" if tier == "batch" else None,
            "served_tier": tier, "started_at": f"2026-11-22T08:00:{number // 8:02}Z",
            "usage": {"input": 500, "output": 40}}))
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_text("\n".join(rows) + "\n")
    command = ["simulate", ledger, "--engine", "desk", "--engines", "2", "--duration", "200s", "--move", "40%:flex"]
    told = [ebb(*command, "--json", home=tmp_path).stdout for _ in range(3)]
    assert told[0] == told[1] == told[2]
    runs = json.loads(told[0])["runs"]
    assert any({"default", "flex", "batch"} <= {tier["tier"] for tier in run["tiers"]} for run in runs)
    assert any(len(run["projects"]) == 5 for run in runs)
    assert all(run["rules_broken"] == 0 for run in runs)


def test_times_that_must_hold(tmp_path):
    profile = "slo:ttft=900ms,gap=52ms"
    report = json.loads(ebb(
        "simulate", azure(tmp_path, seconds=240), "--policy", "ebb", "--profile", f"{profile},throughput", "--json",
        home=tmp_path).stdout)
    steered, bold = report["runs"]
    assert [steered["run"], bold["run"]] == [f"ebb {profile}", "ebb throughput"]
    assert steered["tiers"][0]["gap_ms"]["p99"] <= 52 < bold["tiers"][0]["gap_ms"]["p99"]
    assert steered["background_tokens_per_second"] > 0


def test_recorded_batches_projects_and_prices(tmp_path):
    book = tmp_path / "ebb.yaml"
    book.write_text("prices: {models: {m: {default: {input: 1, cached_input: 0.1, output: 2}, batch: {times: 0.5}}}}\n")
    ledger = charges(tmp_path)
    command = ["simulate", ledger, "--duration", "290s", "--policy", "ebb", "--prices", "m", "--config", book]
    report = json.loads(ebb(*command, "--json", home=tmp_path).stdout)
    assert report["load"]["format"] == "ebb" and report["load"]["batch_lines"] == 150
    [run] = report["runs"]
    assert [tier["tier"] for tier in run["tiers"]] == ["default", "flex", "batch"]
    assert [project["project"] for project in run["projects"]] == ["proj_0", "proj_1"]
    earned = {tier["tier"]: tier for tier in run["money"]["tiers"]}
    standard, flex = earned["default"], earned["flex"]
    assert standard["revenue"] == f"{standard['requests'] * (400 + 10 + 80) / 1e6:.6f}".rstrip("0")
    assert flex["revenue"] is None and flex["unpriced"] == flex["requests"] > 0, "flex has no price, so no revenue"
    assert run["money"]["margin"] is None


def test_engines_for_an_objective_and_a_move(tmp_path):
    trace = azure(tmp_path, seconds=240, per_second=6)
    sweep = ebb("simulate", trace, "--engine", "l4", "--engines", "1..4", "--slo", "ttft_p99=1s", home=tmp_path).stdout
    answer = sweep.splitlines()[-1]
    assert answer.startswith("Under ebb balanced ") and "engines hold a p99 time to first token of 1.00 s" in answer
    moved = json.loads(ebb(
        "simulate", trace, "--engine", "l4", "--move", "40%:2h", "--engine-cost", "1", "--json", home=tmp_path).stdout)
    assert moved["move"]["tier"] == "2h"
    assert moved["move"]["engines_after"] <= moved["move"]["engines_before"]
    assert 0.3 < moved["move"]["requests"] / moved["load"]["requests"] < 0.5


@pytest.mark.parametrize("options, words", [
    (["--engine", "tpu"], "--engine 'tpu'"), (["--engines", "0"], "--engines '0'"),
    (["--engines", "4..1"], "--engines '4..1'"), (["--engines", "1..999999999"], "--engines"),
    (["--slots", "0"], "--slots"), (["--rate", "0"], "--rate"), (["--rate", "nan"], "--rate"),
    (["--duration", "soon"], "--duration 'soon'"), (["--policy", "luck"], "--policy 'luck'"),
    (["--profile", "bold"], "--profile 'bold'"), (["--profile", "slo:ttft=1s"], "--profile 'slo:ttft=1s'"),
    (["--profile", "balanced,slo:ttft=1s,gap=fast"], "--profile 'slo:ttft=1s,gap=fast'"),
    (["--move", "40:batch"], "--move '40:batch'"),
    (["--move", "40%:soon"], "--move '40%:soon'"), (["--window", "1"], "--window '1'"),
    (["--slo", "ttft_p99=fast"], "--slo 'ttft_p99=fast'"), (["--backlog", "-1"], "--backlog"),
    (["--duration", "30d", "--rate", "90"], "can be simulated"),
    (["--engine-cost", "much"], "--engine-cost 'much'"), (["--format", "pcap"], "--format 'pcap'"),
    (["--config", "ebb.yaml"], "--prices"), (["--batch", "absent.csv"], "absent.csv cannot be opened"),
])
def test_options_that_cannot_be_used(tmp_path, options, words):
    failed = ebb("simulate", azure(tmp_path, seconds=2), *options, home=tmp_path, status=2)
    assert failed.stdout == "" and words in failed.stderr


def test_traces_that_cannot_be_used(tmp_path):
    for text, words in (
            ("", ":1: the file holds no requests"), ("hello\n", ":1: this is no Azure CSV"),
            ("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:00:00,1\n", ":2: expected TIMESTAMP"),
            ('{"timestamp":0,"input_length":5,"output_length":1}\n{"timestamp":1}\n', ":2: input_length"),
            ("2023-11-16 18:00:00,1,1\n2099-11-16 18:00:00,1,1\n", ":2: more than 30 days from another request"),
            ("2023-11-16 18:00:00,1,1\n" + "1" * (2 << 20) + "\n", ":2: the line is longer than 1048576 bytes")):
        path = tmp_path / "broken"
        path.write_text(text)
        failed = ebb("simulate", path, home=tmp_path, status=2)
        assert failed.stdout == "" and f"broken{words}" in failed.stderr, failed.stderr
    assert "cannot be opened" in ebb("simulate", tmp_path / "absent.csv", home=tmp_path, status=2).stderr


def test_a_ledger_is_replayed_as_it_was_printed(start_gateway, engine, tmp_path):
    gateway = start_gateway(engine)
    with gateway.sdk() as client:
        for number in range(4):
            client.chat.completions.create(
                model="simulated", messages=[{"role": "user", "content": f"Name river {number}."}])
    week = tmp_path / "week.jsonl"
    week.write_text(ebb("ledger", "list", "--data", gateway.data, "--json", home=tmp_path).stdout)
    report = json.loads(ebb(
        "simulate", week, "--duration", "60s", "--policy", "ebb", "--backlog", "0", "--json", home=tmp_path).stdout)
    assert (report["load"]["format"], report["load"]["requests"] % 4) == ("ebb", 0)
    [tier] = report["runs"][0]["tiers"]
    assert tier["tier"] == "default" and tier["finished"] > 0


def test_the_page_replaces_nothing_that_is_read(tmp_path):
    trace = azure(tmp_path, seconds=2)
    text = trace.read_text()
    config = tmp_path / "ebb.yaml"
    config.write_text("{}\n")
    other = tmp_path / "other"
    other.symlink_to(trace)
    for page, words in ((trace, "the trace"), (other, "the trace"), ("./trace.csv", "the trace"), (config, "--config")):
        failed = ebb(
            "simulate", trace, "--prices", "m", "--config", config, "--html", page, home=tmp_path, status=2)
        assert failed.stdout == "" and f"is {words}, which the page would replace" in failed.stderr
    assert trace.read_text() == text and config.read_text() == "{}\n"


def test_a_page_goes_into_a_pipe_and_a_report_that_cannot_be_written_is_told(tmp_path):
    command = ["simulate", azure(tmp_path, seconds=2), "--policy", "ebb", "--backlog", "0"]
    pipe = tmp_path / "page"
    os.mkfifo(pipe)
    process = start(*command, "--html", pipe, home=tmp_path)
    with open(pipe) as page:
        assert page.read().rstrip().endswith("</html>")
    process.communicate()
    assert process.returncode == 0 and pipe.is_fifo()

    # A link, so that a mistake here cannot cost the machine its device.
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    failed = ebb(*command, "--html", full, home=tmp_path, status=2)
    assert "cannot write" in failed.stderr and full.is_symlink()
    with open("/dev/full", "w") as out:
        process = start(*command, home=tmp_path, stdout=out)
        assert "cannot write standard output" in process.communicate()[1] and process.returncode == 2
