#!/usr/bin/env python3
"""CPU time and latency of one proxied chat request: Ebb beside vllm-router, nginx and HAProxy, in the same run.

Ebb does its whole work meanwhile: key check, price, durable charge (synchronous=FULL), metrics. The peers forward.
Three kinds of answers: `json` whole, `stream` with all events sent at once, `tokens` with each event sent by itself at
2,000 tokens a second, as engines do while they generate.

CPU per request is the growth of the proxy's own user and system time (/proc/PID/stat) divided by the requests that wrk
counted: it is steadier than wall time on a shared machine. Every proxy is measured in turn, round by round; medians are
printed, with the ratio to vllm-router.

Usage: run.py [--rounds 3] [--seconds 4] [--json FILE] [--only ebb,direct,...]
Needs: wrk; optional peers: vllm-router (PyPI), nginx, haproxy. EBB_BINARY: the release binary.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import KEY, ROOT, Bench, cpu_seconds, free_port, load, memory_mb, wait_for


class Setup(Bench):
    def router(self, engine):
        command = os.environ.get("VLLM_ROUTER") or shutil.which("vllm-router") or str(
            ROOT / ".cache/venv/bin/vllm-router")
        if not pathlib.Path(command).exists():
            return None
        port = free_port()
        pid = self.start("vllm-router", [command, "--worker-urls", f"http://127.0.0.1:{engine}", "--host",
                                         "127.0.0.1", "--port", str(port), "--policy", "round_robin",
                                         "--prometheus-port", str(free_port()), "--log-level", "error"])
        wait_for(f"http://127.0.0.1:{port}/v1/models", {"Authorization": f"Bearer {KEY}"}, 60)
        return pid, port

    def nginx(self, engine):
        if not shutil.which("nginx"):
            return None
        port = free_port()
        config = self.folder / "nginx.conf"
        config.write_text(f"""
daemon off; worker_processes 1; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.err;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_buffer_size 64k;
  client_body_temp_path {self.folder}/nb; proxy_temp_path {self.folder}/np; fastcgi_temp_path {self.folder}/nf;
  uwsgi_temp_path {self.folder}/nu; scgi_temp_path {self.folder}/ns;
  map $http_authorization $ok {{ default 0; "Bearer {KEY}" 1; }}
  upstream engine {{ server 127.0.0.1:{engine}; keepalive 512; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024; keepalive_requests 10000000;
    location / {{ if ($ok = 0) {{ return 401; }} proxy_pass http://engine; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_buffering off; }}
  }}
}}
""")
        pid = self.start("nginx", ["nginx", "-c", str(config)])
        wait_for(f"http://127.0.0.1:{port}/v1/models", {"Authorization": f"Bearer {KEY}"})
        return pid, port

    def haproxy(self, engine):
        command = shutil.which("haproxy") or "/usr/sbin/haproxy"
        if not pathlib.Path(command).exists():
            return None
        port = free_port()
        config = self.folder / "haproxy.cfg"
        config.write_text(f"""
global
  maxconn 4096
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend f
  bind 127.0.0.1:{port}
  http-request deny deny_status 401 unless {{ req.hdr(authorization) -m str "Bearer {KEY}" }}
  default_backend b
backend b
  server s 127.0.0.1:{engine}
""")
        pid = self.start("haproxy", [command, "-f", str(config)])
        wait_for(f"http://127.0.0.1:{port}/v1/models", {"Authorization": f"Bearer {KEY}"})
        return pid, port


# What the engine does, and which kinds of answers are measured with it.
SCENES = (((), ("json", "stream")), (("--decode-rate", "2000"), ("tokens",)))


def measure(proxies, kinds, rounds, seconds, levels, rows):
    for kind in kinds:
        for connections in levels:
            for _ in range(rounds):
                for name, (pid, port) in proxies.items():
                    before = cpu_seconds(pid)
                    requests, duration, p50, p99, errors = load(port, connections, seconds, kind != "json")
                    cpu = (cpu_seconds(pid) - before) / max(requests, 1) * 1e6
                    rows.setdefault((kind, connections, name), []).append(
                        (requests / duration, p50, p99, cpu, errors))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--levels", default="1,32,256")
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    options = parser.parse_args()
    levels = [int(level) for level in options.levels.split(",")]
    wanted = [name for name in options.only.split(",") if name]
    rows = {}
    for engine_options, kinds in SCENES:
        with Setup() as setup:
            direct = setup.engine(*engine_options)
            engine = direct[1]
            proxies = {"direct": direct, "ebb": setup.gateway(engine),
                       "ebb-always": setup.gateway(engine, "ebb-always", "always"),
                       "vllm-router": setup.router(engine), "nginx": setup.nginx(engine),
                       "haproxy": setup.haproxy(engine)}
            proxies = {n: p for n, p in proxies.items() if p and (not wanted or n in wanted)}
            idle = {name: memory_mb(pid) for name, (pid, _) in proxies.items()}
            measure(proxies, kinds, options.rounds, options.seconds, levels, rows)
            report(rows, kinds, proxies, idle, levels)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(summary(rows), indent=1))


def summary(rows):
    return [{"kind": kind, "connections": connections, "proxy": name, "rps": middle[0], "p50_us": middle[1],
             "p99_us": middle[2], "cpu_us": middle[3]}
            for (kind, connections, name), runs in rows.items() for middle in [medians(runs)]]


def medians(runs):
    return [statistics.median(r[i] for r in runs) for i in range(4)]


def report(rows, kinds, proxies, idle, levels):
    print(f"{'what':10} {'conns':>5} {'proxy':12} {'req/s':>8} {'p50 us':>8} {'p99 us':>9} {'CPU us':>8} "
          f"{'CPU / vllm-router':>18} errors")
    for kind in kinds:
        for connections in levels:
            base = rows.get((kind, connections, "vllm-router"))
            base = medians(base)[3] if base else None
            for name in proxies:
                runs = rows[(kind, connections, name)]
                middle = medians(runs)
                ratio = f"{middle[3] / base:.2f}" if base and name != "direct" else "-"
                print(f"{kind:10} {connections:5} {name:12} {middle[0]:8.0f} "
                      f"{middle[1]:8.0f} {middle[2]:9.0f} {middle[3]:8.1f} {ratio:>18} {sum(r[4] for r in runs)}")
    for name, (pid, _) in proxies.items():
        print(f"memory {name:12} idle {idle[name]:6.1f} MB, after the load {memory_mb(pid):6.1f} MB", flush=True)


main()
