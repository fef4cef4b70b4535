"""One process under test: started, known by the first line it prints, stopped, its log kept."""
import os
import pathlib
import select
import signal
import subprocess
import time

from .waiting import Overdue

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
READY_SECONDS = 30
STOP_SECONDS = 15


def binary():
    """The program under test: $EBB_BINARY, or the debug build of this checkout."""
    path = pathlib.Path(os.environ.get("EBB_BINARY") or REPOSITORY / ".build/debug/ebb")
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"no program at {path}; build it (swift build) or set EBB_BINARY")
    return str(path.resolve())


class Program:
    """A server process that prints its base URL as its first line on standard output when it is ready."""

    started = []  # every program of this run, newest last; failure reports read their logs

    def __init__(self, name, arguments, log, environment=None):
        self.name = name
        self.arguments = [str(argument) for argument in arguments]
        self.log_path = pathlib.Path(log)
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("EBB_")}
        self.environment.update(environment or {})
        self.process = None
        self.url = None
        self.started_at = None

    def start(self, wait=True):
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log_path, "ab") as log:
            self.started_at = time.monotonic()
            self.process = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=self.environment)
        if self not in Program.started:
            Program.started.append(self)
        self.url = None
        if wait:
            self.await_ready()
        return self

    def await_ready(self):
        """Waits for the base URL."""
        self.url = self._first_line()

    def _first_line(self):
        deadline = time.monotonic() + READY_SECONDS
        line = b""
        descriptor = self.process.stdout.fileno()
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([descriptor], [], [], max(0, deadline - time.monotonic()))
            if not readable:
                raise Overdue(f"{self.name} was not ready within {READY_SECONDS} s\n{self.log()}")
            piece = os.read(descriptor, 1)
            if not piece:
                status = self.process.wait(STOP_SECONDS)
                raise ProgramEnded(f"{self.name} ended with status {status} before it was ready\n{self.log()}")
            line += piece
        return line.decode().strip()

    @property
    def root(self):
        """The base URL without /v1."""
        return self.url.removesuffix("/v1")

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        """Waits for the end of the process; returns its exit status, negative for a signal."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Overdue(f"{self.name} still runs after {seconds} s\n{self.log()}") from None
        self.process.stdout.close()
        return status

    def kill(self):
        """SIGKILL, at once."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.kill()
        return self.wait()

    def stop(self):
        """SIGTERM, and SIGKILL when that does not help in time; returns the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                return self.wait()
            except Overdue:
                self.kill()
                raise
        return self.wait()

    def log(self, bytes_max=4_000):
        try:
            data = self.log_path.read_bytes()
        except FileNotFoundError:
            return ""
        cut = data[-bytes_max:]
        prefix = "" if len(cut) == len(data) else f"... ({len(data) - len(cut)} bytes left out)\n"
        return prefix + cut.decode(errors="replace")


class ProgramEnded(AssertionError):
    """A server ended before it was ready."""
