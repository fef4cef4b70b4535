"""The gateway under test, and the engines that come with its binary."""
import json
import socket

import httpx2 as httpx
import openai

from .program import Program, binary

KEY = "sk-end-to-end-tests"


class Gateway(Program):
    """`ebb serve` on a free port, with its own data folder."""

    def __init__(self, data, engines=(), config=None, log=None, environment=None, options=()):
        arguments = [binary(), "serve", "--listen", "127.0.0.1:0", "--data", data]
        if config:
            arguments += ["--config", config]
        for engine in engines:
            arguments += ["--engine", engine if isinstance(engine, str) else engine.url]
        super().__init__(
            "gateway", [*arguments, *options], log or f"{data}.log",
            {"EBB_BOOTSTRAP_KEY": KEY, **(environment or {})})
        self.data = data

    def http(self, key=KEY, **options):
        """A plain HTTP client of the API; no retries. `key=None` sends no key."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url + "/", headers=headers, timeout=30, **options)

    def sdk(self, key=KEY, **options):
        """The official SDK. Its own retries are off unless `max_retries` is given."""
        return openai.OpenAI(base_url=self.url, api_key=key, **{"max_retries": 0, "timeout": 30, **options})

    def async_sdk(self, key=KEY, **options):
        return openai.AsyncOpenAI(base_url=self.url, api_key=key, **{"max_retries": 0, "timeout": 30, **options})

    def metrics(self):
        return Samples(httpx.get(self.root + "/metrics", timeout=10).text)


class SimulatedEngine(Program):
    """`ebb simulate-engine` on a free port."""

    def __init__(self, log, port=0, **options):
        arguments = [binary(), "simulate-engine", "--listen", f"127.0.0.1:{port}"]
        for name, value in options.items():
            option = "--" + name.replace("_", "-")
            for each in value if isinstance(value, (list, tuple)) else [value]:
                arguments += [option] if each is True else [option, each]
        super().__init__("simulated engine", arguments, log)

    def metrics(self):
        return Samples(httpx.get(self.root + "/metrics", timeout=10).text)

    def running(self):
        return self.metrics().total("vllm:num_requests_running")

    def execution_log(self, **query):
        return httpx.get(self.root + "/simulator/log", params=query, timeout=30).json()

    def forget(self):
        httpx.delete(self.root + "/simulator/log", timeout=10).raise_for_status()


class Samples:
    """A Prometheus exposition, read."""

    def __init__(self, text):
        self.text = text

    def total(self, name):
        """The sum of all samples of that name; 0 when there is none."""
        sum_of_samples = 0.0
        for line in self.text.splitlines():
            if line.startswith("#") or not line.strip():
                continue
            sample, _, value = line.rpartition(" ")
            if sample.split("{")[0] == name:
                sum_of_samples += float(value)
        return sum_of_samples


def open_request(gateway, path, body, key=KEY):
    """Sends a request over a bare socket and returns the socket: whoever closes it is a client that goes away."""
    host, port = gateway.root.removeprefix("http://").split(":")
    data = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n")
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.sendall(head.encode() + data)
    return connection
