"""What `ebb run` reports: one object for programs, the cost on the way."""
import json
import re
from decimal import Decimal

import pytest

from harness.gateway import KEY
from harness.ledger import Books
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


@pytest.mark.parametrize("priced_as", [None, "gold"])
def test_a_gateways_alias_is_quoted_and_priced_with_its_configuration(engine, start_gateway, tmp_path, priced_as):
    config = configured(tmp_path, engine)
    if priced_as:
        price = f"    {priced_as}: {{default: {{input: 40, output: 80}}}}\n"
        model = f"models: {{m: {{engines: [{{engine: rack-1, model: simulated}}], price_as: {priced_as}}}}}\n"
        config.write_text(config.read_text() + price + model)
    gateway = start_gateway(config=config.read_text())
    (tmp_path / "key").write_text(KEY)
    job = ["run", prompts(tmp_path), "--server", gateway.root, "--key-file", tmp_path / "key", "--model", "m",
           "--max-tokens", "5", "--yes", "--json", "--tier", "24h", "--config", config]
    result = ebb(*job, home=tmp_path, check=False)
    done = json.loads(result.stdout)
    charged = [charge["amount"] for charge in Books(gateway.data).charges()]
    assert len(charged) == 12
    [row] = [row for row in done["quote"]["models"][0]["tiers"] if row["tier"] == "batch"]
    if priced_as:
        # Gold has no price for a batch, and takes no other model's.
        assert set(charged) == {None} and "unpriced" in row and done["receipt"]["charged"] is None
    else:
        assert Decimal(done["receipt"]["charged"]) == Decimal(sum(charged)) / 10**12
        assert Decimal(row["floor_usd"]) <= Decimal(done["receipt"]["charged"]) <= Decimal(row["max_usd"])
