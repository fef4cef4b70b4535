"""Fixtures: the real binary on 127.0.0.1, one data folder a test where a test needs its own."""
import itertools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness.batches import chat_lines, submit  # noqa: E402
from harness.gateway import Gateway, SimulatedEngine  # noqa: E402
from harness.program import Program, binary  # noqa: E402


def pytest_configure(config):
    try:
        binary()
    except FileNotFoundError as missing:
        raise pytest.UsageError(str(missing)) from None
    config.addinivalue_line("markers", "slow: takes more than a few seconds")
    config.addinivalue_line("markers", "real_engine: runs llama.cpp (package xllamacpp)")


def pytest_collection_modifyitems(items):
    """What waits for a window to pass comes last, so that it passes meanwhile."""
    items.sort(key=lambda item: any(name.startswith("expiring") for name in item.fixturenames))


def pytest_report_header():
    return f"program under test: {binary()}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the logs of all programs that ran during the test."""
    known = item.stash.setdefault(PROGRAMS_BEFORE, len(Program.started))
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for index, program in enumerate(Program.started):
            if index >= known or program.is_running:
                status = "running" if program.is_running else f"ended {program.process.poll()}"
                report.sections.append((f"log of {program.name}, {status}: {program.log_path}", program.log()))


PROGRAMS_BEFORE = pytest.StashKey()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    item.stash[PROGRAMS_BEFORE] = len(Program.started)


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """Ends whatever is still running at the end."""
    yield tmp_path_factory.mktemp("programs")
    for program in Program.started:
        if program.is_running:
            program.kill()


@pytest.fixture(scope="session")
def engine(programs):
    """A simulated engine that answers at once; shared, so tests look at their own marks only."""
    running = SimulatedEngine(programs / "engine.log", context=4096, slots=64).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def shared_gateway(programs, engine):
    running = Gateway(programs / "shared", [engine]).start()
    yield running
    running.kill()


@pytest.fixture
def gateway(shared_gateway):
    """A gateway in front of `engine`; shared, so tests look at their own batches and files only.

    A test that brings it down fails by itself, not all that follow.
    """
    if not shared_gateway.is_running:
        shared_gateway.start()
    yield shared_gateway
    assert shared_gateway.is_running, "the gateway died"


@pytest.fixture
def client(gateway):
    with gateway.sdk() as sdk:
        yield sdk


@pytest.fixture
def http(gateway):
    with gateway.http() as plain:
        yield plain


@pytest.fixture
def start_engine(programs, tmp_path):
    """Starts simulated engines for one test."""
    numbers = itertools.count(1)
    mine = []

    def start(**options):
        mine.append(SimulatedEngine(tmp_path / f"engine-{next(numbers)}.log", **options).start())
        return mine[-1]

    yield start
    for program in mine:
        program.kill()


@pytest.fixture
def start_gateway(programs, tmp_path):
    """Starts gateways for one test; `data` with the name of an earlier one restarts on what that left.

    `config` is the text of an ebb.yaml.
    """
    numbers = itertools.count(1)
    mine = []

    def start(*engines, data="data", config=None, wait=True, **options):
        number = next(numbers)
        if config is not None:
            path = tmp_path / f"ebb-{number}.yaml"
            path.write_text(config)
            config = path
        mine.append(Gateway(tmp_path / data, engines, config=config, log=tmp_path / f"gateway-{number}.log", **options))
        return mine[-1].start(wait=wait)

    yield start
    for program in mine:
        program.kill()


EXPIRING_LINES = 400
EXPIRING_CONFIG = "batch: {windows: {24h: batch, 1m: batch}, concurrency: 2}\n"


def start_expiring(folder, environment=None):
    """A batch of which the window of one minute, the shortest there is, ends before its lines do."""
    engine = SimulatedEngine(folder / "engine.log", slots=2, latency=500, output_tokens_max=4).start()
    (folder / "ebb.yaml").write_text(EXPIRING_CONFIG)
    gateway = Gateway(folder / "data", [engine], config=folder / "ebb.yaml", environment=environment).start()
    lines = chat_lines(EXPIRING_LINES, "window")
    with gateway.sdk() as client:
        return gateway, submit(client, lines, window="1m").id, lines


@pytest.fixture(scope="session", autouse=True)
def window_passes(request, programs):
    """Starts the batches that expire, at the beginning of the run."""
    wanted = {name for item in request.session.items for name in item.fixturenames}
    started = {}
    for name, environment in [("expiring", None), ("expiring_and_killed", {"EBB_FAILPOINT": "batch.expiring"})]:
        if name in wanted:
            (programs / name).mkdir()
            started[name] = start_expiring(programs / name, environment)
    return started


@pytest.fixture
def expiring(window_passes):
    """A gateway, its batch with a window of one minute, and the batch's lines."""
    return window_passes["expiring"]


@pytest.fixture
def expiring_and_killed(window_passes):
    """The same, but the gateway dies when it is about to record that the window has passed."""
    return window_passes["expiring_and_killed"]


@pytest.fixture(scope="session")
def llama(programs):
    """llama.cpp with a tiny random model."""
    from harness import tiny_model
    from harness.llama_engine import LlamaEngine

    model = programs / "tiny.gguf"
    tiny_model.write(model, layers=6)
    running = LlamaEngine(model, programs / "llama.log").start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def llama_gateway(programs, llama):
    running = Gateway(programs / "llama", [llama]).start()
    yield running
    running.kill()
