"""Files that `ebb quote` takes as `ebb run` does."""
import json

from harness.batches import chat_line, jsonl
from test_quote import bodies, ebb, quoted


def test_csv_is_quoted_as_it_would_run(tmp_path):
    (tmp_path / "p.csv").write_text("id,prompt\na,Name a river.\nb,Name a brook.\n")
    model = quoted("p.csv", "--model", "gpt-5-mini", home=tmp_path)
    same = bodies(tmp_path, model="gpt-5-mini", messages=[{"role": "user", "content": "Name a river."}])
    assert (model["lines"], model["model"]) == (2, "gpt-5-mini")
    assert model["prompt_tokens"] == 2 * quoted(same, home=tmp_path)["prompt_tokens"]
    (tmp_path / "t.csv").write_text("text\nriver\nbrook\n")
    same = ["--model", "gpt-5-mini", "--template"]
    assert quoted("t.csv", *same, "Name a {{text}}.", home=tmp_path)["prompt_tokens"] == model["prompt_tokens"]
    (tmp_path / "t.jsonl").write_text('{"text":"river"}\n{"text":"brook"}\n')
    assert quoted("t.jsonl", *same, "Name a {{text}}.", home=tmp_path)["prompt_tokens"] == model["prompt_tokens"]


def test_a_file_that_is_neither_says_how_it_can_be_quoted(tmp_path):
    (tmp_path / "notes.txt").write_text("Rivers\nName a river.\n")
    failed = ebb("quote", "notes.txt", "--model", "gpt-5-mini", home=tmp_path, status=2)
    assert "line 1, field 'prompt': no column has this name; there are 'Rivers'." in failed.stderr
    assert "--quote-only" in failed.stderr and "--template" in failed.stderr


def test_a_prompt_has_one_count_wherever_it_is_asked(engine, tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"prompt":"Name a river."}\n\n{"prompt":"Name a brook."}\n')
    (tmp_path / "batch.jsonl").write_bytes(jsonl([chat_line("a", "Name a river."), chat_line("b", "Name a brook.")]))
    job = ["rows.jsonl", "--model", "simulated"]
    run = json.loads(ebb("run", *job, "--engine", engine.url, "--quote-only", "--json", home=tmp_path).stdout)
    [model] = run["quote"]["models"]
    rows, lines = quoted(*job, home=tmp_path), quoted("batch.jsonl", home=tmp_path)
    assert rows["prompt_tokens"] == lines["prompt_tokens"] and rows["lines"] == 2
    same = quoted(*job, "--engine", engine.url, home=tmp_path)
    assert model["prompt_tokens"] == same["prompt_tokens"], "the engine counts both"


def test_a_file_that_cannot_be_quoted_says_why(tmp_path):
    (tmp_path / "array.json").write_text('[{"prompt":"a"}]\n')
    assert "JSON array" in ebb("quote", "array.json", "--model", "gpt-5-mini", home=tmp_path, status=2).stderr
    create = ["batch", "create"]
    assert "JSON array" in ebb(*create, "array.json", home=tmp_path, status=2).stderr
    assert "JSON array" in ebb("batch", "validate", "array.json", home=tmp_path, status=1).stderr
    (tmp_path / "none.jsonl").write_text("")
    assert "none.jsonl is empty" in ebb(*create, "none.jsonl", home=tmp_path, status=2).stderr
    assert "none.jsonl is empty" in ebb("quote", "none.jsonl", home=tmp_path, status=2).stderr
    (tmp_path / "rows.jsonl").write_text('{"prompt":"a"}\n')
    assert "--model NAME" in ebb("quote", "rows.jsonl", home=tmp_path, status=2).stderr


def test_a_wrong_limit_is_told_with_the_line_of_the_file(engine, tmp_path):
    (tmp_path / "p.jsonl").write_text('{"prompt":"a"}\n\n\n{"prompt":"b","max_tokens":"many"}\n')
    job = ["p.jsonl", "--model", "simulated"]
    failed = ebb("run", *job, "--engine", engine.url, "--yes", home=tmp_path, status=2)
    assert "line 4: Invalid type for 'body.max_tokens'" in failed.stderr
    assert "p.jsonl:4: invalid_type" in ebb("quote", *job, home=tmp_path, status=2).stderr
