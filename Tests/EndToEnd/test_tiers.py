"""What `--tier` takes: the API's names, people's words, windows, and nothing else."""
import pytest

from test_quote import bodies, ebb, quoted


@pytest.fixture
def lines(tmp_path):
    return bodies(tmp_path, model="gpt-5-mini", max_tokens=9)


def tiers(*arguments, home):
    return [row["tier"] for row in quoted(*arguments, home=home)["tiers"]]


@pytest.mark.parametrize("name, advice", [
    ("warp", "tiers are standard, priority, flex, batch, "), ("warp", "and windows such as 2h, 8h, 24h"),
    ("bacth", "did you mean 'batch'?"), ("batch,flexx", "did you mean 'flex'?"),
    ("batch,", "unknown tier ''")])
def test_an_unknown_tier_is_refused_with_what_is_known(lines, tmp_path, name, advice):
    failed = ebb("quote", lines, "--tier", name, home=tmp_path, status=2)
    assert "unknown tier" in failed.stderr and advice in failed.stderr
    assert failed.stdout == ""


def test_tiers_come_as_a_list_or_one_by_one_and_once_each(lines, tmp_path):
    listed = tiers(lines, "--tier", "standard,batch,flex", home=tmp_path)
    assert listed == ["default", "batch", "flex"]
    each = ["--tier", "default", "--tier", "batch", "--tier", "standard", "--tier", "batch,flex"]
    assert tiers(lines, *each, home=tmp_path) == listed, "standard and default are one tier"


def test_a_window_that_nothing_prices_is_no_mistake(lines, tmp_path):
    [row] = [row for row in quoted(lines, "--tier", "17h", home=tmp_path)["tiers"] if row["tier"] == "17h"]
    assert "no price" in row["unpriced"]


def test_a_tier_that_no_job_has_is_refused(tmp_path):
    (tmp_path / "p.jsonl").write_text('{"prompt":"x"}\n')
    job = ["run", "p.jsonl", "--engine", "http://127.0.0.1:9", "--tier"]
    assert "priority is for live requests, not for jobs" in ebb(*job, "priority", home=tmp_path, status=2).stderr
    assert "did you mean 'flex'?" in ebb(*job, "flx", home=tmp_path, status=2).stderr
    for tier in ("standard", "default"):
        assert "no engine can be used" in ebb(*job, tier, home=tmp_path, status=5).stderr
