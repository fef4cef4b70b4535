"""`ebb batch validate`: a batch file is judged as the gateway would, without one."""
import json
import subprocess

from harness.batches import chat_line, jsonl
from harness.program import binary


def validate(*arguments, text=None):
    return subprocess.run(
        [binary(), "batch", "validate", *map(str, arguments)], input=text, capture_output=True, text=True, timeout=60)


def written(folder, lines):
    path = folder / "in.jsonl"
    path.write_bytes(jsonl(lines))
    return path


def test_a_good_file_is_valid(tmp_path):
    done = validate(written(tmp_path, [chat_line(f"line-{number}", "Hello") for number in range(3)]))
    assert done.returncode == 0 and not done.stderr
    assert "3 lines for /v1/chat/completions, model simulated" in done.stdout and done.stdout.endswith(": valid\n")


def test_every_problem_has_its_line_and_code(tmp_path):
    lines = [chat_line("a", "one"), chat_line("a", "two"), chat_line("b", "three", stream=True)]
    path = written(tmp_path, lines)
    path.write_bytes(path.read_bytes() + b"not json\n")
    done = validate(path)
    assert done.returncode == 1 and done.stdout.endswith("not valid\n")
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [f"{path}:{line}" for line in (2, 3, 4)]
    report = json.loads(validate(path, "--json").stdout)
    assert (report["valid"], report["lines"], report["endpoint"]) == (False, 4, "/v1/chat/completions")
    assert [(error["line"], error["code"]) for error in report["errors"]] == [
        (2, "duplicate_custom_id"), (3, "streaming_unsupported"), (4, "invalid_json_line")]


def test_the_endpoint_is_the_callers_choice_and_standard_input_a_file(tmp_path):
    text = jsonl([chat_line("a", "one")]).decode()
    assert validate("-", text=text).returncode == 0
    done = validate("-", "--endpoint", "/v1/embeddings", text=text)
    assert done.returncode == 1 and "invalid_url" in done.stderr
    assert validate("-", "--endpoint", "/v1/nothing", text=text).returncode == 2
    assert validate(tmp_path / "missing.jsonl").returncode == 2


def test_the_gateway_says_the_same(gateway, tmp_path):
    from harness.batches import ended, submit

    lines = [chat_line("a", "one"), chat_line("a", "two"), {"custom_id": "c", "method": "GET", "url": "/v1/x"}]
    batch = ended(gateway.sdk(), submit(gateway.sdk(), lines).id)
    report = json.loads(validate(written(tmp_path, lines), "--json").stdout)
    assert [(error.line, error.code, error.message) for error in batch.errors.data] == [
        (error["line"], error["code"], error["message"]) for error in report["errors"]]
