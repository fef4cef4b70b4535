"""An OpenTelemetry collector in this process: takes OTLP over HTTP as JSON, and reads it with the official schema."""
import base64
import http.server
import json
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """`status` is what it answers."""

    def __init__(self, status=200):
        self.status = status
        self.received = []  # (headers, message), oldest first
        self.refused = 0
        self.lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"collector": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def spans(self):
        with self.lock:
            messages = [message for _, message in self.received]
        return [span for message in messages for resource in message.resource_spans
                for scope in resource.scope_spans for span in scope.spans]

    def services(self):
        with self.lock:
            return {attributes(resource.resource)["service.name"] for _, message in self.received
                    for resource in message.resource_spans}


def attributes(thing):
    """Name to value, of a span or a resource."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in thing.attributes}


def _with_bytes(value):
    """OTLP's JSON has ids in hex, protobuf's own mapping wants base64."""
    if isinstance(value, list):
        return [_with_bytes(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {key: base64.b64encode(bytes.fromhex(each)).decode() if key in ("traceId", "spanId", "parentSpanId")
            else _with_bytes(each) for key, each in value.items()}


class _Handler(http.server.BaseHTTPRequestHandler):
    collector = None
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.path == "/v1/traces" and self.headers["content-type"] == "application/json"
        with self.collector.lock:
            if self.collector.status == 200:
                message = json_format.ParseDict(_with_bytes(json.loads(body)), ExportTraceServiceRequest())
                self.collector.received.append((dict(self.headers), message))
            else:
                self.collector.refused += 1
            status = self.collector.status
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass
