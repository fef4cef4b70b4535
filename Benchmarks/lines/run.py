#!/usr/bin/env python3
"""Durable batch lines a second: a batch against an engine that answers at once, synchronous=FULL.

Usage: run.py [--lines 20000]. EBB_BINARY: the release binary. Also prints the gateway's peak memory.
"""
import argparse
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Bench, call, cpu_seconds, memory_mb


def multipart(lines):
    head = ("--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--B\r\nContent-Disposition: "
            "form-data; name=\"file\"; filename=\"in.jsonl\"\r\n\r\n").encode()
    return head + b"".join(lines) + b"\r\n--B--\r\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=20000)
    options = parser.parse_args()
    lines = [json.dumps({"custom_id": f"line-{i}", "method": "POST", "url": "/v1/chat/completions", "body": {
        "model": "sim", "max_tokens": 16, "messages": [
            {"role": "system", "content": "You classify short texts. " * 10},
            {"role": "user", "content": f"text {i}"}]}}).encode() + b"\n" for i in range(options.lines)]
    with Bench() as bench:
        _, engine = bench.engine()
        pid, gateway = bench.gateway(engine, concurrency=64)
        idle = memory_mb(pid)
        file = json.loads(call(gateway, "/v1/files", raw=multipart(lines), method="POST", headers={
            "Content-Type": "multipart/form-data; boundary=B"}))
        cpu = cpu_seconds(pid)
        started = time.time()
        batch = json.loads(call(gateway, "/v1/batches", {
            "input_file_id": file["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h"}))
        while batch["status"] not in ("completed", "failed", "expired", "cancelled"):
            time.sleep(0.1)
            batch = json.loads(call(gateway, f"/v1/batches/{batch['id']}"))
        took = time.time() - started
        done = batch["request_counts"]["completed"]
        print(f"{done} of {options.lines} lines in {took:.1f} s: {done / took:.0f} lines/s, "
              f"{(cpu_seconds(pid) - cpu) / done * 1e6:.0f} us of gateway CPU a line, status {batch['status']}")
        print(f"memory: idle {idle:.1f} MB, peak {memory_mb(pid, 'VmHWM'):.1f} MB")


main()
