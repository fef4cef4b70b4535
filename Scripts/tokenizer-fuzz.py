#!/usr/bin/env python3
"""Compares Ebb's token ids with tiktoken's on generated strings of every kind; exits 1 at the first differences.

Needs `tiktoken` and the rank files (Scripts/fetch-vocabularies).

    python3 Scripts/tokenizer-fuzz.py --command "PATH/tokenizer-bench ids {encoding} .cache/vocabularies" --format hex
    python3 Scripts/tokenizer-fuzz.py --command "ebb count --ids --jsonl --encoding {encoding}" --format json

With --format hex the command reads one hexadecimal byte string a line and prints ids joined by commas; with
--format json it reads one JSON string a line and prints one JSON array of ids a line (ill-formed bytes are left out
then, as JSON cannot carry them). With --counts the command prints one count a line instead of ids.
With --tokenizer-json FILE the reference is Hugging Face's `tokenizers` package with that file; one encoding is enough
then: --encodings own --command "ebb count --ids --jsonl --tokenizer FILE".
"""

import argparse
import itertools
import json
import os
import pathlib
import random
import shlex
import subprocess
import sys
import tempfile

FILE_NAMES = {"cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
              "o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790",
              "p50k_base": "ec7223a39ce59f226a68acc30dc1af2788490e15"}

ATOMS = ["'s", "'S", "'ll", "'LL", "'lL", "'re", "'VE", "'m", "'d", "'T", "'\u017f", "'\u212a", "'l", "'r", "'v", "'",
         "''", "a", "Z", "hello", "HELLO", "Hello", "camelCase", "XMLHttp", "\u0130", "\u01c5", "\u00df", "\u1e9e",
         "\u02b0", "\u0e01", "\u4e2d\u6587", "\u65e5\u672c", "\u0995\u09be", "\u09be", "\u0301", "\u20dd", "\u0903",
         "\u0660", "\u00b2", "\u2167", "1", "23", "456", "7890", "\U0001d7ce", " ", "  ", "   ", "\t", "\n", "\r",
         "\r\n", "\n\n", "\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u1680", "\u180e", "\u2003", "\u2028", "\u200b",
         "\u202f", "\u3000", "\ufeff", "/", "//", "\\", ".", "...", "!?", "-", "_", "#", "<|endoftext|>", "<|start|>",
         "\x00", "\x7f", "\u00ad", "\ue000", "\ufffd", "\uffff", "\U0001f600", "\U0001f468\u200d\U0001f469",
         "\U0001f1e9", "\ufe0f", "\U000e0041", "\U0010ffff", "\u1100\u1161", "\uac00", "\u05d0", "\u0627\u064e"]
SPACES = [" ", "\t", "\n", "\r", "\x0b", "\x0c", "\x85", "\xa0", "\u2003", "\u2028", "\u3000"]

PLACES = ["#", "#a", "a#", " #", "\n#", "#\n", "1#", "#1", "'#", "#'s", ".#", "##", "A#", "#A"]


def scalar(generator):
    plane = generator.choice([0, 0, 0, 0, 1, 1, 2, 3, 14, 15, 16])
    while True:
        value = plane << 16 | generator.randrange(0x10000)
        if not 0xD800 <= value <= 0xDFFF:
            return chr(value)


def random_cases(generator, count):
    for _ in range(count):
        kind = generator.randrange(10)
        length = generator.choice([1, 2, 3, 5, 8, 13, 40, 150])
        if kind <= 3:
            yield "".join(generator.choice(ATOMS) for _ in range(length)).encode()
        elif kind == 4:
            yield "".join(scalar(generator) for _ in range(length)).encode()
        elif kind == 5:
            block = generator.randrange(0x20, 0x3100) & ~0x3F
            letters = [chr(block + generator.randrange(64)) for _ in range(length)]
            yield "".join(c + generator.choice(["", "", "", " ", "'s"]) for c in letters).encode()
        elif kind == 6:
            atoms = SPACES + generator.choice([[], ["x", "1", "."]])
            yield "".join(generator.choice(atoms) for _ in range(length)).encode()
        elif kind == 7:
            yield bytes(generator.choice([generator.randrange(256), generator.randrange(0xC0, 0x100),
                                          generator.randrange(0x80, 0xC0), 0x20, 0x61]) for _ in range(length))
        elif kind == 8:
            good = "".join(generator.choice(ATOMS) for _ in range(length)).encode()
            yield good[generator.randrange(len(good)):][:generator.randrange(1, len(good) + 1)]
        else:
            unit = "".join(generator.choice(ATOMS) for _ in range(generator.randrange(1, 4)))
            yield (unit * generator.randrange(1, 200)).encode()


def every_scalar():
    for value in range(0x110000):
        if not 0xD800 <= value <= 0xDFFF:
            c = chr(value)
            yield f"{c}\na{c}b A{c}A A{c}a '{c} 1{c}1 {c}{c}'s \n{c}/\n{c}\t{c}".encode()


def scalar_blocks(generator, size=64):
    """Every scalar once, each in one of the places where it can decide a cut; so many of them a text."""
    scalars = [chr(value) for value in range(0x110000) if not 0xD800 <= value <= 0xDFFF]
    for start in range(0, len(scalars), size):
        yield "".join(generator.choice(PLACES).replace("#", c) for c in scalars[start:start + size]).encode()


def every_ill_formed_pair():
    for first, second in itertools.product(range(0x80, 0x100), range(0x100)):
        yield bytes([0x61, first, second, 0x62])
        yield bytes([first, second])
    for first, second, third in itertools.product(range(0xE0, 0x100), range(0x7F, 0xC1), [0x7F, 0x80, 0xBF, 0xC0]):
        yield bytes([first, second, third])
        yield bytes([first, second, third, 0x80, 0x61])


def repeats(generator):
    for unit in ["a", "A", " ", "\n", "\r\n", "\t", "1", ".", "/", "'", "\u4e2d", "\u0995", "\U0001f600", "\u0301",
                 "ab", " \n", "aA", "na", "=", "-", "\u3000", "\x00", "acgt"]:
        for count in [1, 2, 3, 4, 7, 8, 16, 31, 64, 95, 96, 97, 98, 99, 100, 101, 127, 128, 129, 500, 3000]:
            yield (unit * count).encode()
            yield ("x" + unit * count + "y").encode()
    for alphabet in ["acgt", "01", "abcdefghijklmnopqrstuvwxyz", "ABCDEFabcdef",
                     "\u4e2d\u6587\u5b57\u65e5", "\u0627\u0644\u0645 "]:
        for count in [50, 90, 95, 96, 97, 120, 1000, 20000]:
            yield "".join(generator.choice(alphabet) for _ in range(count)).encode()


def cases(arguments):
    generator = random.Random(arguments.seed)
    yield b""
    yield from repeats(generator)
    if arguments.quick:
        yield from scalar_blocks(generator)
    else:
        yield from every_scalar()
        yield from every_ill_formed_pair()
    yield from random_cases(generator, arguments.cases)


def reference_encoder(encoding, arguments):
    if arguments.tokenizer_json:
        import tokenizers
        loaded = tokenizers.Tokenizer.from_file(arguments.tokenizer_json)
        return lambda text: loaded.encode(text, add_special_tokens=False).ids
    import tiktoken
    return tiktoken.get_encoding(encoding).encode_ordinary


def compare(encoding, arguments):
    reference = reference_encoder(encoding, arguments)
    kept = []
    with tempfile.TemporaryFile("w+") as lines:
        for case in cases(arguments):
            text = case.decode("utf-8", "replace")
            if arguments.format == "json":
                if text.encode() != case:
                    continue
                lines.write(json.dumps(text, ensure_ascii=False) + "\n")
            elif not case:
                continue
            else:
                lines.write(case.hex() + "\n")
            kept.append(case)
        lines.flush()
        lines.seek(0)
        command = shlex.split(arguments.command.format(encoding=encoding))
        with subprocess.Popen(command, stdin=lines, stdout=subprocess.PIPE, text=True) as process:
            differences = 0
            answered = 0
            for case, line in zip(kept, process.stdout):
                answered += 1
                expected = reference(case.decode("utf-8", "replace"))
                if arguments.counts:
                    got, expected = int(line), len(expected)
                else:
                    got = [int(x) for x in line.strip().strip("[]").split(",") if x.strip()]
                if got != expected:
                    differences += 1
                    if differences <= 20:
                        got, expected = str(got)[:200], str(expected)[:200]
                        print(f"{encoding} {case[:80].hex()} ({len(case)} bytes): {got} != {expected}")
        if process.returncode != 0 or answered != len(kept):
            print(f"{encoding}: {answered} answers for {len(kept)} cases, exit status {process.returncode}",
                  file=sys.stderr)
            return False
    print(f"{encoding}: {len(kept)} cases, {differences} differences")
    return differences == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--command", required=True)
    parser.add_argument("--format", choices=["hex", "json"], default="json")
    parser.add_argument("--counts", action="store_true")
    parser.add_argument("--encodings", default="cl100k_base,o200k_base")
    parser.add_argument("--tokenizer-json")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="scalars in one place each, no ill-formed pairs")
    parser.add_argument("--vocabularies", default=".cache/vocabularies")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        for encoding, name in FILE_NAMES.items():
            source = pathlib.Path(arguments.vocabularies, encoding + ".tiktoken").resolve()
            if source.exists():
                os.symlink(source, pathlib.Path(cache, name))
        os.environ["TIKTOKEN_CACHE_DIR"] = cache
        results = [compare(encoding, arguments) for encoding in arguments.encodings.split(",")]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
