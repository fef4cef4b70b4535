"""`ebb quote` and `ebb run`: what a job is expected to cost, and what that rests on."""
import json

from harness.commands import ebb

PROMPTS = [f"Name river {number}." for number in range(12)]


def prompts(folder):
    path = folder / "prompts.jsonl"
    path.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in PROMPTS))
    return path


def bodies(folder, **members):
    path = folder / "bodies.jsonl"
    body = {"model": "simulated", "messages": [{"role": "user", "content": "Name a river."}], **members}
    path.write_text(json.dumps(body) + "\n")
    return path


def quoted(*arguments, home):
    """The quote of the only model."""
    [model] = json.loads(ebb("quote", *arguments, "--json", home=home).stdout)["models"]
    return model


def test_past_runs_say_how_long_answers_will_be(engine, tmp_path):
    lines = bodies(tmp_path)
    before = quoted(lines, home=tmp_path)["output_tokens"]
    assert (before["expected_from"], before["past_answers"], before["expected"]) == ("assumption", 0, 256)
    assert not (tmp_path / ".local").exists(), "a quote makes no data folder"

    job = ["run", prompts(tmp_path), "--engine", engine.url, "--model", "simulated"]
    first = ebb(*job, "--yes", home=tmp_path)
    assert "assumed, there are no past answers of this model" in first.stderr
    answers = [
        json.loads(line)["response"]["body"]["usage"]["completion_tokens"]
        for line in (tmp_path / "prompts.jsonl.results.jsonl").read_text().splitlines()]
    assert len(answers) == len(PROMPTS)

    after = quoted(lines, home=tmp_path)["output_tokens"]
    mean = -(-sum(answers) // len(answers))
    assert (after["expected_from"], after["past_answers"]) == ("past_answers", len(PROMPTS))
    assert after["expected"] == after["expected_each"] == mean
    assert "from 12 past answers of this model" in ebb("quote", lines, home=tmp_path).stdout
    again = ebb(*job, "--again", "--quote-only", home=tmp_path)
    assert "from 12 past answers of this model" in again.stderr
    assert quoted(bodies(tmp_path, max_tokens=1), home=tmp_path)["output_tokens"]["expected"] == 1


def test_the_folder_of_a_running_server_can_be_read(start_gateway, engine, tmp_path):
    gateway = start_gateway(engine)
    with gateway.sdk() as client:
        used = client.chat.completions.create(
            model="simulated", messages=[{"role": "user", "content": "Name a lake."}]).usage.completion_tokens
    output = quoted(bodies(tmp_path), "--data", gateway.data, home=tmp_path)["output_tokens"]
    assert (output["past_answers"], output["expected_each"]) == (1, used)
    with gateway.sdk() as client:
        client.chat.completions.create(model="simulated", messages=[{"role": "user", "content": "And a sea."}])


def test_a_folder_that_is_named_must_be_there(tmp_path):
    failed = ebb("quote", bodies(tmp_path), "--data", tmp_path / "nowhere", home=tmp_path, check=False)
    assert failed.returncode == 6 and "is no data folder" in failed.stderr
    assert not (tmp_path / "nowhere").exists()


def test_a_standard_folder_that_cannot_be_read_costs_the_history_only(tmp_path):
    folder = tmp_path / ".local/share/ebb/run"
    folder.mkdir(parents=True)
    (folder / "ebb.sqlite").write_bytes(b"no database, " * 100)
    result = ebb("quote", bodies(tmp_path), home=tmp_path)
    assert "cannot open the data folder" in result.stderr
    assert "256 tokens an answer" in result.stdout
