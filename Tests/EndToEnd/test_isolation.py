"""Check 29: nobody sees another project's data; revoked keys are refused."""
import subprocess

import openai
import pytest

from harness.batches import chat_lines, ended, rows, submit
from harness.gateway import KEY
from harness.ledger import Books
from harness.program import binary
from harness.projects import add_project, has_command, revoke
from harness.waiting import wait_until

OTHER = "sk-other-project"


def knows(gateway, key):
    with gateway.http(key=key) as http:
        return http.get("models").status_code == 200


@pytest.fixture
def two_projects(start_engine, start_gateway):
    gateway = start_gateway(start_engine())
    add_project(gateway.data, "other", OTHER)
    wait_until(lambda: knows(gateway, OTHER), 5, "the new key works without a restart", every=0.05)
    with gateway.sdk() as ours, gateway.sdk(key=OTHER) as theirs:
        yield gateway, ours, theirs


def test_29_foreign_ids_are_unknown(two_projects):
    gateway, ours, theirs = two_projects
    batch = ended(ours, submit(ours, chat_lines(3, "secret")).id)
    upload = ours.uploads.create(filename="u.jsonl", purpose="batch", bytes=10, mime_type="application/jsonl")
    part = ours.uploads.parts.create(upload.id, data=b"{}\n")
    foreign = [
        lambda: theirs.files.retrieve(batch.input_file_id),
        lambda: theirs.files.content(batch.input_file_id),
        lambda: theirs.files.content(batch.output_file_id),
        lambda: theirs.files.delete(batch.input_file_id),
        lambda: theirs.files.delete(batch.output_file_id),
        lambda: theirs.batches.retrieve(batch.id),
        lambda: theirs.batches.cancel(batch.id),
        lambda: theirs.uploads.parts.create(upload.id, data=b"{}\n"),
        lambda: theirs.uploads.complete(upload.id, part_ids=[part.id]),
        lambda: theirs.uploads.cancel(upload.id),
    ]
    for attempt in foreign:
        with pytest.raises(openai.NotFoundError):
            attempt()
    assert list(theirs.files.list()) == [] and list(theirs.batches.list()) == []
    # A foreign input file is as good as none: the batch fails, and its message gives nothing away.
    stolen = ended(theirs, theirs.batches.create(
        input_file_id=batch.input_file_id, endpoint="/v1/chat/completions", completion_window="24h").id)
    assert (stolen.status, stolen.errors.data[0].code) == ("failed", "invalid_request")
    missing = ended(theirs, theirs.batches.create(
        input_file_id="file-nowhere", endpoint="/v1/chat/completions", completion_window="24h").id)
    assert (stolen.errors.data[0].message.replace(batch.input_file_id, "ID")
            == missing.errors.data[0].message.replace("file-nowhere", "ID"))
    assert len(rows(ours, batch.output_file_id)) == 3


def test_29_paging_does_not_start_at_a_foreign_id(two_projects):
    _, ours, theirs = two_projects
    batch = ended(ours, submit(ours, chat_lines(1, "mine")).id)
    assert list(theirs.files.list(after=batch.input_file_id)) == []
    assert list(theirs.batches.list(after=batch.id)) == []


def test_29_idempotency_keys_are_apart(two_projects):
    _, ours, theirs = two_projects
    headers = {"Idempotency-Key": "same-key"}
    content = b'{"custom_id":"a"}\n'
    first = ours.files.create(file=("a.jsonl", content), purpose="batch", extra_headers=headers)
    second = theirs.files.create(file=("a.jsonl", content), purpose="batch", extra_headers=headers)
    assert first.id != second.id


def test_29_charges_carry_their_project_and_key(two_projects):
    gateway, ours, theirs = two_projects
    for client in (ours, theirs):
        client.chat.completions.create(model="simulated", messages=[{"role": "user", "content": "hi"}])
    charges = Books(gateway.data).charges()
    assert len({charge["project"] for charge in charges}) == 2
    assert len({charge["api_key"] for charge in charges}) == 2


def test_a_revoked_key_is_refused_without_a_restart(two_projects):
    gateway, _, _ = two_projects
    revoke(gateway.data, OTHER)
    wait_until(lambda: not knows(gateway, OTHER), 5, "the revoked key is refused", every=0.05)
    assert knows(gateway, KEY)


def test_keys_revoke_command(two_projects):
    if not has_command("keys"):
        pytest.skip("the program has no command `keys` yet")
    gateway, _, _ = two_projects
    key = Books(gateway.data).rows("SELECT id FROM api_key WHERE name = 'other'")[0]["id"]
    subprocess.run([binary(), "keys", "revoke", key, "--data", gateway.data], check=True, timeout=30)
    wait_until(lambda: not knows(gateway, OTHER), 5, "the revoked key is refused", every=0.05)
