#!/usr/bin/env python3
"""How long `ebb simulate` takes for a day of requests beside a batch of 50,000 lines: alone and under Ebb's scheduler.

The trace is an hour of random arrivals with lengths like those of chats, made here and the same each time; the
simulation repeats it. Two engines with 64 slots, one run at a time.
Usage: run.py [--rate 5] [--hours 24]. EBB_BINARY: the release binary.
"""
import argparse
import datetime
import pathlib
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import BINARY

DAY_SECONDS, SPAN = 60.0, 3_600


def write_trace(path, rate):
    """Azure's format; prompts of some 1,150 and answers of some 210 tokens in the mean."""
    source, at = random.Random(5), 0.0
    began = datetime.datetime(2023, 11, 16, 18)
    with open(path, "w") as file:
        file.write("TIMESTAMP,ContextTokens,GeneratedTokens\n")
        while (at := at + source.expovariate(rate)) < SPAN:
            moment = (began + datetime.timedelta(seconds=at)).strftime("%Y-%m-%d %H:%M:%S.%f")
            prompt = min(8_000, 1 + int(source.lognormvariate(6.7, 0.85)))
            answer = min(1_000, 1 + int(source.lognormvariate(4.9, 0.95)))
            file.write(f"{moment},{prompt},{answer}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=5, help="requests a second")
    parser.add_argument("--hours", type=int, default=24)
    options = parser.parse_args()
    goal = DAY_SECONDS * options.hours / 24 * options.rate / 5
    with tempfile.TemporaryDirectory(prefix="ebb-bench-") as folder:
        trace = pathlib.Path(folder) / "trace.csv"
        write_trace(trace, options.rate)
        for policy in ("alone", "ebb"):
            command = [BINARY, "simulate", str(trace), "--duration", f"{options.hours}h", "--engines", "2",
                       "--backlog", "50000", "--policy", policy]
            started = time.perf_counter()
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            took = time.perf_counter() - started
            print(f"{output.splitlines()[0]}\n{policy:6} {took:6.1f} s, goal {goal:.0f} s: "
                  f"{'met' if took <= goal else 'MISSED'}", flush=True)


main()
