"""The first start on an empty data folder, without a key from outside."""
import os
import pathlib
import re
import subprocess

import httpx2 as httpx
import pytest

from harness.gateway import Gateway
from harness.program import binary
from harness.projects import command


@pytest.fixture
def start_without_key(engine, tmp_path):
    started = []

    def start(environment=None):
        gateway = Gateway(tmp_path / "data", [engine], log=tmp_path / f"start-{len(started)}.log")
        del gateway.environment["EBB_BOOTSTRAP_KEY"]
        gateway.environment.update(environment or {})
        started.append(gateway)
        return gateway.start()

    yield start
    for gateway in started:
        gateway.kill()


def printed_keys(gateway):
    return re.findall(r"sk-ebb-[A-Za-z0-9_-]{43}", gateway.log())


def status(gateway, key):
    return httpx.get(f"{gateway.url}/models", headers={"Authorization": f"Bearer {key}"}, timeout=10).status_code


@pytest.mark.parametrize("key", ["", "two words", "sk-\u00e4", "sk-line\n"])
def test_a_key_from_outside_that_no_client_could_send_refuses_the_start(engine, tmp_path, key):
    data = tmp_path / "data"
    started = subprocess.run(
        [binary(), "serve", "--listen", "127.0.0.1:0", "--data", str(data), "--engine", engine.url],
        env={**os.environ, "EBB_BOOTSTRAP_KEY": key}, capture_output=True, text=True, timeout=30)
    assert started.returncode == 2 and "EBB_BOOTSTRAP_KEY" in started.stderr
    assert "default" not in command("projects", "list", "--json", data=data)


def test_the_first_start_prints_a_key_once_and_keeps_only_its_hash(start_without_key):
    first = start_without_key()
    keys = printed_keys(first)
    assert len(keys) == 1
    assert status(first, keys[0]) == 200
    assert status(first, keys[0][:-1] + ("a" if keys[0][-1] != "a" else "b")) == 401
    assert '"name":"default"' in command("projects", "list", "--json", data=first.data).replace(" ", "")
    first.stop()
    stored = [path for path in pathlib.Path(first.data).rglob("*") if path.is_file()]
    assert any(path.stat().st_size for path in stored)
    # Without its prefix, so that a key that is stored in parts is found too.
    secret = keys[0].removeprefix("sk-ebb-").encode()
    assert not [path for path in stored if secret in path.read_bytes()]
    second = start_without_key()
    assert printed_keys(second) == []
    assert status(second, keys[0]) == 200


def test_a_key_from_outside_is_told_of_where_it_is_not_the_projects_own(start_without_key):
    mine = {"EBB_BOOTSTRAP_KEY": "sk-mine"}
    first = start_without_key(mine)
    first.stop()
    same = start_without_key(mine)
    assert "EBB_BOOTSTRAP_KEY" not in same.log()
    same.stop()
    other = start_without_key({"EBB_BOOTSTRAP_KEY": "sk-other"})
    assert "EBB_BOOTSTRAP_KEY is another key" in other.log()
    assert (status(other, "sk-mine"), status(other, "sk-other")) == (200, 200)
    other.stop()


def test_a_key_from_outside_that_no_project_takes_is_told_of(start_without_key, tmp_path):
    command("projects", "create", "research", data=tmp_path / "data")
    gateway = start_without_key({"EBB_BOOTSTRAP_KEY": "sk-mine"})
    assert "EBB_BOOTSTRAP_KEY is not used" in gateway.log()
    assert status(gateway, "sk-mine") == 401
