"""What has no price is unpriced everywhere: never 0, never another tier's price."""
import json
import re

import openai
import pytest

from harness.batches import chat_lines, ended, submit
from harness.commands import JobFiles, ebb, objects
from test_commands import ASK, rows_of
from test_quote import prompts

STANDARD_ONLY = "prices: {models: {simulated: {default: {input: 1, output: 3}}}}\n"


def test_sums_of_the_ledger_keep_what_has_no_price_apart(start_gateway, engine, tmp_path):
    gateway = start_gateway(engine, config=STANDARD_ONLY)
    with gateway.sdk() as client:
        ended(client, submit(client, chat_lines(3, "unpriced")).id)
        client.chat.completions.create(**ASK)
    totals = ["ledger", "totals", "--data", gateway.data]
    groups = {each.get("tier"): each for each in objects(ebb(*totals, "--json", home=tmp_path).stdout)}
    for name in ("amount", "list_amount", "saved"):
        assert groups["batch"][name] is None
    assert groups["default"]["amount"] == groups[None]["amount"] and float(groups[None]["amount"]) > 0
    assert (groups[None]["requests"], groups[None]["unpriced_requests"]) == (4, 3)
    shown = ebb(*totals, home=tmp_path)
    rows = {tuple(row[:2]): row for row in rows_of(shown.stdout)}
    assert rows["simulated", "batch"][-3:] == ["unpriced", "-", "-"]
    assert rows["simulated", "standard"][-3].startswith("$") and rows["all", "4"][-3].startswith("$0.")
    assert "3 of 4 requests are unpriced" in shown.stderr
    listed = objects(ebb("ledger", "list", "--data", gateway.data, "--json", home=tmp_path).stdout)
    assert [(each["amount"], each["list_amount"]) for each in listed[:3]] == [(None, None)] * 3
    table = rows_of(ebb("ledger", "list", "--data", gateway.data, home=tmp_path).stdout)
    assert [row.count("unpriced") for row in table] == [1, 1, 1, 0]


def test_a_job_in_a_tier_without_a_price_is_told_before_it_runs(engine, tmp_path):
    (tmp_path / "prices.yaml").write_text(STANDARD_ONLY)
    job = ["run", prompts(tmp_path), "--engine", engine.url, "--config", "prices.yaml", "--model", "simulated"]
    for tier in ("flex", "batch", "8h"):
        told = ebb(*job, "--tier", tier, "--quote-only", home=tmp_path).stderr
        assert f"Unpriced: 'simulated' has no price in tier {tier} " in told
    assert "Unpriced" not in ebb(*job, "--tier", "standard", "--quote-only", home=tmp_path).stderr
    limited = ebb(*job, "--tier", "flex", "--max-cost", "1", "--yes", home=tmp_path, status=2).stderr
    assert "--max-cost cannot be kept" in limited
    done = ebb(*job, "--tier", "flex", "--yes", home=tmp_path)
    assert re.search(r"^  charged +unpriced: no price for simulated in tier flex$", done.stdout, re.MULTILINE)
    receipt = JobFiles(tmp_path / "prompts.jsonl").receipt
    assert (receipt["charged"], receipt["saved"], receipt["unpriced_requests"]) == (None, None, 12)
    assert json.loads(ebb(*job, "--tier", "flex", "--yes", "--json", home=tmp_path).stdout)["receipt"] == receipt


def test_priority_without_a_price_is_refused_and_costs_nothing(start_gateway, engine):
    gateway = start_gateway(engine, config=STANDARD_ONLY)
    with gateway.sdk() as client:
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(**ASK, service_tier="priority")
        assert (refused.value.param, refused.value.code) == ("service_tier", "unpriced_tier")
        assert "prices.models" in refused.value.message
        idle = client.chat.completions.create(**ASK, service_tier="flex")
        assert idle.service_tier == "flex", "engines of one's own"
    assert "served without a price" in gateway.log()


def test_a_model_without_any_price_is_served_in_every_tier(start_gateway, engine):
    gateway = start_gateway(engine, config="prices: {shipped: false}\n")
    with gateway.sdk() as client:
        assert client.chat.completions.create(**ASK, service_tier="priority").service_tier == "priority"
