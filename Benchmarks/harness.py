"""What the benchmarks share: starting the engine and the gateway on free ports, CPU time and memory of a process."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
BINARY = os.environ.get("EBB_BINARY", str(ROOT / ".build/release/ebb"))
KEY = "sk-bench-0123456789abcdef0123456789"
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(url, headers={}, seconds=30):
    deadline = time.time() + seconds
    while time.time() < deadline:
        try:
            request = urllib.request.Request(url, headers=headers)
            with urllib.request.urlopen(request, timeout=1) as answer:
                if answer.status == 200:
                    return
        except Exception:
            time.sleep(0.02)
    raise SystemExit(f"{url} did not answer")


def processes(pid):
    """The process and everything below it."""
    result = [pid]
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = open(f"/proc/{entry}/stat").read().rsplit(")", 1)[1].split()
                if int(fields[1]) == pid:
                    result += processes(int(entry))
            except OSError:
                pass
    return result


def cpu_seconds(pid):
    total = 0
    for process in processes(pid):
        try:
            fields = open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / TICKS


def memory_mb(pid, field="VmRSS"):
    total = 0
    for process in processes(pid):
        try:
            for line in open(f"/proc/{process}/status"):
                if line.startswith(field):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total / 1024


class Bench:
    """Processes of one benchmark and their folder; all are stopped at the end."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ebb-bench-"))
        self.running = []
        return self

    def __exit__(self, *_):
        for process in reversed(self.running):
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        for process in self.running:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, command, **extra):
        log = open(self.folder / f"{name}.log", "w")
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **extra)
        self.running.append(process)
        return process.pid

    def engine(self, *options):
        port = free_port()
        pid = self.start("engine", [BINARY, "simulate-engine", "--listen", f"127.0.0.1:{port}", "--model", "sim",
                                    "--slots", "4096", *options])
        wait_for(f"http://127.0.0.1:{port}/v1/models")
        return pid, port

    def stop_last(self):
        """Ends the process that was started last."""
        process = self.running.pop()
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)

    def gateway(self, engine, name="ebb", stream="as-asked", concurrency=4096, wait=True):
        port = free_port()
        config = self.folder / f"{name}.yaml"
        config.write_text(
            f"engines:\n  - name: sim\n    url: http://127.0.0.1:{engine}\n    kind: vllm\n    stream: {stream}\n"
            f"    concurrency: {concurrency}\n"
            "prices:\n  models:\n    sim:\n      default: {input: 0.5, output: 1.5}\n      batch: {times: 0.5}\n")
        pid = self.start(
            name, [BINARY, "serve", "--listen", f"127.0.0.1:{port}", "--data", str(self.folder / name), "--config",
                   str(config), "--log-level", "error"], env={**os.environ, "EBB_BOOTSTRAP_KEY": KEY})
        if wait:
            wait_for(f"http://127.0.0.1:{port}/readyz")
        return pid, port


def call(port, path, body=None, method=None, raw=None, headers={}, timeout=600):
    data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, method=method, headers={
        "Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read()


def load(port, connections, seconds, stream):
    """Chat requests by wrk: how many, in how many seconds, p50 and p99 in microseconds, errors."""
    environment = {**os.environ, "EBB_BENCH_KEY": KEY, "EBB_BENCH_STREAM": "1" if stream else "0"}
    result = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(ROOT / "Benchmarks/proxy/chat.lua"),
         f"http://127.0.0.1:{port}"], capture_output=True, text=True, env=environment)
    for line in result.stdout.splitlines():
        if line.startswith("RESULT"):
            requests, micros, p50, p99, errors = line.split()[1:]
            return int(requests), float(micros) / 1e6, float(p50), float(p99), int(errors)
    raise SystemExit("wrk failed: " + result.stdout + result.stderr)


def write_batch_file(path, megabytes):
    """50,000 lines whose size makes up the file."""
    size = megabytes * 1_000_000 // 50_000
    filler = "All work and no play makes a long prompt. "
    with open(path, "w") as f:
        for i in range(50_000):
            line = {"custom_id": f"line-{i}", "method": "POST", "url": "/v1/chat/completions",
                    "body": {"model": "sim", "max_tokens": 16, "messages": [
                        {"role": "system", "content": "You classify texts. " * 12},
                        {"role": "user", "content": f"{i} " + filler * ((size - 500) // len(filler))}]}}
            f.write(json.dumps(line) + "\n")


def upload(port, path):
    """The file object of an uploaded batch file."""
    return json.loads(subprocess.run(
        ["curl", "-sS", "-H", f"Authorization: Bearer {KEY}", "-H", "Expect:", "-F", "purpose=batch", "-F",
         f"file=@{path}", f"http://127.0.0.1:{port}/v1/files"], capture_output=True, check=True).stdout)
