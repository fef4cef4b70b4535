"""More projects and keys in a running gateway's store."""
import hashlib
import os
import sqlite3
import subprocess
import time

from .program import binary


def has_command(name):
    """Whether the program under test has that subcommand."""
    listed = subprocess.run([binary(), "--help"], capture_output=True, text=True, timeout=30, check=True).stdout
    return any(line.split()[:1] == [name] for line in listed.splitlines())


def add_project(data, name, key):
    """A project with one key, written as the gateway's own commands write it; it is known within a second or so."""
    random = os.urandom(16).hex()
    now = time.time_ns()
    connection = sqlite3.connect(f"{data}/ebb.sqlite", timeout=10)
    with connection:
        connection.execute(
            "INSERT INTO project (id, name, created_at) VALUES (?, ?, ?)", (f"proj_{random}", name, now))
        connection.execute(
            "INSERT INTO api_key (id, project, name, hash, hint, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            (f"key_{random}", f"proj_{random}", name, hashlib.sha256(key.encode()).digest(), "test", now))
    connection.close()


def revoke(data, key):
    connection = sqlite3.connect(f"{data}/ebb.sqlite", timeout=10)
    with connection:
        changed = connection.execute(
            "UPDATE api_key SET revoked_at = ? WHERE hash = ?",
            (time.time_ns(), hashlib.sha256(key.encode()).digest())).rowcount
    connection.close()
    assert changed == 1
