#!/usr/bin/env python3
"""What run.py could show at best: its engine and clients in virtual time, with a gateway that loses no time.

Prints, for each rule by which an interactive request gets a slot, the share of the ungated bulk work and the p99 of
interactive requests over alone (in run.py's 60 requests that is the slowest one). Usage: frontier.py [--runs 200]
"""
import argparse
import heapq
import random
import statistics

SLOTS, SERVICE, RATE = 8, 0.5, 2.0
FREE, INTERACTIVE, BULK = range(3)


class Run:
    """One run: slots that end, requests that arrive; bulk work fills every other slot at once."""

    def __init__(self, seed, seconds, wait=0.0, reserve=0, staggered=False):
        self.source, self.seconds, self.wait, self.reserve = random.Random(seed), seconds, wait, reserve
        self.kind, self.began = [FREE] * SLOTS, [0.0] * SLOTS
        self.turn = [0] * SLOTS
        self.events, self.waiting, self.times, self.ages, self.bulk, self.arrivals = [], [], [], [], 0, 0
        at = 0.0
        while (at := at + self.source.expovariate(RATE)) < seconds:
            self.arrivals += 1
            heapq.heappush(self.events, (at, 1, 0, 0))
        self.fill(0.0)
        for slot in range(SLOTS if staggered else 0):
            if self.kind[slot] == BULK:
                self.start(slot, BULK, -SERVICE * slot / SLOTS)

    def start(self, slot, kind, now):
        self.kind[slot], self.began[slot] = kind, now
        self.turn[slot] += 1
        heapq.heappush(self.events, (now + SERVICE, 0, slot, self.turn[slot]))

    def fill(self, now):
        free = [slot for slot in range(SLOTS) if self.kind[slot] == FREE]
        while free and self.waiting:
            self.times.append(now - self.waiting.pop(0) + SERVICE)
            self.start(free.pop(), INTERACTIVE, now)
        while len(free) > self.reserve:
            self.start(free.pop(), BULK, now)

    def arrive(self, now):
        self.waiting.append(now)
        soonest = min(self.began) + SERVICE - now
        if FREE not in self.kind and soonest > self.wait:
            bulk = [slot for slot in range(SLOTS) if self.kind[slot] == BULK]
            if bulk:
                victim = max(bulk, key=lambda slot: self.began[slot])
                self.ages.append(now - self.began[victim])
                self.kind[victim] = FREE
        self.fill(now)

    def result(self):
        while self.events and self.events[0][0] < self.seconds:
            now, is_arrival, slot, turn = heapq.heappop(self.events)
            if is_arrival:
                self.arrive(now)
            elif turn == self.turn[slot] and self.kind[slot] != FREE:
                self.bulk += self.kind[slot] == BULK
                self.kind[slot] = FREE
                self.fill(now)
        ungated = SLOTS * self.seconds / SERVICE - self.arrivals
        times = sorted(self.times)
        slowest = times[min(len(times) - 1, int(len(times) * 0.99))]
        return self.bulk / ungated, slowest / SERVICE, statistics.mean(self.ages or [0.0]) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    options = parser.parse_args()
    rules = [
        ("preempt the youngest", {}),
        ("the same, slots that end in turn", {"staggered": True}),
        ("the same, five minutes", {"seconds": 301.0}),
        *[(f"wait for a slot that is free in {wait} ms", {"wait": wait / 1000}) for wait in (5, 10, 20, 30, 60)],
        ("never preempt", {"wait": SERVICE}),
        ("keep one slot free", {"reserve": 1}),
    ]
    print(f"{'':44}{'bulk of ungated':>16}{'p99 of alone':>14}{'age of victims, ms':>20}")
    for name, rule in rules:
        runs = max(1, options.runs // (10 if rule.get("seconds") else 1))
        results = [Run(seed, **{"seconds": 31.0, **rule}).result() for seed in range(runs)]
        bulk, slowest, age = (statistics.mean(values) for values in zip(*results))
        print(f"{name:44}{bulk:16.3f}{slowest:14.3f}{age:20.0f}")


main()
