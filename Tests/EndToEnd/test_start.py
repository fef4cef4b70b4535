"""The start of `ebb serve`: what is in its way, and what clients hear before any engine has answered."""
import socket

from harness.commands import ebb
from test_conformance_requests import CHAT, error_of


def test_an_address_that_is_taken_is_named_before_anything_is_made(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        failed = ebb("serve", "--listen", address, "--data", tmp_path / "data", home=tmp_path, status=1)
    assert failed.stderr == f"ebb: cannot listen on {address}: Address already in use\n"
    assert not (tmp_path / "data").exists()


def test_a_simulated_engine_says_the_same_of_an_address_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        failed = ebb("simulate-engine", "--listen", address, home=tmp_path, status=1)
    assert failed.stderr == f"ebb: cannot listen on {address}: Address already in use\n"


def test_clients_are_told_to_come_again_until_an_engine_has_answered(start_gateway):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gateway = start_gateway(config=f"""
engines:
  - name: late
    url: http://127.0.0.1:{silent.getsockname()[1]}
    kind: vllm
""")
        with gateway.http() as http:
            answer = http.post("chat/completions", json=CHAT)
        error_of(answer, 503, "server_error", "engine_unreachable")
        assert answer.headers["retry-after"] == "1"
