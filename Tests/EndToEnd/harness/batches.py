"""Batch files and what comes of them."""
import io
import json

from .waiting import wait_until

ENDED = {"completed", "failed", "expired", "cancelled"}


def chat_line(custom_id, text, model="simulated", **body):
    return {
        "custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions",
        "body": {"model": model, "messages": [{"role": "user", "content": text}], **body},
    }


def chat_lines(count, prefix="line", **body):
    return [chat_line(f"{prefix}-{number}", f"{prefix} number {number}", **body) for number in range(count)]


def jsonl(lines):
    """Bytes of a JSONL file; a line that is text already stays as it is."""
    return b"".join(
        (line if isinstance(line, str) else json.dumps(line)).encode() + b"\n" for line in lines)


def upload(client, lines, name="input.jsonl"):
    content = lines if isinstance(lines, bytes) else jsonl(lines)
    return client.files.create(file=(name, io.BytesIO(content)), purpose="batch")


def submit(client, lines, window="24h", endpoint="/v1/chat/completions", **options):
    file = upload(client, lines)
    return client.batches.create(
        input_file_id=file.id, endpoint=endpoint, completion_window=window, **options)


def ended(client, batch_id, seconds=60):
    """Waits until the batch has ended; returns it."""
    def look():
        batch = client.batches.retrieve(batch_id)
        return batch if batch.status in ENDED else None
    return wait_until(look, seconds, f"end of {batch_id}", every=0.05)


def progressed(client, batch_id, lines, seconds=30):
    """Waits until the batch has at least `lines` finished lines; returns it."""
    def look():
        batch = client.batches.retrieve(batch_id)
        done = batch.request_counts.completed + batch.request_counts.failed
        return batch if done >= lines else None
    return wait_until(look, seconds, f"{lines} finished lines of {batch_id}", every=0.02)


def rows(client, file_id):
    """The parsed rows of an output or error file; none when there is no file."""
    if file_id is None:
        return []
    return [json.loads(line) for line in client.files.content(file_id).text.splitlines()]
