"""`ebb experiment`: a table and its bars, and a status that says whether they were met."""
import json

import pytest

from harness.commands import ebb
from test_simulate import azure

BARS_MISSED = 3


@pytest.fixture
def traces(tmp_path):
    """Small files under the names of the published ones."""
    for name in ("conversation", "code"):
        azure(tmp_path, seconds=30).rename(tmp_path / f"azure-llm-2023-{name}.csv")
    (tmp_path / "mooncake-synthetic.jsonl").write_text("".join(json.dumps({
        "timestamp": number * 500, "input_length": 2048, "output_length": 20,
        "hash_ids": [number % 7, 100 + number % 13, 1000 + number, 2000 + number]}) + "\n" for number in range(200)))
    return tmp_path


def test_an_experiment_prints_its_bars(traces):
    done = ebb("experiment", "e5", "--traces", traces, "--quick", home=traces, check=False)
    bars = [line for line in done.stdout.splitlines() if line.endswith(("| met |", "| **missed** |"))]
    assert len(bars) >= 6 and "| bar | value | limit | |" in done.stdout, done.stderr
    assert done.returncode == (BARS_MISSED if "**missed**" in done.stdout else 0)


def test_experiments_and_traces_that_are_not_there(traces):
    unknown = ebb("experiment", "e9", "--traces", traces, home=traces, status=2)
    assert "there is no experiment 'e9'; known: e1, " in unknown.stderr
    (traces / "mooncake-synthetic.jsonl").unlink()
    missing = ebb("experiment", "e5", "--traces", traces, "--quick", home=traces, status=2)
    assert "mooncake-synthetic.jsonl cannot be opened" in missing.stderr
