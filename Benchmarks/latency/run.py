#!/usr/bin/env python3
"""Added latency at no load, durable charge included: one connection, the gateway and the engine asked in turn.

Prints p50 and p99 of whole answers and of the first byte of streams, directly and through Ebb, and their differences.
Usage: run.py [--requests 2000]. EBB_BINARY: the release binary.
"""
import argparse
import http.client
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import KEY, Bench


def ask(connection, stream):
    body = json.dumps({"model": "sim", "messages": [{"role": "user", "content": "x" * 800}], "max_tokens": 20,
                       "stream": stream})
    started = time.perf_counter()
    connection.request("POST", "/v1/chat/completions", body, {
        "Content-Type": "application/json", "Authorization": f"Bearer {KEY}"})
    answer = connection.getresponse()
    answer.read(1)
    first = time.perf_counter() - started
    answer.read()
    return (first if stream else time.perf_counter() - started) * 1000


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000)
    options = parser.parse_args()
    with Bench() as bench:
        _, engine = bench.engine()
        _, gateway = bench.gateway(engine)
        connections = {name: http.client.HTTPConnection("127.0.0.1", port)
                       for name, port in (("direct", engine), ("ebb", gateway))}
        for stream in (False, True):
            times = {"direct": [], "ebb": []}
            for number in range(options.requests + 100):
                for name, connection in connections.items():
                    took = ask(connection, stream)
                    if number >= 100:
                        times[name].append(took)
            what = "first byte of a stream" if stream else "whole answer"
            rows = {n: (statistics.median(t), percentile(t, 0.99)) for n, t in times.items()}
            for name, (p50, p99) in rows.items():
                print(f"{what:24} {name:8} p50 {p50:7.3f} ms  p99 {p99:7.3f} ms")
            print(f"{what:24} added    p50 {rows['ebb'][0] - rows['direct'][0]:7.3f} ms  "
                  f"p99 {rows['ebb'][1] - rows['direct'][1]:7.3f} ms")


main()
