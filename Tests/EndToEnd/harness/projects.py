"""Projects and keys of a gateway, made as an operator makes them: with commands, beside the running server."""
import json
import subprocess

from .program import binary


def command(*arguments, data):
    """Runs an `ebb` command on a data folder; returns what it printed."""
    done = subprocess.run(
        [binary(), *arguments, "--data", str(data)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"ebb {' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def add_project(data, name, limit=None):
    """A project with one key; returns the key. A running server knows it within a second or so."""
    command("projects", "create", name, *(["--limit", limit] if limit else []), data=data)
    return command("keys", "create", "--project", name, "--name", name, data=data).strip()


def totals(data, **options):
    """The sum of `ebb ledger totals`."""
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    lines = command("ledger", "totals", "--json", *flags, data=data).splitlines()
    return [json.loads(line) for line in lines][-1]


def knows(gateway, key):
    """Whether the gateway takes that key."""
    with gateway.http(key=key) as http:
        return http.get("models").status_code == 200
