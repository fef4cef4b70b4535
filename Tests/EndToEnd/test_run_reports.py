"""What `ebb run` reports: one object for programs, the cost on the way."""
import json
import re

from harness.gateway import KEY
from test_quote import ebb, prompts
from test_quote_prices import WINDOWS, configured


def test_a_job_prints_one_object_with_json(engine, tmp_path):
    config = configured(tmp_path, engine)
    job = ["run", prompts(tmp_path), "--config", config, "--model", "m", "--max-tokens", "5", "--json"]
    quote = json.loads(ebb(*job, "--quote-only", home=tmp_path).stdout)
    assert quote["receipt"] is None and quote["quote"]["lines"] == 12
    done = json.loads(ebb(*job, "--yes", home=tmp_path).stdout)
    assert done["quote"]["models"][0]["model"] == "m"
    receipt = done["receipt"]
    assert receipt == json.loads((tmp_path / "prompts.jsonl.receipt.json").read_text())
    usage = receipt["usage"]
    assert usage["cached_input_percent"] == round(usage["cached_input_tokens"] * 100 / usage["input_tokens"], 1)
    again = json.loads(ebb(*job, "--yes", home=tmp_path).stdout)
    assert again == {"object": "ebb.run", "quote": None, "receipt": receipt}


def test_a_gateways_job_shows_its_cost_on_the_way(start_engine, start_gateway, tmp_path):
    engine = start_engine(slots=1, latency=400)
    config = configured(tmp_path, engine)
    gateway = start_gateway(engine, config=WINDOWS)
    (tmp_path / "key").write_text(KEY)
    job = ["run", prompts(tmp_path), "--server", gateway.root, "--key-file", tmp_path / "key", "--model", "simulated",
           "--max-tokens", "5", "--yes", "--json"]
    result = ebb(*job, "--config", config, home=tmp_path)
    assert re.search(r"of 12 lines, \d+ tokens/s, \$0\.0", result.stderr), result.stderr
    done = json.loads(result.stdout)
    assert float(done["receipt"]["charged"]) > 0
    unknown = ebb(*job, "--again", home=tmp_path)
    assert "A gateway does not tell its prices" in unknown.stderr
    assert json.loads(unknown.stdout)["receipt"]["charged"] is None
