"""A job at an engine that sends a bill costs what that bill says: quote, limit, ledger and receipt."""
import json
from decimal import Decimal

import pytest

from harness.commands import JobFiles, ebb
from harness.gateway import KEY
from harness.ledger import Books
from harness.scripted_engine import ScriptedEngine

PRICES = """prices:
  models:
    scripted: {default: {input: 4, output: 8}, flex: {times: 0.5}, batch: {times: 0.25}}
"""
# What the scripted engine's usual answer costs: 7 tokens of prompt, 3 of output.
STANDARD = Decimal("0.000052")
CHAT = "/v1/chat/completions"


@pytest.fixture
def seller():
    with ScriptedEngine() as engine:
        yield engine


@pytest.fixture
def prompts(tmp_path):
    path = tmp_path / "prompts.jsonl"
    body = {"model": "scripted", "max_tokens": 1000, "service_tier": "priority",
            "messages": [{"role": "user", "content": "A river?"}]}
    path.write_text("".join(
        json.dumps({"custom_id": str(line), "method": "POST", "url": CHAT, "body": body}) + "\n" for line in range(3)))
    (tmp_path / "prices.yaml").write_text(PRICES)
    return path


def serve(seller, *tiers):
    """The next answers name these tiers; None is no word of it."""
    for tier in tiers:
        answer = seller.usual_answer(CHAT, {})
        seller.then(200, answer if tier is None else {**answer, "service_tier": tier})


def test_a_job_is_quoted_and_charged_by_the_tiers_of_the_seller(seller, prompts, tmp_path):
    serve(seller, "flex", "default", None)
    done = ebb("run", prompts, "--engine", seller.url, "--config", "prices.yaml", "--yes", "--json", home=tmp_path)
    assert [body.get("service_tier") for body in seller.sent(CHAT)] == ["flex"] * 3
    assert "a bought engine has no batch of ours: it is asked for flex, and may serve and bill standard" in done.stderr
    report = json.loads(done.stdout)
    receipt = report["receipt"]
    assert receipt["served_tiers"] == {"default": 2, "flex": 1}
    assert Decimal(receipt["charged"]) == STANDARD * Decimal("2.5")
    assert Decimal(receipt["standard"]) == STANDARD * 3
    rows = {row["tier"]: row for row in report["quote"]["models"][0]["tiers"]}
    assert rows["batch"]["asked_as"] == ["flex"] and "asked_as" not in rows["default"]
    assert Decimal(rows["batch"]["expected_usd"]) * 2 == Decimal(rows["default"]["expected_usd"])
    assert rows["batch"]["max_usd"] == rows["default"]["max_usd"] == receipt["quoted"]["max"]
    assert Decimal(receipt["quoted"]["max"]) > Decimal(receipt["charged"])


def test_a_standard_job_is_not_made_to_wait_for_flex(seller, prompts, tmp_path):
    ebb("run", prompts, "--engine", seller.url, "--config", "prices.yaml", "--tier", "standard", "--yes", home=tmp_path)
    assert [body.get("service_tier") for body in seller.sent(CHAT)] == [None] * 3
    assert Decimal(JobFiles(prompts).receipt["charged"]) == STANDARD * 3


def test_a_cost_limit_counts_with_the_bill_for_standard(seller, prompts, tmp_path):
    job = ["run", prompts, "--engine", seller.url, "--config", "prices.yaml", "--tier", "flex", "--yes", "--max-cost"]
    # A line may cost about 0.0065 at flex and 0.013 at standard.
    ebb(*job, "0.009", home=tmp_path, status=4)
    assert seller.sent(CHAT) == []
    ebb(*job, "0.02", home=tmp_path)
    assert len(seller.sent(CHAT)) == 3


def test_a_seller_that_refuses_flex_serves_the_lines_all_the_same(seller, prompts, tmp_path):
    error = {"message": "Invalid service_tier argument", "type": "invalid_request_error", "param": "service_tier"}
    seller.then(400, {"error": {**error, "code": None}})
    ebb("run", prompts, "--engine", seller.url, "--config", "prices.yaml", "--concurrency", "1", "--yes", home=tmp_path)
    assert [body.get("service_tier") for body in seller.sent(CHAT)] == ["flex"] + [None] * 3
    receipt = JobFiles(prompts).receipt
    assert receipt["lines"]["completed"] == 3 and Decimal(receipt["charged"]) == STANDARD * 3


def test_batches_of_a_gateway_and_receipts_beside_it_agree(seller, prompts, start_gateway, tmp_path):
    engines = f"engines: [{{name: seller, url: '{seller.url}', kind: openai, models: {{scripted: scripted}}}}]\n"
    gateway = start_gateway(config=engines + PRICES)
    (tmp_path / "prices.yaml").write_text(engines + PRICES)
    serve(seller, "flex", None, "default")
    done = ebb("run", prompts, "--server", gateway.url, "--config", "prices.yaml", "--yes", home=tmp_path,
               variables={"EBB_API_KEY": KEY})
    assert "it is asked for flex" in done.stderr
    charges = Books(gateway.data).charges()
    assert sorted(charge["served_tier"] for charge in charges) == ["default", "default", "flex"]
    receipt = JobFiles(prompts).receipt
    assert Decimal(receipt["charged"]) == STANDARD * Decimal("2.5")
    assert Decimal(receipt["charged"]) == sum(Decimal(charge["amount"]) for charge in charges) / 10**12
    assert receipt["served_tiers"] == {"default": 2, "flex": 1}
