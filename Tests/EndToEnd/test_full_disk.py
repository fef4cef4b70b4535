"""A disk that is full for a while: nothing is bought that cannot be recorded, and nothing is lost or bought twice."""
import pathlib
import resource

import pytest

from harness.batches import chat_lines, ended, progressed, submit
from harness.ledger import Books
from harness.waiting import Overdue, wait_until
from test_conformance_requests import CHAT, error_of

LINES = 200
SLOTS = 4
FILE_BYTES_MAX = 100_000


def limit_files(program, size):
    """No file of the process grows beyond `size`: to its writes the disk is full."""
    resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_a_full_disk_stops_the_buying_and_loses_nothing(start_engine, start_gateway):
    engine = start_engine(slots=SLOTS, latency=40, output_tokens_max=20)
    gateway = start_gateway(engine)
    [log_ahead] = pathlib.Path(gateway.data).glob("*-wal")
    with gateway.sdk() as client, gateway.http() as http:
        batch = submit(client, chat_lines(LINES, "full"))
        progressed(client, batch.id, LINES // 10)
        wait_until(lambda: log_ahead.stat().st_size > 2 * FILE_BYTES_MAX, 20, "a log that is larger than the limit")
        limit_files(gateway, FILE_BYTES_MAX)

        def waits():
            told = client.batches.retrieve(batch.id).model_extra.get("ebb") or {}
            return told.get("waiting_for") == "store_unavailable"

        wait_until(waits, 20, "the batch waits for its store")
        assert http.get(f"{gateway.root}/readyz").status_code == 503
        error_of(http.post("chat/completions", json=CHAT), 503, "server_error", "store_unavailable")
        assert gateway.metrics().total("ebb_store_failing") == 1
        wait_until(lambda: engine.running() == 0, 10, "what ran has ended")
        bought = engine.execution_log(limit=0)["started"]
        recorded = len(Books(gateway.data).charges())
        assert 0 < bought - recorded <= SLOTS * 2
        with pytest.raises(Overdue):
            wait_until(lambda: engine.execution_log(limit=0)["started"] > bought, 3, "more is bought")

        limit_files(gateway, resource.RLIM_INFINITY)
        done = ended(client, batch.id)
        assert (done.status, done.request_counts.completed) == ("completed", LINES)
        assert http.get(f"{gateway.root}/readyz").status_code == 200
        assert http.post("chat/completions", json=CHAT).status_code == 200
    assert engine.execution_log(limit=0)["started"] == LINES + 1
    assert len(Books(gateway.data).charges()) == LINES + 1
    assert gateway.log().count("the store cannot be written") == 1
