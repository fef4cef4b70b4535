"""Batches with a cost limit: `ebb run` parks them, a gateway that takes one up ends it."""
import json
import subprocess

from harness.batches import ended, rows
from harness.ledger import Books
from harness.program import binary
from harness.projects import command

PRICES = "prices: {models: {simulated: {default: {input: 1, output: 3}, batch: {times: 0.5}}}}\n"
LINES = 6


def repeat(tmp_path, engine, data, config, *options):
    """`ebb run` on the file of prompts."""
    return subprocess.run(
        [binary(), "run", tmp_path / "prompts.jsonl", "--engine", engine.url, "--model", "simulated", "--max-tokens",
         "20", "--yes", "--config", config, "--data", data, *options],
        capture_output=True, text=True, timeout=60)


def run(tmp_path, engine, data, limit, config):
    """`ebb run` on a file of prompts; returns its status and receipt."""
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text("".join(json.dumps({"prompt": f"Name river {number}."}) + "\n" for number in range(LINES)))
    done = repeat(tmp_path, engine, data, config, "--max-cost", limit)
    receipt = tmp_path / "prompts.jsonl.receipt.json"
    assert receipt.exists(), done.stderr
    return done.returncode, json.loads(receipt.read_text())


def test_a_gateway_ends_a_batch_at_its_cost_limit(tmp_path, start_engine, start_gateway):
    engine = start_engine(output_tokens_max=20)
    config, data = tmp_path / "prices.yaml", tmp_path / "data"
    config.write_text(PRICES)
    # A line may cost about 0.0006 dollars, because a template may add 1,024 tokens, and costs about a twentieth.
    status, receipt = run(tmp_path, engine, data, "0.00065", config)
    assert (status, receipt["status"]) == (4, "cap_reached")
    done = receipt["lines"]["completed"]
    assert 0 < done < LINES
    before = Books(data).charges()
    assert len(before) == done

    # The same folder under a gateway: nobody can raise the limit there, so the batch must not hang.
    key = command("keys", "create", "--project", "run", "--name", "reader", data=data).strip()
    gateway = start_gateway(engine, config=PRICES)
    with gateway.sdk(key=key) as client:
        batch_id = receipt["batch"]
        batch = ended(client, batch_id)
        assert batch.status == "cancelled"
        assert [error.code for error in batch.errors.data] == ["cost_limit_reached"]
        assert (batch.request_counts.total, batch.request_counts.completed) == (LINES, done)
        assert len(rows(client, batch.output_file_id)) == done
        unrun = rows(client, batch.error_file_id)
        assert len(unrun) == LINES - done
        assert {row["error"]["code"] for row in unrun} == {"cost_limit_reached"}
        # A cancel that comes late is told so at once.
        assert client.batches.cancel(batch_id).status == "cancelled"
    assert len(Books(data).charges()) == done, "nothing more was charged"
    assert sum(charge["amount"] for charge in before) <= 650_000_000
    gateway.stop()
    again = repeat(tmp_path, engine, data, config)
    assert again.returncode == 3
    assert f"was ended at its cost limit by a gateway on this folder; {LINES - done} of {LINES} lines" in again.stderr
    assert "only --again runs it" in again.stderr and len(Books(data).charges()) == done
    assert repeat(tmp_path, engine, data, config, "--again").returncode == 0
    assert len(Books(data).charges()) == done + LINES
