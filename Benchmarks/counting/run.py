#!/usr/bin/env python3
"""Memory and speed of `ebb count` and `ebb price` on files of 100,000 and of a million lines.

The files are read as streams, so ten times the lines take ten times as long and about the same memory: at most
GROWTH_MB more. Ends with 1 when they take more.
Usage: run.py [--lines 100000 1000000]. EBB_BINARY: the release binary. Without vocabularies
(Scripts/fetch-vocabularies) four bytes are taken for a token.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import BINARY

GROWTH_MB = 16


def request(number):
    return {"custom_id": f"line-{number}", "method": "POST", "url": "/v1/chat/completions",
            "body": {"model": "gpt-4o", "max_tokens": 16, "messages": [
                {"role": "system", "content": "You classify short texts. " * 4},
                {"role": "user", "content": f"Text {number}: the parcel came late, nobody said why."}]}}


def answer(number):
    return {"model": "gpt-4o", "created": 1_760_000_000 + number, "usage": {
        "prompt_tokens": 40 + number % 900, "completion_tokens": 12 + number % 7, "total_tokens": 52 + number % 900}}


def write(path, row, count):
    with open(path, "w") as file:
        for number in range(count):
            file.write(json.dumps(row(number)) + "\n")


def peak(command):
    """Runs a command to its end; returns its peak memory in MB and its seconds."""
    started = time.perf_counter()
    process = subprocess.Popen([BINARY, *map(str, command)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"ebb {command[0]} ended with status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_maxrss / 1024, time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, nargs=2, default=[100_000, 1_000_000], metavar=("FEW", "MANY"))
    options = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory(prefix="ebb-bench-") as folder:
        for name, row in (("count", request), ("price", answer)):
            peaks = []
            for lines in options.lines:
                path = pathlib.Path(folder, "lines.jsonl")
                write(path, row, lines)
                memory, seconds = peak([name, "--jsonl", path])
                peaks.append(memory)
                print(f"{name} {lines:>9,} lines: {memory:6.1f} MB, {lines / seconds:9,.0f} lines/s", flush=True)
            grown = peaks[1] - peaks[0]
            missed |= grown > GROWTH_MB
            print(f"{name}: {grown:+.1f} MB, goal {GROWTH_MB} MB: {'met' if grown <= GROWTH_MB else 'MISSED'}")
    sys.exit(1 if missed else 0)


main()
