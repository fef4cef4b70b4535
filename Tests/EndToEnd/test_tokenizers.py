"""`tokenizer.json` files against the library that writes them: the ids are equal, or the file is refused."""
import itertools
import json
import random
import subprocess

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from harness.program import REPOSITORY, binary
from harness.scripts import tokenizer_fuzz as fuzz

CONTRACTIONS = "'s|'t|'re|'ve|'m|'ll|'d"
WORDS = (
    rf"(?i:{CONTRACTIONS})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|%s| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA = WORDS % r"\p{N}{1,3}"
QWEN = WORDS % r"\p{N}"


def strings(count=600):
    """Prose of this repository, scalars of all planes, runs, and added tokens in the middle of all that."""
    made = [case.decode("utf-8", "replace") for case in fuzz.random_cases(random.Random(7), count)]
    made += ["", "e\u0301 \u00e9 \u1112\u1161\u11ab \u212b", "a\u0315\u1df6\u0300 \u304b\u3099\u4e2d\u6587"]
    made += ["\U000e0041\u0301 \u0cc6\u0cc2\u0cd5 \uac00\u11a8 \u1113\u1161"]
    made += ["<|start|>system\n<|end|>  <mask>\t x<pad>y", "<|sta<|start|>rt|>"]
    special = itertools.cycle(["<|start|>", "<mask>", "<pad>", " <|end|>\n"])
    made += [text + next(special) + text for text in made[:50]]
    return made + [path.read_text()[:4000] for path in sorted(REPOSITORY.glob("docs/guides/*.md"))]


def split(pattern):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


KINDS = {
    "gpt2": dict(pre=lambda: pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "llama": dict(pre=lambda: split(LLAMA), ignore_merges=True, around=["<|start|>", "$A"]),
    "qwen": dict(pre=lambda: split(QWEN), normalizer=normalizers.NFC(), around=["<|start|>", "$A", "<|end|>"]),
}


@pytest.fixture(scope="module", params=KINDS)
def trained(request, tmp_path_factory):
    """A small byte-level tokenizer of a known kind, trained here, and its file."""
    kind = KINDS[request.param]
    tokenizer = Tokenizer(models.BPE(ignore_merges=kind.get("ignore_merges", False)))
    tokenizer.pre_tokenizer = kind["pre"]()
    tokenizer.decoder = decoders.ByteLevel()
    if "normalizer" in kind:
        tokenizer.normalizer = kind["normalizer"]
    corpus = [path.read_text() for path in sorted((REPOSITORY / "docs").rglob("*.md"))]
    corpus += [case.decode("utf-8", "replace") for case in fuzz.random_cases(random.Random(3), 300)]
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=2_000, special_tokens=["<|start|>", "<|end|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.add_tokens([AddedToken("<pad>", normalized=True), AddedToken("<mask>", lstrip=True, rstrip=True)])
    if "around" in kind:
        special = [(name, tokenizer.token_to_id(name)) for name in ["<|start|>", "<|end|>"]]
        tokenizer.post_processor = processors.TemplateProcessing(single=kind["around"], special_tokens=special)
    path = tmp_path_factory.mktemp(request.param) / "tokenizer.json"
    tokenizer.save(str(path))
    return tokenizer, path


def count(*arguments, lines=(), check=True):
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    return subprocess.run(
        [binary(), "count", "--jsonl", *map(str, arguments)], input=text.encode(), capture_output=True, timeout=60,
        check=check)


def test_ids_are_those_of_the_library(trained):
    tokenizer, path = trained
    lines = strings()
    answers = count("--tokenizer", path, "--ids", lines=lines).stdout.splitlines()
    assert len(answers) == len(lines) > 600
    for line, answer in zip(lines, answers):
        assert json.loads(answer) == tokenizer.encode(line, add_special_tokens=False).ids, repr(line)


def test_a_prompt_has_the_tokens_around_it_and_a_text_has_not(trained, tmp_path):
    tokenizer, path = trained
    (tmp_path / "ebb.yaml").write_text(f"models: {{mine: {{tokenizer: {path}}}}}\n")
    lines = [{"model": "mine", "prompt": text} for text in strings(50)]
    answers = count("--config", tmp_path / "ebb.yaml", "--json", lines=lines).stdout.splitlines()
    for line, answer in zip(lines, answers, strict=True):
        counted = json.loads(answer)
        assert counted["tokens"] == len(tokenizer.encode(line["prompt"]).ids), repr(line)
        assert (counted["countedBy"], counted["isEstimate"]) == ("tokenizer", False)
    text = "".join(strings(50))
    (tmp_path / "text").write_text(text, newline="")
    whole = subprocess.run(
        [binary(), "count", "--model", "mine", "--config", tmp_path / "ebb.yaml", tmp_path / "text"],
        capture_output=True, text=True, check=True)
    assert int(whole.stdout) == len(tokenizer.encode(text, add_special_tokens=False).ids)


def quoted(*arguments):
    done = subprocess.run([binary(), "quote", "--json", *map(str, arguments)], capture_output=True, check=True)
    [model] = json.loads(done.stdout)["models"]
    return model


def test_a_quote_asks_the_engine_first_and_says_who_counted(trained, start_engine, tmp_path):
    tokenizer, path = trained
    engine = start_engine()
    config = tmp_path / "ebb.yaml"
    config.write_text(
        f"engines: [{{name: sim, url: '{engine.url}', kind: simulated}}]\n"
        f"models: {{mine: {{engines: [{{engine: sim, model: simulated}}], tokenizer: {path}}}}}\n")
    prompts = strings(40)
    bodies = tmp_path / "bodies.jsonl"
    # Completions, whose prompts no chat template surrounds.
    lines = [{"custom_id": str(number), "url": "/v1/completions", "body": {"model": "mine", "prompt": prompt}}
             for number, prompt in enumerate(prompts)]
    bodies.write_text("".join(json.dumps(line) + "\n" for line in lines))

    asked = quoted(bodies, "--config", config)
    assert (asked["counted_by"], asked["is_estimate"]) == (["engine"], False)
    engine.kill()
    counted = quoted(bodies, "--config", config)
    assert (counted["counted_by"], counted["is_estimate"]) == (["tokenizer"], False)
    assert counted["prompt_tokens"] == sum(len(tokenizer.encode(prompt).ids) for prompt in prompts)
    guessed = quoted(bodies)
    assert guessed["counted_by"] in (["encoding"], ["bytes"]) and guessed["is_estimate"]


def unsupported():
    """Tokenizers of other kinds, each with what is said of it."""
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    unigram = Tokenizer(models.Unigram([("<unk>", 0.0), ("a", -1.0)], unk_id=0))
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    word_piece = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    sentence_piece = Tokenizer(models.BPE({"a": 0, "<unk>": 1}, [], unk_token="<unk>", byte_fallback=True))
    lower = Tokenizer(models.BPE({"a": 0}, []))
    lower.pre_tokenizer = byte_level
    lower.normalizer = normalizers.Lowercase()
    prefixed = Tokenizer(models.BPE({"a": 0}, []))
    prefixed.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    incomplete = Tokenizer(models.BPE({"a": 0}, []))
    incomplete.pre_tokenizer = byte_level
    cases = {
        "Unigram": (unigram, "model.type is not supported: only byte-level BPE is, not Unigram"),
        "WordPiece": (word_piece, "model.type is not supported: only byte-level BPE is, not WordPiece"),
        "SentencePiece": (sentence_piece, "model.byte_fallback is not supported"),
        "lower case": (lower, "normalizer is not supported"),
        "prefix space": (prefixed, "a ByteLevel that adds a space is not"),
        "missing bytes": (incomplete, "there is no token for the byte 0"),
    }
    return [pytest.param(*case, id=name) for name, case in cases.items()]


@pytest.mark.parametrize("tokenizer, reason", unsupported())
def test_other_kinds_are_refused_with_the_reason(tokenizer, reason, tmp_path):
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    failed = count("--tokenizer", path, lines=["a"], check=False)
    assert failed.returncode == 2 and not failed.stdout
    assert reason in failed.stderr.decode()


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path):
    path = tmp_path / "tokenizer.json"
    for text, reason in [("{", "is not valid JSON"), ("{}", "model.type is not supported"), (None, "cannot be opened")]:
        path.unlink(missing_ok=True)
        if text:
            path.write_text(text)
        failed = count("--tokenizer", path, lines=["a"], check=False)
        assert failed.returncode == 2 and reason in failed.stderr.decode()
