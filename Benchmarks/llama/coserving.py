"""E6: interactive requests of 128 tokens, 24 to make, beside batch requests of 128 tokens, 48 to make."""
import statistics
import threading
import time

from engine import SLOTS, batch, call, chat, generator, samples, stream, submit, text

PROMPT, OUTPUT, BULK_OUTPUT, BULK_OPEN = 110, 24, 48, 32
RAMP = 3.0
# Requests of one token's prompt, straight to the engine and through Ebb in turn.
ALONE = 300


class Flood:
    """32 clients that ask the engine for batch work without end."""

    def __init__(self, engine, name):
        self.engine, self.stop, self.done = engine, threading.Event(), []
        self.threads = [threading.Thread(target=self.client, args=(f"{name}-{n}",)) for n in range(BULK_OPEN)]
        for thread in self.threads:
            thread.start()

    def client(self, name):
        source = generator("bulk", name)
        while not self.stop.is_set():
            if stream(self.engine.port, chat(self.engine.model, text(source, PROMPT), BULK_OUTPUT), self.stop):
                self.done.append(time.perf_counter())

    def count(self):
        return len(self.done)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


class Batch:
    """The same work as a batch through Ebb."""

    def __init__(self, engine, port, name):
        self.port, source = port, generator("bulk", name)
        lines = [(f"line-{n}", chat(engine.model, text(source, PROMPT), BULK_OUTPUT)) for n in range(3_000)]
        self.id = submit(engine.bench, port, lines, name)
        while batch(port, self.id)["status"] == "validating":
            time.sleep(0.05)

    def count(self):
        return batch(self.port, self.id)["request_counts"]["completed"]

    def end(self):
        call(self.port, f"/v1/batches/{self.id}/cancel", method="POST")
        while batch(self.port, self.id)["status"] not in ("cancelled", "completed"):
            time.sleep(0.05)


def block(engine, way, port, options, number):
    """First-token times of one block, and answers of bulk requests a second."""
    bulk = (None if way == "no batch" else Flood(engine, number) if way == "flood"
            else Batch(engine, port, f"{way}-{number}"))
    time.sleep(RAMP)
    times, errors, threads = [], [], []

    def ask(name):
        body = chat(engine.model, text(generator("interactive", way, name), PROMPT), OUTPUT)
        try:
            times.append(stream(port or engine.port, body)[0])
        except Exception as error:
            errors.append(error)

    source, begin, at = generator("arrivals", number), time.perf_counter(), 0.0
    before = bulk.count() if bulk else 0
    while (at := at + source.expovariate(options.rate)) < options.block:
        time.sleep(max(0.0, begin + at - time.perf_counter()))
        threads.append(threading.Thread(target=ask, args=(f"{number}-{at}",)))
        threads[-1].start()
    time.sleep(max(0.0, begin + options.block - time.perf_counter()))
    made = (bulk.count() if bulk else 0) - before
    seconds = time.perf_counter() - begin
    for thread in threads:
        thread.join()
    if bulk:
        bulk.end()
    engine.await_idle()
    return times, made * BULK_OUTPUT / seconds, errors


def slowest_cancel(engine, port):
    """Seconds until a slot is free after its client left in the middle of an answer, the longest of ten."""
    slowest = 0.0
    for number in range(10):
        leave = threading.Event()
        body = chat(engine.model, text(generator("cancel", number), PROMPT), 2_000)
        client = threading.Thread(target=stream, args=(port, body, leave))
        made = engine.computed()[1]
        client.start()
        while engine.busy() == 0:
            time.sleep(0.005)
        time.sleep(1.5)
        leave.set()
        client.join()
        begin = time.perf_counter()
        while engine.busy():
            time.sleep(0.002)
        slowest = max(slowest, time.perf_counter() - begin)
    return slowest


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def added(engine, port):
    """What the gateway adds to the first token while nothing else runs, p50 and p99 in ms."""
    times = {engine.port: [], port: []}
    for number in range(ALONE):
        body = chat(engine.model, text(generator("alone", number), 1), 2)
        for way in times:
            times[way].append(stream(way, body)[0] * 1000)
    return [percentile(times[port], share) - percentile(times[engine.port], share) for share in (0.5, 0.99)]


def run(engine, options):
    profiles = options.profiles.split(",")
    ports = {f"ebb {profile}": engine.gateway(f"ebb-{profile}", profile) for profile in profiles}
    ways = ["no batch", "flood", *ports]
    found = {way: ([], [], []) for way in ways}
    for number in range(options.rounds):
        for way in ways:
            times, rate, errors = block(engine, way, ports.get(way), options, number)
            found[way][0].extend(times)
            found[way][1].append(rate)
            found[way][2].extend(errors)
    print(f"E6: {SLOTS} slots, {options.rounds} x {options.block:g} s each, {options.rate:g} interactive requests/s")
    print(f"{'':16}{'requests':>9}{'p50 ms':>9}{'p99 ms':>9}{'batch tok/s':>13}{'preempted':>11}{'errors':>8}")
    p50 = {way: percentile(found[way][0], 0.5) * 1000 for way in ways}
    p99 = {way: percentile(found[way][0], 0.99) * 1000 for way in ways}
    rate = {way: statistics.mean(found[way][1]) for way in ways}
    for way in ways:
        times, _, errors = found[way]
        preempted = samples(ports[way]).get("ebb_preemptions_total", 0) if way in ports else 0
        print(f"{way:16}{len(times):9}{p50[way]:9.0f}{p99[way]:9.0f}{rate[way]:13.0f}{preempted:11.0f}{len(errors):8}")
        for error in errors[:1]:
            print(f"  {error}")
    bars = []
    for way in ports:
        bars += [
            (f"{way}: p50 over no batch", p50[way] / p50["no batch"], "most", 1.25),
            (f"{way}: p99 over no batch", p99[way] / p99["no batch"], "most", 1.25),
            (f"{way}: p99, flood over it", p99["flood"] / p99[way], "least", 20),
            (f"{way}: batch tokens/s over flood", rate[way] / rate["flood"], "least", 0.90)]
    port = next(iter(ports.values()))
    cancel = slowest_cancel(engine, port)
    engine.await_idle()
    median, tail = added(engine, port)
    return report([*bars, ("slowest slot after a cancel, s", cancel, "most", 0.2),
                   (f"added at no load, p99 in ms (p50 {median:.2f})", tail, "most", 2)])


def report(bars):
    """Prints the bars; how many were missed."""
    missed = 0
    for name, value, side, limit in bars:
        is_met = value <= limit if side == "most" else value >= limit
        missed += not is_met
        print(f"  {name}: {value:.3f} (at {side} {limit:g}) {'met' if is_met else 'MISSED'}")
    return missed
