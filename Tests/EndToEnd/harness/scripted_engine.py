"""A small engine in this process that does exactly what a test says and remembers what it was sent."""
import http.server
import json
import ssl
import threading

from .certificates import certificate


class HangUp(Exception):
    """Raised in place of an answer: the connection closes without one."""


class ScriptedEngine:
    """Serves one model. Scripted answers go out in order; when there are none left the usual answer does."""

    def __init__(self, model="scripted", folder=None):
        """With a folder it speaks TLS, with `certificate.pem` in there."""
        self.model = model
        self.requests = []  # (path, headers, parsed body), oldest first
        self.script = []  # (status, headers, body or bytes), next first
        self.vector = None
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"engine": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.scheme = "http"
        if folder:
            self.scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate(folder))
            # A client that refuses the certificate fails the thread of its connection, not the one that accepts.
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server.server_address[1]}/v1"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def embed(self, vector):
        self.vector = vector

    def then(self, status, body, times=1, **headers):
        """The next answers to completions and embeddings."""
        with self.lock:
            self.script += [(status, headers, body)] * times
        return self

    def sent(self, path):
        """Parsed bodies that arrived at a path."""
        with self.lock:
            return [body for each, _, body in self.requests if each == path]

    def usual_answer(self, path, body):
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        if path.endswith("/embeddings"):
            inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
            data = [{"object": "embedding", "index": index, "embedding": self.vector or [1.0, 2.0]}
                    for index in range(len(inputs))]
            return {"object": "list", "model": self.model, "data": data,
                    "usage": {"prompt_tokens": 7, "total_tokens": 7}}
        if path.endswith("/chat/completions"):
            message = {"role": "assistant", "content": "scripted answer"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return {"id": "chatcmpl-scripted", "object": "chat.completion", "created": 1, "model": self.model,
                    "choices": [choice], "usage": usage}
        choice = {"index": 0, "text": "scripted answer", "finish_reason": "stop", "logprobs": None}
        return {"id": "cmpl-scripted", "object": "text_completion", "created": 1, "model": self.model,
                "choices": [choice], "usage": usage}

    def stream_of(self, answer):
        """The usual chat answer as events, usage last, for requests that ask for a stream."""
        head = {key: answer[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
        deltas = [({"role": "assistant", "content": ""}, None), ({"content": "scripted "}, None),
                  ({"content": "answer"}, None), ({}, "stop")]
        chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
                  for delta, reason in deltas]
        chunks.append({**head, "choices": [], "usage": answer["usage"]})
        return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


class _Handler(http.server.BaseHTTPRequestHandler):
    engine = None
    protocol_version = "HTTP/1.1"

    def handle(self):
        try:
            super().handle()
        except (ssl.SSLError, HangUp):
            self.close_connection = True

    def do_GET(self):
        if self.path == "/v1/models":
            model = {"id": self.engine.model, "object": "model", "created": 1, "owned_by": "tests"}
            self._answer(200, {"object": "list", "data": [model]})
        else:
            self._answer(404, {"error": {"message": "no such path", "type": "invalid_request_error"}})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        with self.engine.lock:
            self.engine.requests.append((self.path, dict(self.headers), body))
            scripted = self.engine.script.pop(0) if self.engine.script else None
        if scripted:
            status, headers, answer = scripted
            return self._answer(status, answer, **headers)
        answer = self.engine.usual_answer(self.path, body)
        if body.get("stream") and self.path.endswith("/chat/completions"):
            return self._answer(200, self.engine.stream_of(answer).encode(), content_type="text/event-stream")
        return self._answer(200, answer)

    def _answer(self, status, body, content_type="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Requests are remembered, not printed."""
