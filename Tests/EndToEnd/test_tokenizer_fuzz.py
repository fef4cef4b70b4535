"""Ids of cl100k_base and o200k_base against tiktoken: seeded, of every kind, in seconds.

`Scripts/tokenizer-fuzz.py` makes the strings, and compares a hundred times as many where there is time. A debug build
takes long to write ids, so texts that are many are compared by their number of tokens, and every 32nd by its ids.
"""
import json
import os
import pathlib
import random
import subprocess

import pytest

from harness.program import REPOSITORY, binary
from harness.scripts import tokenizer_fuzz as fuzz

SEED = 20261122
VOCABULARIES = pathlib.Path(
    os.environ.get("EBB_VOCABULARIES") or
    pathlib.Path(os.environ.get("EBB_CACHE") or REPOSITORY / ".cache") / "vocabularies")
# Texts of one file; texts are joined so that files are few.
TEXTS_A_FILE = 256


@pytest.fixture(scope="module", params=["cl100k_base", "o200k_base"])
def encoding(request, tmp_path_factory):
    """The name of an encoding, and what tiktoken makes of a text."""
    path = VOCABULARIES / f"{request.param}.tiktoken"
    if not path.exists():
        pytest.skip(f"no {path}: run Scripts/fetch-vocabularies")
    import tiktoken

    cache = tmp_path_factory.mktemp("tiktoken")
    (cache / fuzz.FILE_NAMES[request.param]).symlink_to(path.resolve())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(cache))
        return request.param, tiktoken.get_encoding(request.param).encode_ordinary


def answers(encoding, *arguments, text=b""):
    done = subprocess.run(
        [binary(), "count", "--encoding", encoding, "--vocabularies", VOCABULARIES, *arguments], input=text,
        capture_output=True, timeout=120, check=True)
    return [json.loads(line.split()[0]) for line in done.stdout.splitlines()]


def lines(texts):
    return "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts).encode()


def assert_equal(texts, got, reference):
    assert len(got) == len(texts) > 0
    for text, answer in zip(texts, got):
        expected = reference(text)
        assert answer == (expected if isinstance(answer, list) else len(expected)), ascii(text)


def test_every_scalar_of_unicode(encoding):
    name, reference = encoding
    texts = [block.decode() for block in fuzz.scalar_blocks(random.Random(SEED))]
    assert sum(map(len, texts)) > 0x110000 - 0x800
    assert_equal(texts, answers(name, "--jsonl", text=lines(texts)), reference)
    some = texts[:8] + texts[8::32]
    assert_equal(some, answers(name, "--jsonl", "--ids", text=lines(some)), reference)


def test_repeats_and_mixtures(encoding):
    name, reference = encoding
    generator = random.Random(SEED)
    texts = [case.decode() for case in fuzz.repeats(generator)]
    texts += [case.decode("utf-8", "replace") for case in fuzz.random_cases(generator, 1_000)]
    assert_equal(texts, answers(name, "--jsonl", text=lines(texts)), reference)
    some = [text for text in texts if len(text) < 300]
    assert_equal(some, answers(name, "--jsonl", "--ids", text=lines(some)), reference)


def test_bytes_that_are_not_utf_8(encoding, tmp_path):
    name, reference = encoding
    broken = list(fuzz.every_ill_formed_pair())
    random.Random(SEED).shuffle(broken)
    texts = [b"\n".join(broken[start:start + TEXTS_A_FILE]) for start in range(0, len(broken), TEXTS_A_FILE)]
    texts += [case for case in fuzz.random_cases(random.Random(SEED), 500) if not is_utf_8(case)]
    for number, text in enumerate(texts):
        (tmp_path / str(number)).write_bytes(text)
    paths = [tmp_path / str(number) for number in range(len(texts))]
    repaired = [text.decode("utf-8", "replace") for text in texts]
    *counts, total = answers(name, *paths)
    assert total == sum(counts)
    assert_equal(repaired, counts, reference)
    assert_equal(repaired[::32], answers(name, "--ids", *paths[::32]), reference)


def is_utf_8(text):
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
