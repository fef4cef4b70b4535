"""llama.cpp with a random model, Ebb before it, and clients of both."""
import http.client
import json
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import BINARY, KEY, ROOT, Bench, call, free_port, upload, wait_for

SLOTS = 4
WORDS = "red green blue many fast slow warm cold bright dark open closed early late north south".split()


def text(source, length):
    """Random words of this many bytes; a byte is about a token of the model."""
    return " ".join(source.choices(WORDS, k=length // 2))[:length]


def chat(model, prompt, output, **more):
    """Answers have exactly as many tokens as they may have."""
    return {"model": model, "messages": [{"role": "user", "content": prompt}], "max_tokens": output, "ignore_eos": True,
            "temperature": 0, **more}


def stream(port, body, stop=None):
    """Asks for a stream; returns seconds to the first token, seconds in all, and usage. None when `stop` was set."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    begin, first, usage, last = time.perf_counter(), None, {}, b""
    try:
        connection.request(
            "POST", "/v1/chat/completions",
            json.dumps({**body, "stream": True, "stream_options": {"include_usage": True}}),
            {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status}: {answer.read()[:300]}")
        for line in answer:
            if stop is not None and stop.is_set():
                return None
            if not line.startswith(b"data: {"):
                continue
            chunk, last = json.loads(line[6:]), line
            usage = chunk.get("usage") or usage
            if first is None and chunk.get("choices") and chunk["choices"][0]["delta"].get("content"):
                first = time.perf_counter() - begin
        if first is None:
            raise RuntimeError(f"no token; the last event was {last[:300]}")
        return first, time.perf_counter() - begin, usage
    finally:
        connection.close()


def samples(port):
    """The sum of each metric over its labels, and each sample by its whole name."""
    found = {}
    for line in call(port, "/metrics").decode().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            for key in {name, name.split("{")[0]}:
                found[key] = found.get(key, 0.0) + float(value)
    return found


class Engine:
    """The server in a process of its own; `gateway` starts Ebb before it."""

    def __init__(self, width, layers):
        self.width, self.layers = width, layers

    def __enter__(self):
        self.bench = Bench().__enter__()
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "Tests/EndToEnd"), "PYTHONDONTWRITEBYTECODE": "1"}
        model, log = self.bench.folder / "random.gguf", self.bench.folder / "engine.log"
        program = (
            "from harness import tiny_model, llama_engine; "
            f"tiny_model.write({str(model)!r}, {self.width}, {self.layers}); llama_engine.serve({str(model)!r})")
        self.bench.start("engine", [sys.executable, "-c", program], env=environment)
        deadline = time.time() + 120
        while not (urls := [line for line in log.read_text(errors="replace").splitlines()
                            if line.startswith("http://") and line.endswith("/v1")]):
            if time.time() > deadline:
                raise SystemExit("llama.cpp did not start:\n" + log.read_text(errors="replace")[-2000:])
            time.sleep(0.1)
        self.port = int(urls[0].removesuffix("/v1").rsplit(":", 1)[1])
        wait_for(f"http://127.0.0.1:{self.port}/v1/models", seconds=60)
        self.model = json.loads(call(self.port, "/v1/models"))["data"][0]["id"]
        return self

    def __exit__(self, *reason):
        self.bench.__exit__(*reason)

    def gateway(self, name="ebb", protection="balanced"):
        port, config = free_port(), self.bench.folder / f"{name}.yaml"
        config.write_text(
            f"engines:\n  - name: llama\n    url: http://127.0.0.1:{self.port}/v1\n    protection: {protection}\n")
        command = [BINARY, "serve", "--listen", f"127.0.0.1:{port}", "--data", str(self.bench.folder / name),
                   "--config", str(config), "--log-level", "error"]
        self.bench.start(name, command, env={**os.environ, "EBB_BOOTSTRAP_KEY": KEY})
        wait_for(f"http://127.0.0.1:{port}/readyz")
        return port

    def busy(self):
        """Slots at work."""
        return sum(1 for slot in json.loads(call(self.port, "/slots")) if slot["is_processing"])

    def await_idle(self):
        quiet = 0
        while quiet < 5:
            found = samples(self.port)
            waits = found.get("llamacpp:requests_deferred", 0)
            quiet = quiet + 1 if self.busy() == 0 and waits == 0 else 0
            time.sleep(0.1)

    def computed(self):
        """Prompt tokens computed and tokens made, as the engine counts them."""
        found = samples(self.port)
        return found["llamacpp:prompt_tokens_total"], found["llamacpp:tokens_predicted_total"]

    def tokens(self, prompt):
        """The prompt as the engine sees it."""
        body = {"messages": [{"role": "user", "content": prompt}]}
        templated = json.loads(call(self.port, "/apply-template", body))["prompt"]
        body = {"content": templated, "add_special": True, "parse_special": True}
        return json.loads(call(self.port, "/tokenize", body))["tokens"]


def submit(bench, port, lines, name):
    """Uploads a batch file of (custom_id, body) and starts it; its id."""
    path = bench.folder / f"{name}.jsonl"
    with open(path, "w") as file:
        for custom_id, body in lines:
            file.write(json.dumps({
                "custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}) + "\n")
    file = upload(port, path)
    return json.loads(call(port, "/v1/batches", {
        "input_file_id": file["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h"}))["id"]


def batch(port, batch_id):
    return json.loads(call(port, f"/v1/batches/{batch_id}"))


def generator(*words):
    """Random numbers that are the same for the same words."""
    return random.Random(" ".join(map(str, words)))
