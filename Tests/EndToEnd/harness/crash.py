"""A large batch on failing engines while the gateway is killed again and again; then the books are checked."""
import collections
import dataclasses
import pathlib
import random
import signal
import time

from . import batches, verdict
from .gateway import Gateway, SimulatedEngine
from .ledger import Books
from .verdict import Check
from .waiting import Overdue, wait_until

FAULTS = {
    "429": 0.02, "500": 0.02, "503": 0.01, "cut": 0.02, "slow": 0.02, "garbage": 0.01, "reset": 0.004, "hang": 0.002}
INPUT_PRICE, OUTPUT_PRICE = 1, 3  # dollars for a million tokens; batch costs half
FIRST_DISPATCH_SECONDS = 2.0
STALL_SECONDS = 60


@dataclasses.dataclass
class Plan:
    """How a crash test runs."""

    lines: int = 5_000
    kills: int = 50
    seed: int = 0
    concurrency: int = 32
    latency_ms: int = 20
    faults: dict = dataclasses.field(default_factory=lambda: dict(FAULTS))
    first_dispatch_seconds: float = FIRST_DISPATCH_SECONDS


@dataclasses.dataclass
class Death:
    """One kill: when it came, and what was under way."""

    number: int
    seconds_alive: float
    first_dispatch: float | None  # seconds from the start of the process; None: killed before
    recorded: int  # line results in the store afterwards
    in_flight: int  # lines that the engine executed in this life and that were not recorded


@dataclasses.dataclass
class Outcome:
    plan: Plan
    deaths: list
    checks: list
    seconds: float
    status: str
    figures: dict

    @property
    def holds(self):
        return all(check.holds for check in self.checks)

    def report(self):
        return {
            "seed": self.plan.seed, "plan": dataclasses.asdict(self.plan), "seconds": round(self.seconds, 1),
            "status": self.status, "holds": self.holds, "figures": self.figures,
            "checks": [dataclasses.asdict(check) for check in self.checks],
            "deaths": [dataclasses.asdict(death) for death in self.deaths],
        }


def configuration(plan, engine):
    return f"""
batch: {{concurrency: {plan.concurrency}}}
engines:
  - name: simulated
    url: {engine.url}
    concurrency: {plan.concurrency}
    timeouts: {{first_token: 2s, idle: 2s}}
prices:
  models:
    simulated:
      default: {{input: {INPUT_PRICE}, output: {OUTPUT_PRICE}}}
      batch: {{times: 0.5}}
"""


class CrashTest:
    """One run in a folder of its own."""

    def __init__(self, folder, plan, say=lambda text: None):
        self.folder = pathlib.Path(folder)
        self.plan = plan
        self.say = say
        self.random = random.Random(plan.seed)
        self.deaths = []
        self.first_dispatches = []
        # Lines that the engine executed but that were not recorded when the gateway died, with how often.
        self.at_risk = collections.Counter()
        self.executed_earlier = {}

    def run(self):
        began = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        faults = [f"{kind}={rate}" for kind, rate in self.plan.faults.items()]
        self.engine = SimulatedEngine(
            self.folder / "engine.log", slots=self.plan.concurrency, latency=self.plan.latency_ms,
            output_tokens_max=16, seed=self.plan.seed, **({"fault": faults} if faults else {})).start()
        (self.folder / "ebb.yaml").write_text(configuration(self.plan, self.engine))
        self.gateway = Gateway(self.folder / "data", config=self.folder / "ebb.yaml", log=self.folder / "gateway.log")
        try:
            return self._run(began)
        finally:
            self.gateway.kill()
            self.engine.kill()

    def _run(self, began):
        lines = batches.chat_lines(self.plan.lines, "crash", max_tokens=16)
        for line in lines:
            line["body"]["user"] = line["custom_id"]  # the mark in the engine's log
        self.gateway.start()
        with self.gateway.sdk() as client:
            self.batch_id = batches.submit(client, lines).id
        for number in range(1, self.plan.kills + 1):
            self._die(number)
            self.gateway.start(wait=False)
        # A batch that was done at the last kill has no line left to dispatch.
        if self.deaths[-1].recorded < self.plan.lines:
            self._await_dispatch(self.gateway.started_at)
        self.gateway.await_ready()
        with self.gateway.sdk() as client:
            batch = self._await_end(client)
            checks = verdict.of_batch(client, self.gateway.data, batch, [line["custom_id"] for line in lines])
        stopped = self.gateway.stop()
        checks += self._checks(batch)
        checks.append(Check("the last gateway stops in order", stopped == 0, f"exit status {stopped}"))
        return Outcome(
            self.plan, self.deaths, checks, time.monotonic() - began, batch.status, self._figures(batch))

    def _started(self):
        return self.engine.execution_log(limit=0)["started"]

    def _await_dispatch(self, since):
        """Waits for a new line at the engine; returns the seconds since the start of the process."""
        before = self._started()
        wait_until(lambda: self._started() > before, 30, "a first line after the start", every=0.002)
        seconds = time.monotonic() - since
        self.first_dispatches.append(seconds)
        return seconds

    def _die(self, number):
        """Kills the gateway at a random moment: mostly after some more lines, now and then while it starts."""
        left = self.plan.lines - len(Books(self.gateway.data).results(self.batch_id))
        before = self._started()
        first_dispatch = None
        if number > 1 and self.random.random() < 0.2:
            time.sleep(self.random.uniform(0, 0.5))
        else:
            if number > 1:
                first_dispatch = self._await_dispatch(self.gateway.started_at)
            more = self.random.uniform(0, 2 * left / (self.plan.kills - number + 3))
            deadline = time.monotonic() + STALL_SECONDS
            while self._started() - before < more:
                time.sleep(0.002)
                if time.monotonic() > deadline:
                    raise Overdue(f"no progress before kill {number} within {STALL_SECONDS} s\n{self.gateway.log()}")
            time.sleep(self.random.uniform(0, 0.02))
        alive = time.monotonic() - self.gateway.started_at
        if not self.gateway.is_running:
            raise AssertionError(f"the gateway ended by itself before kill {number}\n{self.gateway.log()}")
        self.gateway.signal(signal.SIGKILL)
        self.gateway.wait()
        wait_until(self._is_idle, 10, "the engine sees that its client died", every=0.005)
        self._note(number, alive, first_dispatch)

    def _is_idle(self):
        samples = self.engine.metrics()
        return not samples.total("vllm:num_requests_running") and not samples.total("vllm:num_requests_waiting")

    def _note(self, number, alive, first_dispatch):
        recorded = {row["line"] for row in Books(self.gateway.data).results(self.batch_id)}
        # Whole answers and those that were cut off by the kill; what a fault had spoiled was not lost by it.
        executed = {row["line"]: row["finished"] + row["cancelled"] for row in self.engine.execution_log()["lines"]}
        in_flight = [
            mark for mark, count in executed.items()
            if count > self.executed_earlier.get(mark, 0) and int(mark.rpartition("-")[2]) not in recorded]
        self.at_risk.update(in_flight)
        self.executed_earlier = executed
        self.deaths.append(Death(
            number, round(alive, 3), first_dispatch and round(first_dispatch, 3), len(recorded), len(in_flight)))
        self.say(f"kill {number:>3}: alive {alive:6.3f} s, {len(recorded):>6} lines recorded, "
                 f"{len(in_flight):>3} in flight")

    def _await_end(self, client):
        """Waits as long as the batch goes on."""
        done, since = -1, time.monotonic()
        while True:
            batch = client.batches.retrieve(self.batch_id)
            if batch.status in batches.ENDED:
                return batch
            now_done = batch.request_counts.completed + batch.request_counts.failed
            if now_done > done:
                done, since = now_done, time.monotonic()
            elif time.monotonic() - since > STALL_SECONDS:
                raise Overdue(f"the batch stands still at {done} lines: {batch.status}\n{self.gateway.log()}")
            time.sleep(0.05)

    def _checks(self, batch):
        books = Books(self.gateway.data)
        charges = books.charges(self.batch_id)
        wrong = [
            charge["id"] for charge in charges
            if charge["amount"] != (charge["input"] * INPUT_PRICE + charge["output"] * OUTPUT_PRICE) * 500_000]
        spent = books.rows("SELECT sum(dollars) AS dollars, sum(picodollars) AS pico FROM spent")[0]
        rest = books.rows("SELECT sum(amount) AS pico FROM charge WHERE id > (SELECT through FROM counted)")[0]
        total = (spent["dollars"] or 0) * 10**12 + (spent["pico"] or 0) + (rest["pico"] or 0)
        executed = self.engine.execution_log()["lines"]
        twice = [row for row in executed if row["finished"] > 1 + self.at_risk[row["line"]]]
        # A cut answer is spoiled work, not a second execution: it starts again because nothing came of it.
        again = [
            row for row in executed if row["started"] > 1 + row["faulted"] + self.at_risk[row["line"]]]
        never = self.plan.lines - sum(1 for row in executed if row["started"] or row["faulted"])
        slow = [seconds for seconds in self.first_dispatches if seconds > self.plan.first_dispatch_seconds]
        most = max((death.in_flight for death in self.deaths), default=0)
        return [
            Check("the batch is completed", batch.status == "completed", batch.status),
            Check("every charge has its exact amount", not wrong, f"{len(charges)} charges, {len(wrong)} wrong"),
            Check("the amounts sum to what the project spent", total == sum(charge["amount"] for charge in charges),
                  f"{total} picodollars"),
            Check("finished twice only what was in flight at a kill", not twice,
                  f"{sum(row['finished'] - 1 for row in executed if row['finished'] > 1)} of "
                  f"{sum(self.at_risk.values())} in flight; not explained: {len(twice)}"),
            Check("started again only after a fault or a kill", not again, f"not explained: {len(again)}"),
            # A line that was answered waits for its commit while the next one has its place already.
            Check("in flight at most twice the concurrency", most <= 2 * self.plan.concurrency,
                  f"at most {most}, concurrency {self.plan.concurrency}"),
            Check("every line reached the engine", never == 0, f"{never} did not"),
            Check(f"first line within {self.plan.first_dispatch_seconds:g} s of each start", not slow,
                  f"slowest {max(self.first_dispatches):.3f} s of {len(self.first_dispatches)} starts"),
        ]

    def _figures(self, batch):
        log = self.engine.execution_log(limit=0)
        firsts = sorted(self.first_dispatches)
        return {
            "completed": batch.request_counts.completed, "failed": batch.request_counts.failed,
            "executions_started": log["started"], "executions_finished": log["finished"],
            "repeated": log["repeated"], "in_flight_at_kills": sum(self.at_risk.values()),
            "first_dispatch_median_s": round(firsts[len(firsts) // 2], 3),
            "first_dispatch_max_s": round(firsts[-1], 3),
        }


def table(outcome):
    """The outcome for people."""
    width = max(len(check.name) for check in outcome.checks)
    rows = [f"seed {outcome.plan.seed}: {outcome.plan.lines} lines, {len(outcome.deaths)} kills, "
            f"{outcome.seconds:.1f} s"]
    rows += [f"  {name.replace('_', ' '):<{width}}  {value}" for name, value in outcome.figures.items()]
    rows += [f"{'ok  ' if check.holds else 'FAIL'} {check.name:<{width}}  {check.found}" for check in outcome.checks]
    return "\n".join(rows)
