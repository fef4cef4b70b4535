#!/usr/bin/env python3
"""Interactive and bulk requests on one engine: 8 slots of half a second, 64 bulk clients, 2 interactive requests/s.

Measures, one after the other: interactive requests alone; everything straight to the engine (ungated); through Ebb with
the bulk clients as flex; through HAProxy with `maxconn 8` and priority classes. Prints interactive p50 and p99, bulk
requests answered and client errors, and Ebb's ratios to its bars: p99 at most 1.06 of alone, at least 98 % of the bulk
work of the ungated engine, no errors. Ends with 1 when Ebb misses a bar.
Usage: run.py [--seconds 30] [--rounds 1]. EBB_BINARY: the release binary. HAProxy: Debian's package.
"""
import argparse
import http.client
import json
import pathlib
import random
import shutil
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import BINARY, KEY, Bench, free_port, wait_for

SLOTS = 8
LATENCY_MS = 500
BULK = 64
INTERACTIVE_PER_S = 2.0
P99_OF_ALONE_MAX = 1.06
BULK_OF_UNGATED_MIN = 0.98


def body(tier):
    ask = {"model": "sim", "messages": [{"role": "user", "content": "x" * 400}], "max_tokens": 8}
    return json.dumps({**ask, "service_tier": tier} if tier else ask)


class Load:
    """Clients of one way to the engine."""

    def __init__(self, port, bulk_tier, bulk_clients, seconds, seed):
        self.port, self.bulk_tier, self.seconds = port, bulk_tier, seconds
        self.times, self.errors, self.bulk = [], [], 0
        self.lock = threading.Lock()
        self.bulk_clients = bulk_clients
        # Arrivals as of independent people: exponential gaps, the same for every way.
        generator = random.Random(seed)
        self.arrivals, at = [], 0.0
        while True:
            at += generator.expovariate(INTERACTIVE_PER_S)
            if at >= seconds:
                break
            self.arrivals.append(at)

    def ask(self, connection, tier, kind):
        connection.request("POST", "/v1/chat/completions", body(tier), {
            "Content-Type": "application/json", "Authorization": f"Bearer {KEY}", "X-Kind": kind})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def bulk_client(self, end):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while time.perf_counter() < end:
            try:
                status = self.ask(connection, self.bulk_tier, "bulk")
            except OSError as error:
                status = error
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            with self.lock:
                if status == 200 and time.perf_counter() < end:
                    self.bulk += 1
                elif status != 200:
                    self.errors.append(status)

    def interactive(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        started = time.perf_counter()
        try:
            status = self.ask(connection, None, "interactive")
        except OSError as error:
            status = error
        took = time.perf_counter() - started
        with self.lock:
            if status == 200:
                self.times.append(took)
            else:
                self.errors.append(status)

    def run(self):
        begin = time.perf_counter() + 1.0
        threads = [threading.Thread(target=self.bulk_client, args=(begin + self.seconds,))
                   for _ in range(self.bulk_clients)]
        for thread in threads:
            thread.start()
        for at in self.arrivals:
            time.sleep(max(0.0, begin + at - time.perf_counter()))
            threads.append(threading.Thread(target=self.interactive))
            threads[-1].start()
        for thread in threads:
            thread.join()
        return self


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def engine(bench):
    port = free_port()
    bench.start("engine", [
        BINARY, "simulate-engine", "--listen", f"127.0.0.1:{port}", "--model", "sim", "--slots", str(SLOTS),
        "--latency", str(LATENCY_MS)])
    wait_for(f"http://127.0.0.1:{port}/v1/models")
    return port


def haproxy(bench, engine_port):
    port = free_port()
    config = bench.folder / "haproxy.cfg"
    config.write_text(
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n  timeout queue 60s\n"
        f"listen engine\n  bind 127.0.0.1:{port}\n"
        "  http-request set-priority-class int(-10) if { req.hdr(X-Kind) interactive }\n"
        "  http-request set-priority-class int(10) if { req.hdr(X-Kind) bulk }\n"
        f"  server engine 127.0.0.1:{engine_port} maxconn {SLOTS}\n")
    bench.start("haproxy", ["haproxy", "-db", "-f", str(config)])
    wait_for(f"http://127.0.0.1:{port}/v1/models")
    return port


def one_round(seconds, seed):
    """Each way on an engine of its own."""
    found = {}
    for way in ("alone", "ungated", "ebb", "haproxy"):
        if way == "haproxy" and not shutil.which("haproxy"):
            continue
        with Bench() as bench:
            port = engine(bench)
            if way == "ebb":
                _, port = bench.gateway(port, concurrency=SLOTS)
            if way == "haproxy":
                port = haproxy(bench, port)
            tier = "flex" if way == "ebb" else None
            found[way] = Load(port, tier, 0 if way == "alone" else BULK, seconds, seed).run()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    rounds = [one_round(options.seconds, seed) for seed in range(1, options.rounds + 1)]
    missed = []
    print(f"{'':10} {'p50 ms':>8} {'p99 ms':>8} {'of alone':>9} {'bulk':>6} {'of ungated':>11} {'errors':>7}")
    for way in rounds[0]:
        p50 = statistics.median(percentile(r[way].times, 0.50) for r in rounds) * 1000
        p99 = statistics.median(percentile(r[way].times, 0.99) for r in rounds) * 1000
        ratio = statistics.median(
            percentile(r[way].times, 0.99) / percentile(r["alone"].times, 0.99) for r in rounds)
        bulk = statistics.median(r[way].bulk for r in rounds)
        share = statistics.median(r[way].bulk / max(1, r["ungated"].bulk) for r in rounds)
        errors = sum(len(r[way].errors) for r in rounds)
        print(f"{way:10} {p50:8.0f} {p99:8.0f} {ratio:9.3f} {bulk:6.0f} {share:11.3f} {errors:7d}")
        if way == "ebb":
            missed = [text for text, met in (
                (f"p99 at most {P99_OF_ALONE_MAX} of alone", ratio <= P99_OF_ALONE_MAX),
                (f"bulk at least {BULK_OF_UNGATED_MIN} of ungated", share >= BULK_OF_UNGATED_MIN),
                ("no errors", errors == 0)) if not met]
    for bar in missed:
        print(f"MISSED: {bar}")
    sys.exit(1 if missed else 0)


main()
