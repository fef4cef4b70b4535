"""What `ebb quote` takes for a price: windows, aliases, engines."""
import re

from test_quote import bodies, ebb, quoted

PRICES = """prices:
  models:
    simulated: {default: {input: 4, output: 8}, batch: {times: 0.5}, 2h: {times: 0.75}}
"""
WINDOWS = "batch: {windows: {24h: batch, 1h: batch, 2h: 2h}}\n"


def configured(folder, *engines):
    """An ebb.yaml whose engines serve the model `m` as `simulated`."""
    path = folder / "ebb.yaml"
    rows = "".join(
        f"  - {{name: rack-{number}, url: '{engine.url}', models: {{m: simulated}}}}\n"
        for number, engine in enumerate(engines, 1))
    path.write_text((f"engines:\n{rows}" if rows else "") + WINDOWS + PRICES)
    return path


def test_each_configured_window_has_the_price_of_its_tier(tmp_path):
    config = configured(tmp_path)
    lines = bodies(tmp_path, max_tokens=100)
    rows = quoted(lines, "--config", config, home=tmp_path)["tiers"]
    assert [(row["tier"], row.get("completion_window")) for row in rows] == [
        ("default", None), ("batch", None), ("batch", "1h"), ("2h", "2h"), ("batch", "24h")]
    floors = [float(row["floor_usd"]) / float(rows[0]["floor_usd"]) for row in rows]
    assert floors == [1, 0.5, 0.5, 0.75, 0.5]
    table = ebb("quote", lines, "--config", config, home=tmp_path).stdout
    shown = re.findall(r"^  (\S.*?) +\$", table, re.MULTILINE)
    assert shown == ["standard", "batch", "1h (batch)", "2h"], "a day is what batch means"
    asked = quoted(lines, "--config", config, "--tier", "1h", home=tmp_path)["tiers"]
    assert (asked[0]["tier"], asked[0]["floor_usd"]) == ("batch", rows[1]["floor_usd"])


def test_an_alias_is_quoted_as_the_ledger_charges_it(engine, tmp_path):
    config = configured(tmp_path, engine)
    rows = quoted(bodies(tmp_path, model="m", max_tokens=9), "--config", config, home=tmp_path)["tiers"]
    assert "unpriced" not in rows[0] and float(rows[0]["max_usd"]) > 0


def test_each_engine_that_is_named_has_its_own_price(engine, start_engine, tmp_path):
    config = configured(tmp_path, engine)
    other = start_engine(model="another")
    lines = bodies(tmp_path, model="m", max_tokens=9)
    asked = ["--config", config, "--engine", other.url]
    theirs, ours = quoted(lines, *asked, home=tmp_path)["engines"]
    assert (ours["engine"], ours["engine_model"], ours["priced_as"]) == ("rack-1", "simulated", "simulated")
    assert float(ours["tiers"][0]["max_usd"]) > 0
    assert (theirs["url"], theirs["engine_model"], theirs["tiers"]) == (other.url, None, [])
    table = ebb("quote", lines, *asked, home=tmp_path).stdout
    assert re.search(r"^  rack-1 +simulated +simulated +\$", table, re.MULTILINE)
    assert re.search(r"^  engine-1 +does not serve it", table, re.MULTILINE)


KEYED = """engines:
  - {name: bought, url: 'http://127.0.0.1:9', api_key: {env: NO_SUCH_KEY}, kind: KIND, models: {m: simulated}}
"""


def test_a_quote_needs_no_key_of_an_engine_that_has_nothing_to_tell(tmp_path):
    config = tmp_path / "ebb.yaml"
    config.write_text(KEYED.replace("KIND", "openai") + PRICES)
    done = ebb("quote", bodies(tmp_path, model="m", max_tokens=9), "--config", config, home=tmp_path)
    assert "NO_SUCH_KEY" not in done.stderr
    assert re.search(r"^  bought +simulated +simulated +\$", done.stdout, re.MULTILINE)


def test_a_missing_key_of_an_engine_that_counts_is_a_warning_and_an_estimate(tmp_path):
    config = tmp_path / "ebb.yaml"
    config.write_text(KEYED.replace("KIND", "vllm") + PRICES)
    done = ebb("quote", bodies(tmp_path, model="m", max_tokens=9), "--config", config, home=tmp_path)
    assert "engine bought is not asked" in done.stderr and "NO_SUCH_KEY: is not set" in done.stderr
    assert "(estimate: " in done.stdout and re.search(r"^  standard +\$", done.stdout, re.MULTILINE)


def test_a_tier_is_quoted_at_the_price_that_it_is_charged_by(tmp_path):
    config = tmp_path / "ebb.yaml"
    config.write_text(PRICES + "tiers: {eco: {lane: flex, aliases: [slow], price_as: batch}}\n")
    lines = bodies(tmp_path, max_tokens=9)
    asked = ["--config", config, "--tier", "slow,batch"]
    eco, batch, _ = quoted(lines, *asked, home=tmp_path)["tiers"]
    assert (eco["tier"], eco["name"], eco["max_usd"]) == ("batch", "eco", batch["max_usd"]) and "name" not in batch
    assert re.search(r"^  eco \(batch\) +\$", ebb("quote", lines, *asked, home=tmp_path).stdout, re.MULTILINE)
