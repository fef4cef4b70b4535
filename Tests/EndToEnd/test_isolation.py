"""Checks 13 and 29: budgets stop, nobody sees another project's data, revoked keys are refused."""
import re

import openai
import pytest

from harness.batches import chat_lines, ended, rows, submit
from harness.gateway import KEY
from harness.ledger import Books
from harness.projects import add_project, command, knows, totals
from harness.waiting import wait_until
from test_conformance_requests import CHAT

PRICES = "prices: {models: {simulated: {default: {input: 1, output: 3}, batch: {times: 0.5}}}}\n"


@pytest.fixture
def two_projects(start_engine, start_gateway):
    gateway = start_gateway(start_engine())
    other = add_project(gateway.data, "other")
    wait_until(lambda: knows(gateway, other), 5, "the new key works without a restart", every=0.05)
    with gateway.sdk() as ours, gateway.sdk(key=other) as theirs:
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
    gateway, _, theirs = two_projects
    key = Books(gateway.data).rows("SELECT id FROM api_key WHERE name = 'other'")[0]["id"]
    command("keys", "revoke", key, data=gateway.data)
    # Documented: within a second of the command.
    wait_until(lambda: not knows(gateway, theirs.api_key), 1, "the revoked key is refused", every=0.05)
    assert knows(gateway, KEY)


def test_a_new_key_works_at_once_on_every_path_and_its_cap_holds(start_engine, start_gateway):
    gateway = start_gateway(start_engine(), config=PRICES)
    with gateway.http(key=add_project(gateway.data, "chat")) as http:
        assert http.post("chat/completions", json=CHAT).status_code == 200
    with gateway.http(key=add_project(gateway.data, "list")) as http:
        assert http.get("models").status_code == 200
    with gateway.http(key=add_project(gateway.data, "poor", limit="0.000001")) as http:
        assert http.post("chat/completions", json=CHAT).status_code == 429
    with gateway.http(key="sk-ebb-wrong-wrong-wrong-wrong") as http:
        for _ in range(3):
            answer = http.post("chat/completions", json=CHAT)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


def test_13_a_spent_budget_stops(start_engine, start_gateway):
    gateway = start_gateway(start_engine(), config=PRICES)
    key = add_project(gateway.data, "small", limit="0.002")
    wait_until(lambda: knows(gateway, key), 5, "the new key works", every=0.05)
    # 100 tokens of output cost 0.0003 dollars, and the most that a request may cost is held before it runs: about
    # 0.0014, since an engine's template may add 1,024 tokens of input.
    body = {**CHAT, "max_tokens": 100, "ignore_eos": True}
    with gateway.http(key=key) as http:
        answers = [http.post("chat/completions", json=body) for _ in range(6)]
    allowed = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert allowed and refused
    for answer in refused:
        assert answer.status_code == 429
        error = answer.json()["error"]
        assert error["type"] == "insufficient_quota"
        assert error["code"] in ("insufficient_quota", "project_spend_limit_exceeded")
        assert "retry-after" not in answer.headers
        assert re.search(r"leaves \$0\.\d+, and this request may cost up to \$0\.\d+\.", error["message"]), error
    charges = Books(gateway.data).charges()
    assert len(charges) == len(allowed)
    assert sum(charge["amount"] for charge in charges) <= 2 * 10**9, "two thousandths of a dollar"
    with gateway.http() as http:
        assert http.post("chat/completions", json=body).status_code == 200, "other projects go on"


def test_commands_beside_a_running_server_do_no_harm(start_engine, start_gateway):
    gateway = start_gateway(start_engine(slots=4, latency=20, output_tokens_max=4), config=PRICES)
    with gateway.sdk() as client:
        batch_id = submit(client, chat_lines(300, "beside")).id
        for number in range(3):
            command("keys", "create", "--name", f"key {number}", data=gateway.data)
            totals(gateway.data)
        batch = ended(client, batch_id)
        assert (batch.status, batch.request_counts.completed) == ("completed", 300)
        assert len(rows(client, batch.output_file_id)) == len(Books(gateway.data).charges(batch_id)) == 300
    found = totals(gateway.data, batch=batch_id)
    assert found["requests"] == 300
    assert found["usage"]["output"] == batch.usage.output_tokens
    amount = sum(charge["amount"] for charge in Books(gateway.data).charges(batch_id))
    assert round(float(found["amount"]) * 10**12) == amount
