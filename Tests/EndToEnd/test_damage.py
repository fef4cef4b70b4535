"""Bytes on disk that are not what was written."""
import pathlib

import pytest

from harness.batches import chat_lines, ended, upload
from harness.ledger import Books
from harness.waiting import wait_until

HEADER_BYTES = 16


def flip(path, offset):
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


@pytest.mark.slow
def test_no_line_runs_by_a_damaged_line_index(start_gateway, start_engine):
    """The index says where a line lies: one wrong bit would send other bytes than the client's."""
    engine = start_engine()
    gateway = start_gateway(engine)
    with gateway.sdk() as client:
        file = upload(client, chat_lines(20, "damage"))
        [row] = Books(gateway.data).rows("SELECT line_index FROM file WHERE id = ?", file.id)
        [index] = pathlib.Path(gateway.data, "blobs").glob(f"??/{row['line_index']}")
        flip(index, HEADER_BYTES)
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
        wait_until(lambda: "checksumMismatch" in gateway.log(), 10, "the damage in the log")
        assert client.batches.retrieve(batch.id).status == "validating"
        assert engine.execution_log(limit=0)["started"] == 0

        flip(index, HEADER_BYTES)
        done = ended(client, batch.id)
        assert (done.status, done.request_counts.completed) == ("completed", 20)
