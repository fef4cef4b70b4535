"""Numbered conformance checks 15 to 17: files."""

import sqlite3

import httpx2 as httpx
import pytest

from harness.batches import chat_lines, jsonl
from harness.ledger import Books
from test_conformance_requests import error_of

MONTH = 2_592_000


def form(fields, boundary="conformance"):
    """A multipart form with its fields in the given order."""
    parts = []
    for name, value in fields:
        head = f'Content-Disposition: form-data; name="{name}"'
        if name == "file":
            head += '; filename="in.jsonl"\r\nContent-Type: application/jsonl'
        data = value if isinstance(value, bytes) else value.encode()
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), {"content-type": f"multipart/form-data; boundary={boundary}"}


def post(http, *fields):
    content, headers = form(fields)
    return http.post("files", content=content, headers=headers)


CONTENT = jsonl(chat_lines(2, "conformance"))


@pytest.mark.parametrize("order", ["file first", "purpose first"])
def test_15_upload_in_either_order_of_fields(http, order):
    fields = [("file", CONTENT), ("purpose", "batch")]
    answer = post(http, *(fields if order == "file first" else fields[::-1]))
    assert answer.status_code == 200, answer.text
    file = answer.json()
    assert file["object"] == "file"
    assert file["status"] == "processed"
    assert file["bytes"] == len(CONTENT)
    assert file["expires_at"] == file["created_at"] + MONTH
    assert http.get(f"files/{file['id']}/content").content == CONTENT


@pytest.mark.parametrize("seconds", ["60", "3599", "2592001", "-1", "soon"])
def test_16_expiry_out_of_range(http, seconds):
    answer = post(
        http, ("purpose", "batch"), ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", seconds),
        ("file", CONTENT))
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_16_shortest_expiry(http):
    file = post(
        http, ("purpose", "batch"), ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "3600"),
        ("file", CONTENT)).json()
    assert file["expires_at"] == file["created_at"] + 3600


def test_16_expiry_as_one_text(http):
    """As some clients send objects in forms."""
    def with_text(text):
        return post(http, ("purpose", "batch"), ("expires_after", text), ("file", CONTENT))

    file = with_text('{"anchor": "created_at", "seconds": 7200}').json()
    assert file["expires_at"] == file["created_at"] + 7200
    for wrong in ('{"anchor": "created_at", "seconds": 60}', '{"anchor": "never", "seconds": 7200}', "soon", "[]"):
        answer = with_text(wrong)
        assert answer.status_code == 400, wrong
        assert answer.json()["error"]["param"].startswith("expires_after")


@pytest.mark.parametrize("path, most", [("files", 10_000), ("batches", 100)])
def test_17_pages_have_bounds(http, path, most):
    for wrong in ("0", str(most + 1), "-1", "many", ""):
        error = error_of(
            http.get(path, params={"limit": wrong}), 400, "invalid_request_error", "invalid_value", "limit")
        assert f"from 1 to {most}" in error["message"]
    assert http.get(path, params={"limit": most}).status_code == 200
    assert len(http.get(path, params={"limit": 1}).json()["data"]) <= 1


def test_17_files_have_two_orders(http):
    error_of(http.get("files", params={"order": "x"}), 400, "invalid_request_error", "invalid_value", "order")
    assert http.get("files", params={"order": "desc"}).status_code == 200


def test_17_pages_do_not_overlap(http):
    made = [post(http, ("purpose", "batch"), ("file", CONTENT)).json()["id"] for _ in range(4)]
    seen, after = [], {}
    while True:
        page = http.get("files", params={"purpose": "batch", "limit": 1, "order": "asc", **after}).json()
        assert page["object"] == "list"
        assert len(page["data"]) == 1
        seen.append(page["data"][0]["id"])
        if not page["has_more"]:
            break
        after = {"after": seen[-1]}
    assert len(seen) == len(set(seen))
    assert seen[-4:] == made
    last = http.get("files", params={"purpose": "batch", "limit": 1, "order": "asc", "after": seen[-1]}).json()
    assert (last["data"], last["has_more"]) == ([], False)


def test_17_purpose_chooses(http):
    user_data = post(http, ("purpose", "user_data"), ("file", b"text")).json()["id"]
    listed = http.get("files", params={"purpose": "batch", "limit": 10_000}).json()["data"]
    assert {file["purpose"] for file in listed} == {"batch"}
    assert user_data not in [file["id"] for file in listed]


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"not json\n", b"%PDF-1.7\n"], ids=["empty", "blank", "text", "pdf"])
def test_batch_input_that_is_no_jsonl(http, content):
    answer = post(http, ("purpose", "batch"), ("file", content))
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_upload_without_purpose_or_file(http):
    error_of(post(http, ("file", CONTENT)), 400, "invalid_request_error", "missing_required_parameter", "purpose")
    error_of(post(http, ("purpose", "batch")), 400, "invalid_request_error", "missing_required_parameter", "file")


def test_download_that_falls_short_closes_its_connection(gateway, http):
    file = post(http, ("purpose", "batch"), ("file", CONTENT)).json()
    with sqlite3.connect(f"{gateway.data}/ebb.sqlite", timeout=10) as books:
        books.execute("UPDATE file SET bytes = bytes + 10 WHERE id = ?", (file["id"],))
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(f"files/{file['id']}/content", timeout=5)


def test_unknown_file(http):
    error = error_of(http.get("files/file-nowhere"), 404, "invalid_request_error", None, "id")
    assert "file-nowhere" in error["message"]
    assert http.delete("files/file-nowhere").status_code == 404


def test_a_refused_upload_leaves_nothing(start_engine, start_gateway):
    gateway = start_gateway(start_engine())
    with gateway.http() as http:
        assert post(http, ("purpose", "batch"), ("file", b"not json\n")).status_code == 400
        assert post(http, ("purpose", "nonsense"), ("file", CONTENT)).status_code == 400
        content, headers = form([("purpose", "batch"), ("file", CONTENT)])
        assert http.post("files", content=content[:-30], headers=headers).status_code == 400
        assert http.get("files").json()["data"] == []
    assert Books(gateway.data).orphans() == set()
    assert Books(gateway.data).rows("SELECT * FROM file") == []
