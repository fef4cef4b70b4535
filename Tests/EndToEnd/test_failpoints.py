"""Deaths at chosen moments: after each, a restart finds everything and doubles nothing."""
import pathlib
import signal

import openai
import pytest

from harness import verdict
from harness.batches import chat_lines, ended, jsonl, progressed, rows, submit, upload
from harness.ledger import Books
from harness.program import binary
from harness.waiting import wait_until

pytestmark = pytest.mark.slow

LINES = 60
CONFIG = "batch: {concurrency: 8}\n"
ASK = {"model": "simulated", "messages": [{"role": "user", "content": "charge me"}], "max_tokens": 5}


@pytest.fixture(autouse=True)
def failpoints():
    if b"EBB_FAILPOINT" not in pathlib.Path(binary()).read_bytes():
        pytest.skip("this build has no failpoints (they are in debug builds only)")


def armed(name, count=1):
    return {"EBB_FAILPOINT": f"{name}:{count}"}


def died(gateway, seconds=30):
    assert gateway.wait(seconds) == -signal.SIGKILL, "the failpoint was not reached"


def executed(engine):
    return {row["line"]: row for row in engine.execution_log()["lines"]}


def check_end(gateway, engine, batch_id, lines, at_risk, status="completed"):
    """`at_risk`: how many lines may have been executed a second time."""
    with gateway.sdk() as client:
        batch = ended(client, batch_id)
        assert batch.status == status
        verdict.assert_all(verdict.of_batch(client, gateway.data, batch, [line["custom_id"] for line in lines]))
    twice = sum(row["started"] - 1 for row in executed(engine).values() if row["started"] > 1)
    assert twice <= at_risk
    return batch


@pytest.mark.parametrize("name", ["file.stored", "file.indexed"])
def test_death_while_a_file_is_stored(start_engine, start_gateway, name):
    engine = start_engine()
    gateway = start_gateway(engine, environment=armed(name))
    content = jsonl(chat_lines(5))
    form = {"file": ("in.jsonl", content), "purpose": "batch", "extra_headers": {"Idempotency-Key": "upload"}}
    with gateway.sdk() as client, pytest.raises(openai.APIConnectionError):
        client.files.create(**form)
    died(gateway)
    assert Books(gateway.data).orphans(), "the file's bytes were on the disk"
    gateway = start_gateway(engine)
    assert Books(gateway.data).orphans() == set()
    with gateway.sdk() as client:
        assert list(client.files.list()) == []
        # A key whose request died with its process is free again.
        file = client.files.create(**form)
        assert client.files.create(**form).id == file.id
        assert [each.id for each in client.files.list()] == [file.id]
        assert client.files.content(file.id).content == content


@pytest.mark.parametrize(("name", "files"), [("file.recording", 0), ("answer.storing", 0), ("file.recorded", 1)])
def test_death_around_the_record_of_a_file_with_a_key(start_engine, start_gateway, name, files):
    engine = start_engine()
    gateway = start_gateway(engine, environment=armed(name))
    content = jsonl(chat_lines(5))
    form = {"file": ("in.jsonl", content), "purpose": "batch", "extra_headers": {"Idempotency-Key": "upload"}}
    with gateway.sdk() as client, pytest.raises(openai.APIConnectionError):
        client.files.create(**form)
    died(gateway)
    recorded = [row["id"] for row in Books(gateway.data).rows("SELECT id FROM file")]
    assert len(recorded) == files
    gateway = start_gateway(engine)
    with gateway.sdk() as client:
        file = client.files.create(**form)
        assert recorded in ([], [file.id])
        assert client.files.create(**form).id == file.id
        assert [each.id for each in client.files.list()] == [file.id]
        assert client.files.content(file.id).content == content
    assert Books(gateway.data).orphans() == set()


@pytest.mark.parametrize(("name", "batches"), [("batch.storing", 0), ("answer.storing", 0), ("batch.stored", 1)])
def test_death_around_the_storing_of_a_batch_with_a_key(start_engine, start_gateway, name, batches):
    engine = start_engine()
    gateway = start_gateway(engine, config=CONFIG, environment=armed(name))
    lines = chat_lines(5, "keyed")
    with gateway.sdk() as client:
        order = {"input_file_id": upload(client, lines).id, "endpoint": "/v1/chat/completions",
                 "completion_window": "24h", "extra_headers": {"Idempotency-Key": "nightly"}}
        with pytest.raises(openai.APIConnectionError):
            client.batches.create(**order)
    died(gateway)
    stored = [row["id"] for row in Books(gateway.data).rows("SELECT id FROM batch")]
    assert len(stored) == batches
    gateway = start_gateway(engine, config=CONFIG)
    with gateway.sdk() as client:
        raw = client.batches.with_raw_response.create(**order)
        batch_id = raw.parse().id
        assert raw.headers.get("idempotent-replayed") == ("true" if stored else None)
        assert stored in ([], [batch_id])
        assert client.batches.create(**order).id == batch_id
        with pytest.raises(openai.BadRequestError):
            client.batches.create(**order, metadata={"not": "the same"})
        assert [each.id for each in client.batches.list()] == [batch_id]
    check_end(gateway, engine, batch_id, lines, at_risk=0)


@pytest.mark.parametrize(
    ("name", "count"),
    [("line.answered", 1), ("line.answered", 33), ("commit.before", 1), ("commit.before", 4), ("commit.middle", 1),
     ("commit.middle", 20), ("commit.after", 1), ("commit.after", 4)])
def test_death_between_an_answer_and_its_record(start_engine, start_gateway, name, count):
    engine = start_engine(slots=8, latency=5, output_tokens_max=6)
    gateway = start_gateway(engine, config=CONFIG, environment=armed(name, count))
    lines = chat_lines(LINES, "recorded")
    for line in lines:
        line["body"]["user"] = line["custom_id"]
    with gateway.sdk() as client:
        batch_id = submit(client, lines).id
    died(gateway)
    books = Books(gateway.data)
    recorded = len(books.results(batch_id))
    assert recorded < LINES
    assert len(books.charges(batch_id)) == recorded, "a result and its charge are one transaction"
    wait_until(lambda: engine.running() == 0, 5, "the engine sees that its client died")
    answered = [row for row in executed(engine).values() if row["started"]]
    restarted = start_gateway(engine, config=CONFIG)
    check_end(restarted, engine, batch_id, lines, at_risk=len(answered) - recorded)


@pytest.mark.parametrize(("name", "charges"), [("commit.before", 0), ("commit.middle", 0), ("commit.after", 1)])
def test_death_around_the_commit_of_an_interactive_charge(start_engine, start_gateway, name, charges):
    engine = start_engine()
    gateway = start_gateway(engine, environment=armed(name))
    with gateway.sdk() as client, pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(**ASK)
    died(gateway)
    assert len(Books(gateway.data).charges()) == charges, "nobody had an answer, so no answer is without its charge"
    gateway = start_gateway(engine)
    with gateway.sdk() as client:
        client.chat.completions.create(**ASK)
    assert len(Books(gateway.data).charges()) == charges + 1


def test_death_while_a_cancel_is_recorded(start_engine, start_gateway):
    engine = start_engine(slots=4, latency=40, output_tokens_max=4)
    gateway = start_gateway(engine, config=CONFIG, environment=armed("batch.cancelling"))
    lines = chat_lines(300, "cancelled")
    with gateway.sdk() as client:
        batch_id = submit(client, lines).id
        progressed(client, batch_id, 4)
        with pytest.raises(openai.APIConnectionError):
            client.batches.cancel(batch_id)
    died(gateway)
    gateway = start_gateway(engine, config=CONFIG)
    with gateway.sdk() as client:
        assert client.batches.retrieve(batch_id).status == "in_progress", "nobody was told that it was cancelled"
        assert client.batches.cancel(batch_id).status in ("cancelling", "cancelled")
        # Eight in flight at the death, and as many that were answered and waited for their commit.
        batch = check_end(gateway, engine, batch_id, lines, at_risk=16, status="cancelled")
        assert 4 <= batch.request_counts.completed < 300


@pytest.mark.parametrize("cancelled", [False, True])
def test_death_while_a_batch_is_sealed(start_engine, start_gateway, cancelled):
    engine = start_engine(slots=4, latency=20, output_tokens_max=4)
    gateway = start_gateway(engine, config=CONFIG, environment=armed("batch.finalizing"))
    lines = chat_lines(200 if cancelled else 12, "sealed")
    with gateway.sdk() as client:
        batch_id = submit(client, lines).id
        if cancelled:
            progressed(client, batch_id, 4)
            try:
                assert client.batches.cancel(batch_id).status == "cancelling"
            except openai.APIConnectionError:
                pass  # it may die before it answers
    died(gateway)
    gateway = start_gateway(engine, config=CONFIG)
    status = "cancelled" if cancelled else "completed"
    check_end(gateway, engine, batch_id, lines, at_risk=16 if cancelled else 0, status=status)


def test_death_while_a_passed_window_is_recorded(expiring_and_killed):
    gateway, batch_id, lines = expiring_and_killed
    died(gateway, 90)
    recorded = len(Books(gateway.data).results(batch_id))
    assert 0 < recorded < len(lines)
    gateway.environment.pop("EBB_FAILPOINT")
    gateway.start()
    with gateway.sdk() as client:
        batch = ended(client, batch_id)
        assert batch.status == "expired"
        verdict.assert_all(verdict.of_batch(client, gateway.data, batch, [line["custom_id"] for line in lines]))
        assert batch.request_counts.completed == recorded
        unrun = rows(client, batch.error_file_id)
        assert {row["error"]["code"] for row in unrun} == {"batch_expired"}
