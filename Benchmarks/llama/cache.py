"""E7: batches whose prompts share beginnings, at concurrency 4; what they compute over what is least possible."""
import json
import threading
import time

from coserving import report
from engine import batch, call, chat, generator, samples, stream, submit, text

OUTPUT = 24
PREEMPTIONS = 20
SETTLED = 8  # Lines that have ended before the first of them is interrupted.


def groups(name):
    """12 groups of 8 with a beginning of 384 tokens, shuffled."""
    source = generator("groups", name)
    prompts = []
    for group in range(12):
        beginning = f"{name} {group} " + text(source, 372)
        prompts += [f"{beginning} {number} " + text(source, 24) for number in range(8)]
    source.shuffle(prompts)
    return prompts


def tree(name):
    """Three levels: 4 beginnings, 3 continuations of each, 8 ends of each, shuffled."""
    source = generator("tree", name)
    prompts = []
    for first in range(4):
        beginning = f"{name} {first} " + text(source, 240)
        for second in range(3):
            middle = f"{beginning} {second} " + text(source, 140)
            prompts += [f"{middle} {number} " + text(source, 24) for number in range(8)]
    source.shuffle(prompts)
    return prompts


def least(engine, prompts):
    """Tokens of the prompts, each common beginning once."""
    nodes = set()
    for prompt in prompts:
        node = 0
        for token in engine.tokens(prompt):
            node = hash((node, token))
            nodes.add(node)
    return len(nodes)


class Interruptions:
    """Interactive requests, four at a time, until so many lines have lost their place."""

    def __init__(self, engine, port):
        self.engine, self.port, self.stop = engine, port, threading.Event()
        self.prompt = self.output = 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def ask(self, name):
        usage = stream(self.port, chat(self.engine.model, text(generator("urgent", name), 40), 4))[2]
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        self.prompt += usage["prompt_tokens"] - cached
        self.output += usage["completion_tokens"]

    def run(self):
        number = 0
        while not self.stop.is_set() and samples(self.port).get("ebb_preemptions_total", 0) < PREEMPTIONS:
            threads = [threading.Thread(target=self.ask, args=(f"{number}-{n}",)) for n in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            number += 1
            time.sleep(0.5)

    def end(self):
        self.stop.set()
        self.thread.join()


def measure(engine, prompts, name, interrupts):
    """Computed prompt tokens over the least, share of what the engine did that served nobody, preempted lines."""
    port = engine.gateway(name)
    bound = least(engine, prompts)
    before = engine.computed()
    lines = [(f"line-{n}", chat(engine.model, prompt, OUTPUT)) for n, prompt in enumerate(prompts)]
    batch_id = submit(engine.bench, port, lines, name)
    while interrupts and batch(port, batch_id)["request_counts"]["completed"] < SETTLED:
        time.sleep(0.02)
    urgent = Interruptions(engine, port) if interrupts else None
    while (found := batch(port, batch_id))["status"] not in ("completed", "failed", "expired", "cancelled"):
        time.sleep(0.1)
    if urgent:
        urgent.end()
    engine.await_idle()
    assert found["request_counts"]["completed"] == len(prompts), found
    prompt, output = (after - was for after, was in zip(engine.computed(), before))
    prompt -= urgent.prompt if urgent else 0
    output -= urgent.output if urgent else 0
    prompts_used = made = 0
    for line in call(port, f"/v1/files/{found['output_file_id']}/content").decode().splitlines():
        usage = json.loads(line)["response"]["body"]["usage"]
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        prompts_used += usage["prompt_tokens"] - cached
        made += usage["completion_tokens"]
    metrics = samples(port)
    engine.bench.stop_last()
    return {"ratio": prompt / bound, "again": (prompt - prompts_used) / bound, "done": prompt + output,
            "useful": prompts_used + made,
            "told": sum(value for name, value in metrics.items()
                        if name.startswith("ebb_wasted_tokens_total{") and 'cause="preempted"' in name),
            "preempted": metrics["ebb_preemptions_total"]}


def run(engine, _options):
    print("E7: prompt tokens computed over the least possible, 4 slots with a cache each")
    bars = []
    print(f"{'':28}{'computed / least':>17}{'engine':>9}{'useful':>9}{'waste told':>12}{'preempted':>11}")
    for shape, make in (("12 groups of 8", groups), ("tree of three levels", tree)):
        for interrupts in (False, True):
            name = f"{'tree' if make is tree else 'groups'}-{'cut' if interrupts else 'calm'}"
            found = measure(engine, make(name), name, interrupts)
            label = shape + (", interrupted" if interrupts else "")
            print(f"{label:28}{found['ratio']:17.3f}{found['done']:9.0f}{found['useful']:9.0f}{found['told']:12.0f}"
                  f"{found['preempted']:11.0f}")
            wasted = found["done"] - found["useful"]
            if interrupts:
                bars.append((f"{label}, less what was lost", found["ratio"] - found["again"], "most", 1.05))
                bars.append((f"{label}: told waste less real, of all tokens",
                             abs(found["told"] - wasted) / found["done"], "most", 0.02))
            else:
                bars.append((label, found["ratio"], "most", 1.05))
    return report(bars)
