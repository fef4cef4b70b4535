"""Engines that are not as they were configured: what `ebb engines check` and the gateway's log say."""
import http.server
import threading

import pytest

from harness.commands import ebb, objects
from harness.waiting import wait_until
from test_commands import rows_of


@pytest.fixture
def lost():
    """The address of a web server that knows no path."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Lost", (http.server.BaseHTTPRequestHandler,), {
            "do_GET": lambda self: self.send_error(404, "no such page"), "log_message": lambda *_: None}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_address_that_answers_something_else_says_what(lost, engine, tmp_path):
    check = ["engines", "check", "--engine", engine.url, "--engine", lost]
    shown = ebb(*check, home=tmp_path)
    assert rows_of(shown.stdout)[1][:4] == ["engine-2", lost, "answers", "404"]
    assert "engine-2: status 404" in shown.stderr and "GET /v1/models" in shown.stderr
    _, other = objects(ebb(*check, "--json", home=tmp_path).stdout)
    assert (other["reachable"], other["status"], other["models"], other["kind"]) == (True, 404, [], None)
    ebb("engines", "check", "--engine", lost, home=tmp_path, status=5)


@pytest.fixture
def slips(engine, tmp_path):
    """An ebb.yaml whose names stand for models that the engine does not list."""
    path = tmp_path / "ebb.yaml"
    path.write_text(f"""
engines:
  - {{name: rack, url: '{engine.url}', models: {{river: simulatd, lake: simulated}}}}
models:
  sea: {{engines: [{{engine: rack, model: llama}}]}}
""")
    return path


def test_a_name_for_a_model_that_its_engine_does_not_list_is_shown(slips, engine, tmp_path):
    told = ebb("engines", "check", "--config", slips, home=tmp_path).stderr
    assert "rack: it does not list 'simulatd', which 'river' stands for; did you mean 'simulated'?" in told
    assert "rack: it does not list 'llama', which 'sea' stands for\n" in told and "'lake'" not in told
    [found] = objects(ebb("engines", "check", "--config", slips, "--json", home=tmp_path).stdout)
    assert found["unlisted_models"] == [{"name": "river", "model": "simulatd"}, {"name": "sea", "model": "llama"}]
    option = ["engines", "check", "--engine", engine.url, "--model"]
    assert "it does not list 'B', which 'A' stands for" in ebb(*option, "A=B", home=tmp_path).stderr
    assert ebb(*option, "A=simulated", home=tmp_path).stderr == ""


def test_an_option_is_right_when_one_engine_lists_its_model(engine, start_engine, tmp_path):
    other = start_engine(model="another")
    both = ["engines", "check", "--engine", engine.url, "--engine", other.url, "--model"]
    assert ebb(*both, "A=another", home=tmp_path).stderr == ""
    assert ebb(*both, "A=third", home=tmp_path).stderr.count("it does not list 'third'") == 2


def test_the_gateway_logs_such_names_once_its_engine_has_answered(slips, engine, start_gateway):
    gateway = start_gateway(config=slips.read_text())
    wait_until(lambda: "'sea' stands for" in gateway.log(), 5, "the warning about the model")
    assert gateway.log().count("which 'river' stands for; did you mean 'simulated'?") == 1
    gateway = start_gateway(engine, data="option", options=["--model", "A=B"])
    wait_until(lambda: "it does not list 'B', which 'A' stands for" in gateway.log(), 5, "the warning about the option")


def test_a_gateway_without_engines_says_what_to_add(start_gateway):
    gateway = start_gateway()
    [line] = [line for line in gateway.log().splitlines() if "no engine is configured" in line]
    assert "--engine URL" in line and "--config" in line and "warning" in line
    with gateway.http() as http:
        ready = http.get(gateway.root + "/readyz")
    assert ready.status_code == 503 and "no engine is configured" in ready.text
