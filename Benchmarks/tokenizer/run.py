#!/usr/bin/env python3
"""Runs Ebb's encoder and tiktoken over the same text in turn on one thread; prints load time, MB/s, ratio.

The text is a mix: manual pages of this machine, Swift sources of this tree, and generated Bengali, Chinese, Russian and
JSON.
Both encode pieces of about 4,000 characters (the size of a chat message). Needs `tiktoken`, the rank files
(Scripts/fetch-vocabularies) and the release build of this package:

    EBB_PURE=1 swift build -c release --package-path Benchmarks/tokenizer --scratch-path .build-pure/bench
    python3 Benchmarks/tokenizer/run.py --binary .build-pure/bench/release/tokenizer-bench
"""

import argparse
import glob
import gzip
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

NAMES = {"cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
         "o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790"}


def manuals(limit):
    text = ""
    for path in sorted(glob.glob("/usr/share/man/man1/*.gz")):
        if len(text) >= limit:
            break
        text += gzip.open(path).read().decode("utf-8", "replace")
    return text[:limit]


def swift_sources(root, limit):
    text = ""
    for path in sorted(pathlib.Path(root).rglob("*.swift")):
        if len(text) >= limit:
            break
        if "Tables" not in path.parts:
            text += path.read_text(errors="replace")
    return (text * (limit // max(1, len(text)) + 1))[:limit]


def words(generator, consonants, vowels, stop, size):
    known = ["".join(generator.choice(consonants) + generator.choice(vowels) for _ in range(generator.randrange(1, 5)))
             for _ in range(4000)]
    text = []
    length = 0
    while length < size:
        sentence = " ".join(generator.choice(known) for _ in range(generator.randrange(4, 16))) + stop
        text.append(sentence)
        length += len(sentence)
    return "".join(text)


def mixed_text(root):
    generator = random.Random(11)
    consonants = "কখগঘচছজঝটঠডঢণতথদধনপফবভমযরলশষসহ"
    bengali = words(generator, consonants, ["", "া", "ি", "ী", "ু", "ে", "ো", "্র"], "। ", 500_000)
    russian = words(generator, "бвгджзклмнпрстфхцчш", list("аеиоуыэюя"), ". ", 400_000)
    chinese = words(generator, [chr(c) for c in range(0x4E00, 0x5600)], [""], "。", 300_000).replace(" ", "")
    rows = [{"id": f"req-{i}", "score": generator.random(), "ok": bool(i % 3), "tags": ["a", "b"]} for i in range(8000)]
    return {"manuals": manuals(3_000_000), "swift": swift_sources(root, 2_000_000), "bengali": bengali,
            "russian": russian, "chinese": chinese, "json": "\n".join(map(json.dumps, rows))}


def tiktoken_run(reference, text, piece):
    start = time.perf_counter()
    tokens = sum(len(reference.encode_ordinary(text[i:i + piece])) for i in range(0, len(text), piece))
    return len(text.encode()) / 1e6 / (time.perf_counter() - start), tokens


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--vocabularies", default=".cache/vocabularies")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--piece", type=int, default=4000)
    arguments = parser.parse_args()
    import tiktoken

    parts = mixed_text(pathlib.Path(__file__).resolve().parents[2] / "Sources")
    parts["mix"] = "".join(parts.values())
    with tempfile.TemporaryDirectory() as work:
        for encoding, name in NAMES.items():
            os.symlink(pathlib.Path(arguments.vocabularies, encoding + ".tiktoken").resolve(), pathlib.Path(work, name))
        os.environ["TIKTOKEN_CACHE_DIR"] = work
        for encoding in NAMES:
            start = time.perf_counter()
            reference = tiktoken.get_encoding(encoding)
            load = time.perf_counter() - start
            print(f"{encoding}: tiktoken loads in {load:.3f} s")
            for part, text in parts.items():
                path = pathlib.Path(work, "text")
                path.write_bytes(text.encode())
                theirs, ours, loads = [], [], []
                for _ in range(arguments.rounds):
                    # The median of three walks each, so that neither pays for the first touch of its tables.
                    walks = [tiktoken_run(reference, text, arguments.piece)[0] for _ in range(3)]
                    theirs.append(statistics.median(walks))
                    command = [arguments.binary, "time", encoding, arguments.vocabularies, str(path),
                               str(arguments.piece), "3"]
                    answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                    ours.append(answer["mb_s"])
                    loads.append(answer["load_s"])
                a, b = statistics.median(ours), statistics.median(theirs)
                print(f"  {part:8} {len(text.encode()) / 1e6:5.1f} MB  ebb {a:6.1f} MB/s  tiktoken {b:6.1f} MB/s  "
                      f"ratio {a / b:4.1f}  (ebb loads in {statistics.median(loads):.3f} s)")


if __name__ == "__main__":
    main()
