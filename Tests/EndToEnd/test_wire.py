"""HTTP as real clients and strangers speak it: chunked bodies, limits, broken requests, many connections."""
import concurrent.futures
import json
import select
import socket
import time

import pytest

from harness.ledger import Books
from harness.projects import command
from harness.scripted_engine import ScriptedEngine
from harness.waiting import wait_until
from test_conformance_requests import CHAT, error_of


def exchange(gateway, *pieces, seconds=10):
    """Sends bytes and reads until the server closes or has answered once; returns what it said."""
    host, port = gateway.root.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # an early refusal; the answer is still there to be read
        said = b""
        try:
            while piece := connection.recv(65_536):
                said += piece
        except (ConnectionResetError, TimeoutError):
            pass
    return said


def head(gateway, *lines, method="POST", path="/v1/chat/completions"):
    common = [f"{method} {path} HTTP/1.1", "Host: gateway", "Authorization: Bearer sk-end-to-end-tests",
              "Content-Type: application/json", "Connection: close"]
    return "\r\n".join([*common, *lines, "", ""]).encode()


def test_chunked_body(gateway):
    data = json.dumps(CHAT).encode()
    chunks = [data[:10], data[10:11], data[11:]]
    body = b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks) + b"0\r\n\r\n"
    said = exchange(gateway, head(gateway, "Transfer-Encoding: chunked"), body)
    assert said.startswith(b"HTTP/1.1 200"), said[:300]


def test_body_in_small_pieces(gateway):
    data = json.dumps(CHAT).encode()
    pieces = [data[start:start + 7] for start in range(0, len(data), 7)]
    said = exchange(gateway, head(gateway, f"Content-Length: {len(data)}"), *pieces)
    assert said.startswith(b"HTTP/1.1 200"), said[:300]


def test_expect_continue(gateway):
    data = json.dumps(CHAT).encode()
    said = exchange(gateway, head(gateway, f"Content-Length: {len(data)}", "Expect: 100-continue"), data)
    assert said.startswith(b"HTTP/1.1 100"), said[:300]
    assert b"HTTP/1.1 200" in said


def test_one_connection_serves_many_requests(gateway):
    with gateway.http() as http:
        for number in range(20):
            assert http.post("chat/completions", json=CHAT).status_code == 200
            assert http.post("chat/completions", json={"model": "simulated"}).status_code == 400
            assert http.get("models").status_code == 200


def test_pipelined_requests_are_answered_in_order(gateway):
    data = json.dumps(CHAT).encode()
    one = head(gateway, f"Content-Length: {len(data)}").replace(b"Connection: close\r\n", b"") + data
    last = head(gateway, method="GET", path="/v1/models")
    said = exchange(gateway, one + one + last)
    assert said.count(b"HTTP/1.1 200") == 3
    assert said.index(b"chat.completion") < said.index(b'"object":"list"')


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit(start_engine, start_gateway, chunked):
    gateway = start_gateway(start_engine(), config="limits: {body_bytes: 64KB}\n")
    data = json.dumps({**CHAT, "messages": [{"role": "user", "content": "x" * 200_000}]}).encode()
    if chunked:
        said = exchange(gateway, head(gateway, "Transfer-Encoding: chunked"),
                        f"{len(data):x}\r\n".encode() + data + b"\r\n0\r\n\r\n")
    else:
        said = exchange(gateway, head(gateway, f"Content-Length: {len(data)}"), data)
    assert said.startswith(b"HTTP/1.1 413"), said[:300]
    assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]["type"] == "invalid_request_error"
    with gateway.http() as http:
        assert http.post("chat/completions", json=CHAT).status_code == 200
        assert http.post("batches", content=data, headers={"content-type": "application/json"}).status_code == 413


def test_a_file_over_the_limit(start_engine, start_gateway):
    gateway = start_gateway(start_engine(), config="limits: {file_bytes: 64KB}\n")
    with gateway.http() as http:
        answer = http.post("files", data={"purpose": "user_data"}, files={"file": ("big.txt", b"x" * 100_000)})
        assert answer.status_code == 413, answer.text
        assert http.get("files").json()["data"] == []


@pytest.mark.parametrize(
    "request_bytes", [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST /v1/chat/completions HTTP/1.1\r\n"
                      b"Host: x\r\nContent-Length: -5\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"])
def test_broken_requests_do_no_harm(gateway, http, request_bytes):
    said = exchange(gateway, request_bytes, seconds=2)
    assert not said.startswith(b"HTTP/1.1 200")
    assert http.post("chat/completions", json=CHAT).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'"text"', b"{}", b'{"model":1}', b'{"model":"simulated","messages":"no"}',
             b'{"model":"simulated","messages":[],"stream":"yes"}', b'{"model":"simulated","messages":[]} trailing',
             b'{"model":"simulated","model":"simulated","messages":null}', b"[" * 10_000, b'{"a":' * 5_000,
             b'\xff\xfe{"model":"simulated"}', b'{"model":"\xff"}'],
    ids=range(14))
def test_bodies_that_are_no_requests(http, body):
    answer = http.post("chat/completions", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_many_clients_at_once(gateway, engine):
    body = {**CHAT, "user": "many"}

    def ask(number):
        with gateway.http() as http:
            answer = http.post("chat/completions", json={**body, "stream": number % 2 == 0})
            return answer.status_code, answer.headers["x-request-id"]

    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(ask, range(120)))
    assert {status for status, _ in answers} == {200}
    assert len({request for _, request in answers}) == 120
    assert engine.execution_log(line="many")["lines"][0]["finished"] == 120


def test_names_from_clients_do_not_become_labels(gateway, http):
    for number in range(30):
        error_of(http.post("chat/completions", json={**CHAT, "model": f"made-up-{number}"}),
                 404, "invalid_request_error", "model_not_found")
    assert "made-up-" not in gateway.metrics().text


def test_metrics_count_requests_and_tokens(gateway, http):
    def total(word):
        samples = gateway.metrics()
        lines = [line for line in samples.text.splitlines() if line and not line.startswith("#")]
        names = {line.split("{")[0].split(" ")[0] for line in lines}
        assert all(name.startswith("ebb_") for name in names), sorted(names)
        found = [name for name in names if word in name and not name.endswith("_bucket")]
        assert found, f"no metric about {word}: {sorted(names)}"
        return sum(samples.total(name) for name in found)

    requests, tokens = total("request"), total("token")
    assert http.post("chat/completions", json=CHAT).status_code == 200
    assert total("request") > requests
    assert total("token") > tokens


def test_a_client_that_reads_slowly_gets_everything(start_engine, start_gateway):
    gateway = start_gateway(start_engine(output_tokens_max=4000, context=100_000))
    data = json.dumps({**CHAT, "max_tokens": 4000, "ignore_eos": True, "stream": True}).encode()
    host, port = gateway.root.removeprefix("http://").split(":")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, int(port)))
        connection.settimeout(20)
        connection.sendall(head(gateway, f"Content-Length: {len(data)}") + data)
        # Nothing is read until the engine is done or has been made to wait.
        wait_until(lambda: gateway.metrics().text, 2, "metrics")
        said = b""
        while piece := connection.recv(4096):
            said += piece
    assert said.startswith(b"HTTP/1.1 200")
    assert b"data: [DONE]" in said
    assert said.count(b'"content":') >= 4000


def post(body, key, *lines, path="/v1/chat/completions", host="Host: gateway"):
    """One request of a connection that stays open."""
    data = json.dumps(body).encode()
    named = [f"POST {path} HTTP/1.1", *([host] if host else []), f"Authorization: Bearer {key}",
             "Content-Type: application/json", f"Content-Length: {len(data)}"]
    return "\r\n".join([*named, *lines, "", ""]).encode() + data


def test_what_follows_a_refused_request_is_not_run(gateway):
    before = len(Books(gateway.data).charges())
    behind = post(CHAT, "sk-end-to-end-tests")
    for refused in (post(CHAT, "sk-wrong"), post(CHAT, "sk-wrong", "Connection: close")):
        said = exchange(gateway, refused + behind)
        assert said.startswith(b"HTTP/1.1 401") and said.count(b"HTTP/1.1 ") == 1, said[:600]
    closing = post(CHAT, "sk-end-to-end-tests", "Connection: close")
    said = exchange(gateway, closing + behind)
    assert said.startswith(b"HTTP/1.1 200") and said.count(b"HTTP/1.1 200") == 1, said[:600]
    # The last one is charged after whatever ran before it.
    assert gateway.http().post("/chat/completions", json=CHAT).status_code == 200
    assert len(Books(gateway.data).charges()) == before + 2


def test_head_has_a_length_and_no_body(gateway):
    key = "Authorization: Bearer sk-end-to-end-tests"
    for path, status in (("/v1/models", 200), ("/healthz", 200), ("/v1/nothing", 404)):
        asked = f"HEAD {path} HTTP/1.1\r\nHost: gateway\r\n{key}\r\n\r\n".encode()
        last = f"GET /healthz HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n".encode()
        first, _, rest = exchange(gateway, asked + last).partition(b"\r\n\r\n")
        assert first.startswith(f"HTTP/1.1 {status}".encode()), first
        assert b"content-length: " in first.lower() and b"content-length: 0" not in first.lower(), first
        assert rest.startswith(b"HTTP/1.1 200"), rest[:200]


def test_forms_of_the_target_and_a_missing_host(gateway):
    key = "sk-end-to-end-tests"
    absolute = post(CHAT, key, "Connection: close", path="http://gateway/v1/chat/completions")
    assert exchange(gateway, absolute).startswith(b"HTTP/1.1 200")
    assert exchange(gateway, post(CHAT, key, host=None)).startswith(b"HTTP/1.1 400")


def test_a_refused_client_is_not_told_to_go_on(gateway):
    for lines in (("Authorization: Bearer sk-wrong", "Content-Length: 99"), ("Content-Length: 99999999999",)):
        asked = ["POST /v1/chat/completions HTTP/1.1", "Host: gateway", "Expect: 100-continue", *lines]
        if not lines[0].startswith("Authorization"):
            asked.append("Authorization: Bearer sk-end-to-end-tests")
        said = exchange(gateway, "\r\n".join([*asked, "", ""]).encode())
        assert said.startswith((b"HTTP/1.1 401", b"HTTP/1.1 413")), said[:200]


BOTH_LANES = [("GET", "models", None), ("GET", "files", None), ("GET", "batches", None),
              ("POST", "chat/completions", CHAT)]


@pytest.mark.parametrize("method, path, body", BOTH_LANES)
def test_the_client_s_own_request_id_is_short_and_ascii(http, method, path, body):
    for own, status in [("x" * 512, 200), ("x" * 513, 400), ("caf\u00e9".encode(), 400)]:
        answer = http.request(method, path, json=body, headers={"X-Client-Request-Id": own})
        assert answer.status_code == status, answer.text
        if status == 400:
            error_of(answer, 400, "invalid_request_error", None)


def test_the_client_s_own_request_id_is_in_the_log(start_gateway):
    with ScriptedEngine() as engine:
        gateway = start_gateway(engine)
        engine.then(500, {"error": {"message": "no", "type": "server_error"}})
        with gateway.http() as http:
            body = {**CHAT, "model": "scripted"}
            answer = http.post("chat/completions", json=body, headers={"X-Client-Request-Id": "mine-4711"})
    line = next(line for line in gateway.log().splitlines() if "mine-4711" in line)
    assert answer.status_code == 200 and answer.headers["x-request-id"] in line


@pytest.mark.parametrize("method, path, body", BOTH_LANES)
def test_a_project_named_beside_the_key_is_the_key_s_own(gateway, http, method, path, body):
    listed = [json.loads(line) for line in command("projects", "list", "--json", data=gateway.data).splitlines()]
    own = next(project["id"] for project in listed if project["name"] == "default")
    for named in (own, ""):
        assert http.request(method, path, json=body, headers={"OpenAI-Project": named}).status_code == 200
    answer = http.request(method, path, json=body, headers={"OpenAI-Project": "proj_another"})
    error_of(answer, 401, "invalid_request_error", "mismatched_project")
    assert http.request(method, path, json=body, headers={"OpenAI-Organization": "org-any"}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/v1/models", "/nowhere"])
def test_a_connection_of_http_1_0_ends_with_its_answer(gateway, path):
    started = time.monotonic()
    said = exchange(gateway, f"GET {path} HTTP/1.0\r\nAuthorization: Bearer sk-end-to-end-tests\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.0 ") and b"chunked" not in said, said[:300]
    assert time.monotonic() - started < 5, "the connection stayed open"


def test_every_answer_says_the_tier_that_served(http):
    embedding = {"model": "simulated", "input": "text", "service_tier": "priority"}
    text = {"model": "simulated", "prompt": "text", "max_tokens": 2}
    for path, body, tier in [
            ("chat/completions", {**CHAT, "service_tier": "flex"}, "flex"), ("completions", text, "default"),
            ("completions", {**text, "stream": True, "service_tier": "flex"}, "flex"),
            ("embeddings", embedding, "priority")]:
        answer = http.post(path, json=body)
        assert (answer.status_code, answer.headers.get("ebb-service-tier")) == (200, tier), (path, answer.text)


def test_a_client_s_broken_request_takes_no_engine_from_others(start_gateway):
    """The engine answers one client's request with 500 each time; another client's model there is whole."""
    with ScriptedEngine() as engine:
        models = "{good: scripted, bad: broken}"
        gateway = start_gateway(config=f"engines: [{{name: one, url: '{engine.url}', models: {models}}}]\n")
        with gateway.http() as http:
            for _ in range(6):
                engine.then(500, {"error": {"message": "boom"}}, times=3)
                answer = http.post("chat/completions", json={**CHAT, "model": "bad"})
                error_of(answer, 502, "server_error", "engine_fault")
            for model in ("good", "bad"):
                assert http.post("chat/completions", json={**CHAT, "model": model}).status_code == 200


@pytest.mark.parametrize("path, body", [("/healthz", b""), ("/v1/chat/completions", json.dumps(CHAT).encode())])
def test_an_offered_protocol_is_declined_and_the_connection_ends(gateway, path, body):
    """A parser takes in nothing after an offer of another protocol: the answer is the last, and says so (RFC 9110)."""
    request = (f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: gateway\r\n"
               "Authorization: Bearer sk-end-to-end-tests\r\nContent-Type: application/json\r\n"
               "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode()
    said = exchange(gateway, request + body, b"GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n", seconds=8)
    assert said.startswith(b"HTTP/1.1 200") and said.count(b"HTTP/1.1") == 1, said[:400]
    assert b"connection: close" in said.lower()


def test_a_head_that_is_too_long_is_refused(gateway):
    said = exchange(gateway, b"GET /healthz HTTP/1.1\r\nHost: gateway\r\n",
                    *[f"X-{number}: {'x' * 7_000}\r\n".encode() for number in range(12)], b"\r\n")
    assert said.startswith(b"HTTP/1.1 431"), said[:300]


def test_who_does_not_read_answers_is_not_read_from(gateway):
    host, port = gateway.root.removeprefix("http://").split(":")
    request = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer sk-end-to-end-tests\r\n"
               b"Content-Length: 2\r\n\r\n{}")
    # Each is refused with some 400 bytes: over 100 MB that nobody takes, where sockets hold ten on each way.
    most = 300_000 * len(request)
    with socket.create_connection((host, int(port))) as connection:
        connection.setblocking(False)
        sent = 0
        while sent < most and select.select([], [connection], [], 2)[1]:
            sent += connection.send(request * 1_000)
    assert sent < most


def test_a_key_that_is_repeated_for_ever_is_refused(http):
    body = b'{"model":"simulated",' + b'"n":1,' * 65 + b'"messages":[{"role":"user","content":"hi"}],"n":1}'
    error_of(http.post("chat/completions", content=body), 400, "invalid_request_error", "repeated_keys", None)
    assert http.post("chat/completions", content=body.replace(b'"n":1,', b"", 1)).status_code == 200
