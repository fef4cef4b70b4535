#!/usr/bin/env python3
"""Time to the first answer after a start, and memory: idle, after 100,000 requests, after a 200 MB batch.

A start is measured from the creation of the process to the last byte of a chat answer through it, on an empty data
folder and again on the same one. Memory is that of one process all the way: it starts, answers chat requests (32
connections, every other round streamed), takes a batch file of 50,000 lines, runs it to its end, and rests for 15 s:
every ten the gateway gives back what its heap keeps.

Usage: run.py [--starts 10] [--requests 100000] [--megabytes 200] [--stream always]
Needs: wrk, curl. EBB_BINARY: the release binary.
"""
import argparse
import http.client
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Bench, call, load, memory_mb, upload, write_batch_file

FIRST_ANSWER_SECONDS, IDLE_MB, LOADED_MB = 1.0, 60, 120
REST_SECONDS = 15
QUESTION = {"model": "sim", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}


class Starts(Bench):
    def first_answer(self, engine, name):
        """Seconds from the start of a gateway to its first answer; the gateway is ended."""
        started = time.perf_counter()
        _, port = self.gateway(engine, name, wait=False)
        while True:
            try:
                call(port, "/v1/chat/completions", QUESTION, timeout=5)
                break
            except (OSError, http.client.HTTPException):
                time.sleep(0.002)
        took = time.perf_counter() - started
        self.stop_last()
        return took


def say(what, value, goal, unit):
    print(f"{what:44} {value:8.3f} {unit}, goal {goal} {unit}: {'met' if value <= goal else 'MISSED'}", flush=True)


def starts(bench, engine, count):
    for what, name in (("empty data folder", "fresh-{}"), ("data folder of an earlier start", "fresh-0")):
        times = [bench.first_answer(engine, name.format(number)) for number in range(count)]
        say(f"first answer, {what}, median", statistics.median(times), FIRST_ANSWER_SECONDS, "s")
        say(f"first answer, {what}, slowest", max(times), FIRST_ANSWER_SECONDS, "s")


def chats(port, wanted):
    done, stream = 0, False
    while done < wanted:
        requests, _, _, _, errors = load(port, 32, 2, stream)
        assert errors == 0, f"{errors} requests failed"
        done, stream = done + requests, not stream
    return done


def batch(port, path):
    made = json.loads(call(port, "/v1/batches", {
        "input_file_id": upload(port, path)["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h"}))
    while made["status"] in ("validating", "in_progress", "finalizing"):
        time.sleep(0.2)
        made = json.loads(call(port, f"/v1/batches/{made['id']}"))
    assert made["status"] == "completed" and made["request_counts"]["failed"] == 0, made
    return made["request_counts"]["completed"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--stream", choices=["always", "as-asked"], default="always",
                        help="what the engine is asked for; always is the default of own engines")
    options = parser.parse_args()
    with Starts() as bench:
        path = bench.folder / "in.jsonl"
        write_batch_file(path, options.megabytes)
        _, engine = bench.engine()
        starts(bench, engine, options.starts)
        pid, port = bench.gateway(engine, stream=options.stream, concurrency=64)
        say("memory, idle after the start", memory_mb(pid), IDLE_MB, "MB")
        done = chats(port, options.requests)
        say(f"memory, after {done} chat requests", memory_mb(pid), LOADED_MB, "MB")
        lines = batch(port, path)
        size = path.stat().st_size / 1e6
        print(f"memory, at the end of a batch                {memory_mb(pid):8.3f} MB", flush=True)
        time.sleep(REST_SECONDS)
        say(f"memory, after a batch of {size:.0f} MB, {lines} lines", memory_mb(pid), LOADED_MB, "MB")
        print(f"memory, peak of the process                  {memory_mb(pid, 'VmHWM'):8.3f} MB")


main()
