#!/usr/bin/env python3
"""Upload, index and validation of a 200 MB batch file: speed and memory, beside `jq -c .` and orjson on the same file.

Usage: run.py [--megabytes 200]. EBB_BINARY: the release binary. Optional: jq, orjson.
"""
import argparse
import json
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import BINARY, Bench, call, cpu_seconds, memory_mb, upload, write_batch_file


def validated(path, size):
    """The same checks without HTTP and without the disk's flush: one thread, the file in the page cache."""
    speeds = []
    for _ in range(5):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
        subprocess.run([BINARY, "batch", "validate", str(path)], check=True, capture_output=True)
        took = time.time() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        speeds.append((size / took, size / cpu))
    wall, cpu = (statistics.median(values) for values in zip(*speeds))
    print(f"ebb batch validate: {wall:.0f} MB/s wall, {cpu:.0f} MB/s of CPU (median of 5)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=200)
    options = parser.parse_args()
    with Bench() as bench:
        path = bench.folder / "in.jsonl"
        write_batch_file(path, options.megabytes)
        size = path.stat().st_size / 1e6
        validated(path, size)
        _, engine = bench.engine()
        pid, gateway = bench.gateway(engine)
        idle = memory_mb(pid)
        for _ in range(3):
            cpu, started = cpu_seconds(pid), time.time()
            file = upload(gateway, path)
            took = time.time() - started
            used = cpu_seconds(pid) - cpu
            print(f"ebb: {size:.0f} MB uploaded, stored (fsync), indexed and validated in {took:.2f} s wall "
                  f"({size / took:.0f} MB/s), {used:.2f} s CPU ({size / used:.0f} MB/s)")
        print(f"ebb: memory idle {idle:.1f} MB, peak {memory_mb(pid, 'VmHWM'):.1f} MB "
              f"(+{memory_mb(pid, 'VmHWM') - idle:.1f} MB)")
        batch = json.loads(call(gateway, "/v1/batches", {
            "input_file_id": file["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h"}))
        while batch["status"] == "validating":
            time.sleep(0.01)
            batch = json.loads(call(gateway, f"/v1/batches/{batch['id']}"))
        print(f"ebb: the batch is {batch['status']} with {batch['request_counts']['total']} lines")
        call(gateway, f"/v1/batches/{batch['id']}/cancel", {})
        if shutil.which("jq"):
            started = time.time()
            subprocess.run(f"jq -c . {path} > /dev/null", shell=True, check=True)
            print(f"jq -c .: {size / (time.time() - started):.0f} MB/s")
        try:
            import orjson
        except ImportError:
            return
        started = time.time()
        seen = set()
        with open(path, "rb") as f:
            for line in f:
                value = orjson.loads(line)
                assert value["method"] == "POST" and value["body"]["model"]
                seen.add(value["custom_id"])
        print(f"orjson with a set of ids: {size / (time.time() - started):.0f} MB/s")


main()
