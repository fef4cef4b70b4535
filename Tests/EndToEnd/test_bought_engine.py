"""Work at an engine that sends a bill is kept when its batch is cancelled."""
from harness.batches import chat_lines, ended, submit
from harness.ledger import Books
from harness.waiting import wait_until


def test_a_cancel_keeps_what_is_paid_for(start_engine, start_gateway):
    engine = start_engine(decode_rate=40, slots=4)
    gateway = start_gateway(config=(
        "batch: {concurrency: 4}\n"
        f"engines: [{{name: bought, url: '{engine.url}', kind: openai, concurrency: 4}}]\n"))
    lines = chat_lines(12, "paid")
    for line in lines:
        line["body"].update(user=line["custom_id"], max_tokens=40, ignore_eos=True)
    with gateway.sdk() as client:
        batch_id = submit(client, lines).id
        wait_until(lambda: engine.running() == 4, 5, "lines at the engine")
        client.batches.cancel(batch_id)
        batch = ended(client, batch_id)
        assert batch.status == "cancelled"
        assert batch.request_counts.completed >= 4
        assert len(client.files.content(batch.output_file_id).text.splitlines()) == batch.request_counts.completed
    executed = engine.execution_log()["lines"]
    assert sum(row["started"] for row in executed) == sum(row["finished"] for row in executed)
    assert len(executed) == batch.request_counts.completed == len(Books(gateway.data).charges())
