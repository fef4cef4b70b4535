#!/usr/bin/env python3
"""The scheduler's experiments in simulation, each with its table and its bars: e1 to e5, slo, frontier.

Usage: run.py [e1] [e2] [e3] [e4] [e5] [slo] [frontier] [--traces FOLDER] [--quick]. The folder ($EBB_TRACES, or
.cache/traces) holds the public traces that `ebb help experiment` names. EBB_BINARY: the release binary.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import BINARY, ROOT

EXPERIMENTS = ["e1", "e2", "e3", "e4", "e5", "slo", "frontier"]
BARS_MISSED = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help="default: all")
    parser.add_argument("--traces", default=os.environ.get("EBB_TRACES", str(ROOT / ".cache/traces")))
    parser.add_argument("--quick", action="store_true", help="fewer seeds and shorter runs")
    options = parser.parse_args()
    if not pathlib.Path(options.traces).is_dir():
        print(f"no traces in {options.traces}: left out")
        return
    for name in options.names or EXPERIMENTS:
        started = time.perf_counter()
        command = [BINARY, "experiment", name, "--traces", options.traces] + ["--quick"] * options.quick
        status = subprocess.run(command).returncode
        if status not in (0, BARS_MISSED):
            sys.exit(status)
        bars = "all bars met" if status == 0 else "bars missed"
        print(f"{name}: {bars}, {time.perf_counter() - started:.1f} s\n", flush=True)


main()
