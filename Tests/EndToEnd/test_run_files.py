"""`ebb run`: files that appear whole, here and through a gateway."""
import json

import pytest

from harness.commands import ebb
from harness.gateway import KEY

PROMPTS = "".join(json.dumps({"prompt": f"Name river {number}."}) + "\n" for number in range(8))


@pytest.fixture(params=["here", "by a gateway"])
def job(request, engine, tmp_path):
    """The arguments of a job; what it runs on is the parameter."""
    (tmp_path / "prompts.jsonl").write_text(PROMPTS)
    if request.param == "here":
        return ["run", tmp_path / "prompts.jsonl", "--model", "simulated", "--yes", "--engine", engine.url]
    gateway = request.getfixturevalue("start_gateway")(engine)
    (tmp_path / "key").write_text(KEY)
    return [
        "run", tmp_path / "prompts.jsonl", "--model", "simulated", "--yes", "--server", gateway.url,
        "--key-file", tmp_path / "key"]


def test_results_and_receipt_stand_beside_the_input_and_nothing_else(job, tmp_path):
    before = {path.name for path in tmp_path.iterdir()}
    ebb(*job, home=tmp_path)
    made = {path.name for path in tmp_path.iterdir() if path.is_file()} - before
    assert made == {"prompts.jsonl.results.jsonl", "prompts.jsonl.receipt.json"}
    assert len((tmp_path / "prompts.jsonl.results.jsonl").read_text().splitlines()) == 8


def test_a_folder_that_does_not_take_the_results_is_told_before_anything_runs(job, tmp_path):
    failed = ebb(*job, "--output", tmp_path / "missing" / "out", home=tmp_path, status=2)
    assert f"cannot be written into '{tmp_path}/missing/': No such file or directory" in failed.stderr
    assert "Quote" not in failed.stderr and failed.stdout == ""
    ebb(*job, "--output", "out", home=tmp_path)
    assert (tmp_path / "out.receipt.json").exists(), "a path without a folder is the working directory"
