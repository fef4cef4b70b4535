"""Projects and keys of a gateway, made as an operator makes them: with commands, beside the running server."""
import functools
import hashlib
import json
import os
import sqlite3
import subprocess
import time

from .program import binary


@functools.cache
def has_command(name):
    """Whether the program under test has that subcommand."""
    listed = subprocess.run([binary(), "--help"], capture_output=True, text=True, timeout=30, check=True).stdout
    return any(line.startswith("  ") and line.split()[:1] == [name] for line in listed.splitlines())


def command(*arguments, data):
    """Runs an `ebb` command on a data folder; returns what it printed."""
    done = subprocess.run(
        [binary(), *arguments, "--data", str(data)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"ebb {' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def add_project(data, name, limit=None):
    """A project with one key; returns the key. A running server knows it within a second or so."""
    if has_command("projects") and has_command("keys"):
        command("projects", "create", name, *(["--limit", limit] if limit else []), data=data)
        return command("keys", "create", "--project", name, "--name", name, data=data).strip()
    assert limit is None, "limits need the command `projects`"
    random, key = os.urandom(16).hex(), f"sk-{name}-{os.urandom(8).hex()}"
    now = time.time_ns()
    connection = sqlite3.connect(f"{data}/ebb.sqlite", timeout=10)
    with connection:
        connection.execute(
            "INSERT INTO project (id, name, created_at) VALUES (?, ?, ?)", (f"proj_{random}", name, now))
        connection.execute(
            "INSERT INTO api_key (id, project, name, hash, hint, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            (f"key_{random}", f"proj_{random}", name, hashlib.sha256(key.encode()).digest(), "test", now))
    connection.close()
    return key


def totals(data, **options):
    """The sum of `ebb ledger totals`."""
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    lines = command("ledger", "totals", "--json", *flags, data=data).splitlines()
    return [json.loads(line) for line in lines][-1]
