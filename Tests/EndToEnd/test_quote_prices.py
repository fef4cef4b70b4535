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
    assert re.search(r"^  1h \(batch\) +\$", table, re.MULTILINE) and re.search(r"^  2h +\$", table, re.MULTILINE)
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
