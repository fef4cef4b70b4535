#!/usr/bin/env python3
"""A real llama.cpp server with four slots and a random model behind Ebb: experiments E6 and E7 of the scheduler.

E6 (coserving.py): interactive requests without a batch, beside 32 open batch requests straight to the engine (flood),
and beside a batch through Ebb under each profile, in blocks by turns. E7 (cache.py): prompt tokens that batches with
common beginnings compute over the least possible, without and with 20 preemptions.
Usage: run.py [e6] [e7] [--block 60] [--rounds 3] [--rate 0.8] [--profiles balanced,throughput] [--width 384]
[--layers 6]; profiles: protect, balanced, throughput, none.
EBB_BINARY: the release binary. Packages: Scripts/install-dependencies test.
"""
import argparse
import sys

import cache
import coserving
from engine import Engine

PARTS = {"e6": coserving.run, "e7": cache.run}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help="e6, e7 (default: both)")
    parser.add_argument("--block", type=float, default=60, help="seconds of each block of E6")
    parser.add_argument("--rounds", type=int, default=3, help="blocks of each kind in E6")
    parser.add_argument("--rate", type=float, default=0.8, help="interactive requests a second in E6")
    parser.add_argument("--profiles", default="balanced,throughput", help="protections that E6 compares")
    parser.add_argument("--width", type=int, default=384, help="of the model; six layers of 384 are 9 million numbers")
    parser.add_argument("--layers", type=int, default=6)
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"there is no part {part}; known: {', '.join(PARTS)}")
    missed = 0
    for part in options.parts or PARTS:
        with Engine(options.width, options.layers) as engine:
            missed += PARTS[part](engine, options)
    sys.exit(1 if missed else 0)


main()
