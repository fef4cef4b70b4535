"""Files that `ebb quote` takes as `ebb run` does."""
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
    assert "line 2, field 'prompt': it is missing; the row has 'Rivers'" in failed.stderr
    assert "--quote-only" in failed.stderr and "--template" in failed.stderr
