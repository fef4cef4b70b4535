"""Commands of the binary: run to their end, or left running for a test to interrupt."""
import json
import os
import pathlib
import subprocess

from .program import binary

END_SECONDS = 60


def environment(home, **variables):
    """An environment in which nothing of the machine's own set-up counts."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("EBB_", "OPENAI_", "XDG_"))}
    return {**kept, "HOME": str(home), **variables}


def start(*arguments, home, variables=None, **streams):
    """Starts `ebb` and returns its process."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        [binary(), *map(str, arguments)], cwd=home, env=environment(home, **(variables or {})), **{**pipes, **streams})


def ebb(*arguments, home, status=0, check=True, variables=None):
    """Runs `ebb` to its end, which must have that status unless `check` is off; returns what it wrote."""
    process = start(*arguments, home=home, variables=variables)
    try:
        out, errors = process.communicate(timeout=END_SECONDS)
    finally:
        process.kill()
    words = " ".join(map(str, arguments))
    assert not check or process.returncode == status, f"ebb {words}: status {process.returncode}\n{out}{errors}"
    return subprocess.CompletedProcess(words, process.returncode, out, errors)


def objects(text):
    """JSON objects, one a line."""
    return [json.loads(line) for line in text.splitlines()]


class JobFiles:
    """What `ebb run` leaves at a path."""

    def __init__(self, prefix):
        self.results_path, self.errors_path, self.receipt_path = (
            pathlib.Path(f"{prefix}.{name}") for name in ("results.jsonl", "errors.jsonl", "receipt.json"))

    @property
    def results(self):
        return objects(self.results_path.read_text())

    @property
    def errors(self):
        return objects(self.errors_path.read_text())

    @property
    def receipt(self):
        return json.loads(self.receipt_path.read_text())

    @property
    def answered(self):
        """The ids of answered lines, in the order of the file."""
        return [row["custom_id"] for row in self.results]
