"""Commands of the binary as a person or a script uses them: tables, JSON objects, statuses."""
import json
from decimal import Decimal

import pytest

from harness.batches import chat_lines, ended, jsonl, submit
from harness.commands import ebb, objects, start
from harness.gateway import KEY
from harness.ledger import Books
from harness.projects import knows
from harness.waiting import wait_until

PRICES = "prices: {models: {simulated: {default: {input: 1, output: 3}, batch: {times: 0.5}}}}\n"
ASK = {"model": "simulated", "messages": [{"role": "user", "content": "Name a river."}], "max_tokens": 8}


def rows_of(text):
    """The words of a table's rows, below its titles."""
    return [line.split() for line in text.splitlines()[1:]]


def facts(text):
    """`name  value` lines as a mapping."""
    return {line[:16].split("  ")[0].strip(): line.split("  ", 1)[1].strip() for line in text.splitlines()}


def commands(home, **variables):
    def call(*arguments, status=0, **more):
        return ebb(*arguments, home=home, status=status, variables={**variables, **more})
    return call


@pytest.fixture
def client_of(tmp_path):
    """Commands that work on a gateway."""
    return lambda gateway: commands(tmp_path, EBB_SERVER=gateway.url, EBB_API_KEY=KEY)


@pytest.fixture
def cli(gateway, client_of):
    return client_of(gateway)


@pytest.fixture
def operator(start_gateway, engine, tmp_path):
    """A gateway with prices, and commands that work on its data folder beside it."""
    gateway = start_gateway(engine, config=PRICES)
    return gateway, commands(tmp_path, EBB_DATA=str(gateway.data))


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(jsonl(chat_lines(3, "command")))
    return path


def test_files_from_upload_to_delete(cli, lines):
    printed = cli("files", "upload", lines, "--purpose", "batch", "--expires-after", "2h").stdout
    file_id = printed.strip()
    assert file_id.startswith("file-") and printed == file_id + "\n", "the id alone, for scripts"
    [shown] = objects(cli("files", "show", file_id, "--json").stdout)
    assert (shown["id"], shown["filename"], shown["bytes"]) == (file_id, "in.jsonl", lines.stat().st_size)
    assert shown["expires_at"] - shown["created_at"] == 7200
    told = facts(cli("files", "show", file_id).stdout)
    assert (told["id"], told["name"], told["purpose"]) == (file_id, "in.jsonl", "batch")

    listed = objects(cli("files", "list", "--purpose", "batch", "--json").stdout)
    assert listed[0] == shown, "newest first"
    shown_list = cli("files", "list", "--purpose", "batch", "--limit", "1")
    assert shown_list.stdout.split()[:6] == ["ID", "BYTES", "PURPOSE", "CREATED", "EXPIRES", "NAME"]
    [[first, size, *_, name]] = rows_of(shown_list.stdout)
    assert (first, size, name) == (file_id, str(shown["bytes"]), "in.jsonl")

    assert cli("files", "content", file_id).stdout == lines.read_text()
    copy = lines.with_name("copy.jsonl")
    cli("files", "content", file_id, "--output", copy)
    assert copy.read_bytes() == lines.read_bytes()
    assert cli("files", "delete", file_id).stdout == f"deleted {file_id}\n"
    for action in ("show", "content", "delete"):
        assert "No such File object" in cli("files", action, file_id, status=2).stderr


def test_files_uploaded_and_deleted_as_objects(cli, lines):
    more = lines.with_name("more.jsonl")
    more.write_bytes(lines.read_bytes())
    first, second = objects(cli("files", "upload", lines, more, "--json").stdout)
    assert (first["filename"], second["filename"], first["object"]) == ("in.jsonl", "more.jsonl", "file")
    key = ["--idempotency-key", "command-upload", "--json"]
    [once], [again] = (objects(cli("files", "upload", lines, *key).stdout) for _ in range(2))
    assert once == again and once["id"] != first["id"]
    answers = objects(cli("files", "delete", first["id"], second["id"], "--json").stdout)
    assert answers == [{"id": file["id"], "object": "file", "deleted": True} for file in (first, second)]


def test_files_that_cannot_be_uploaded(cli, lines):
    assert "nowhere.jsonl" in cli("files", "upload", "nowhere.jsonl", status=2).stderr
    assert cli("files", "upload", lines, "--purpose", "nonsense", status=2).stderr
    refused = cli("files", "list", status=2, EBB_API_KEY="sk-wrong").stderr
    assert "401" in refused and "the key is that of EBB_API_KEY" in refused
    empty = lines.with_name("empty-key")
    empty.write_text("\n")
    assert "empty-key" in cli("files", "list", "--key-file", empty, status=2).stderr


def test_a_gateway_that_is_not_there(tmp_path, start_engine):
    gone = start_engine()
    gone.kill()
    cli = commands(tmp_path, EBB_API_KEY=KEY)
    for command in (["files", "list"], ["batch", "list"], ["batch", "show", "batch_x"]):
        assert cli(*command, "--server", gone.url, status=5).stderr.startswith("ebb: ")


def test_a_batch_from_file_to_results(cli, client, lines, tmp_path):
    batch_id = cli("batch", "create", lines, "--metadata", "run=nightly", "--metadata", "a=b=c").stdout.strip()
    assert batch_id.startswith("batch_")
    watched = cli("batch", "watch", batch_id)
    assert facts(watched.stdout)["status"] == "completed" and f"{batch_id} completed 3/3 (100 %)" in watched.stderr
    [shown] = objects(cli("batch", "show", batch_id, "--json").stdout)
    assert shown == json.loads(client.batches.with_raw_response.retrieve(batch_id).text)
    assert shown["metadata"] == {"run": "nightly", "a": "b=c"}
    told = facts(cli("batch", "show", batch_id).stdout)
    assert told["lines"] == "3 in all, 3 completed, 0 failed"
    assert told["output file"] == shown["output_file_id"] and told["model"] == "simulated"

    assert cli("batch", "results", batch_id).stdout == f"{batch_id}.results.jsonl\n"
    content = client.files.content(shown["output_file_id"]).content
    assert (tmp_path / f"{batch_id}.results.jsonl").read_bytes() == content
    [written] = objects(cli("batch", "results", batch_id, "--output", "named", "--json").stdout)
    assert written == {"results": "named.results.jsonl", "errors": None}
    assert (tmp_path / "named.results.jsonl").read_bytes() == content
    assert not list(tmp_path.glob("*.errors.jsonl"))
    assert "Cannot cancel" in cli("batch", "cancel", batch_id, status=2).stderr


def test_batches_are_listed_newest_first(cli, client, lines):
    created = [json.loads(cli("batch", "create", lines, "--json").stdout)["id"] for _ in range(2)]
    for batch_id in created:
        ended(client, batch_id)
    listed = [batch["id"] for batch in objects(cli("batch", "list", "--limit", "2", "--json").stdout)]
    assert listed == created[::-1]
    shown = cli("batch", "list", "--limit", "1")
    assert shown.stdout.split()[:8] == ["ID", "STATUS", "TOTAL", "OK", "FAILED", "MODEL", "CREATED", "WINDOW"]
    [[batch_id, *counts, window]] = rows_of(shown.stdout)
    assert (batch_id, counts[:4], window) == (created[1], ["completed", "3", "3", "0"], "24h")
    assert "There are more" in shown.stderr


def test_a_batch_of_an_uploaded_file_is_watched_to_its_end(cli, client, lines):
    file_id = cli("files", "upload", lines).stdout.strip()
    [batch] = objects(cli("batch", "create", file_id, "--watch", "--json").stdout)
    assert (batch["status"], batch["input_file_id"], batch["request_counts"]["completed"]) == ("completed", file_id, 3)
    key = ["--idempotency-key", "command-batch"]
    assert cli("batch", "create", lines, *key).stdout == cli("batch", "create", lines, *key).stdout


def test_a_batch_with_a_line_that_fails(cli, lines, tmp_path):
    long = chat_lines(1, "x" * 40_000)[0] | {"custom_id": "long"}
    lines.write_bytes(jsonl(chat_lines(2, "well") + [long]))
    shown = cli("batch", "create", lines, "--watch", status=3)
    batch_id, report = shown.stdout.split("\n", 1)
    assert facts(report)["lines"] == "3 in all, 2 completed, 1 failed"
    assert cli("batch", "results", batch_id, "--output", "mixed").stdout == "mixed.results.jsonl\nmixed.errors.jsonl\n"
    [row] = objects((tmp_path / "mixed.errors.jsonl").read_text())
    assert row["custom_id"] == "long"
    assert len(objects((tmp_path / "mixed.results.jsonl").read_text())) == 2


def test_a_batch_that_fails_validation(cli, lines):
    lines.write_bytes(jsonl(chat_lines(1, "twice") * 2))
    shown = cli("batch", "create", lines, "--watch", status=1)
    assert facts(shown.stdout.split("\n", 1)[1])["status"] == "failed"
    assert "line 2: duplicate_custom_id" in shown.stdout
    batch_id = shown.stdout.split("\n", 1)[0]
    cli("batch", "watch", batch_id, status=1)
    assert "no line ran" in cli("batch", "results", batch_id, status=1).stderr


def test_a_batch_is_cancelled(client_of, start_gateway, start_engine):
    gateway = start_gateway(start_engine(slots=2, latency=100))
    cli = client_of(gateway)
    with gateway.sdk() as client:
        first, second = (submit(client, chat_lines(200, "cancel")).id for _ in range(2))
        assert "ebb batch watch" in cli("batch", "results", first, status=2).stderr, "not before its end"
        assert cli("batch", "cancel", first).stdout.startswith(f"{first} cancel")
        [batch] = objects(cli("batch", "cancel", second, "--json").stdout)
        assert batch["id"] == second and batch["status"] in ("cancelling", "cancelled")
        for batch_id in (first, second):
            assert ended(client, batch_id).status == "cancelled"
    assert facts(cli("batch", "watch", first, status=3).stdout)["status"] == "cancelled"


def test_watching_goes_on_when_the_gateway_comes_back(start_gateway, start_engine, tmp_path):
    gateway = start_gateway(start_engine(latency=60_000))
    with gateway.sdk() as client:
        batch_id = submit(client, chat_lines(20, "away")).id
    said = tmp_path / "said"
    with open(said, "w") as errors:
        watching = start("batch", "watch", batch_id, "--server", gateway.url, home=tmp_path, stderr=errors,
                         variables={"EBB_API_KEY": KEY})
    try:
        wait_until(lambda: batch_id in said.read_text(), 5, "the first look at the batch")
        gateway.kill()
        wait_until(lambda: "trying again" in said.read_text(), 5, "word that the gateway is away", every=0.05)
        start_gateway(start_engine(), options=["--listen", gateway.root.removeprefix("http://")])
        out, _ = watching.communicate(timeout=20)
    finally:
        watching.kill()
    assert watching.returncode == 0 and facts(out)["lines"] == "20 in all, 20 completed, 0 failed"


def test_ids_that_no_batch_has(cli, lines):
    for action in ("show", "watch", "cancel", "results"):
        assert "batch_nowhere" in cli("batch", action, "batch_nowhere", status=2).stderr
    assert cli("batch", "create", lines, "--window", "17h", status=2).stderr
    assert cli("batch", "create", lines, "--metadata", "novalue", status=2).stderr


def test_keys_live_and_end(operator):
    gateway, cli = operator
    made = cli("keys", "create", "--name", "laptop")
    secret = made.stdout.strip()
    assert secret.startswith("sk-ebb-") and secret not in made.stderr
    wait_until(lambda: knows(gateway, secret), 5, "the new key works", every=0.05)
    [other] = objects(cli("keys", "create", "--name", "other", "--json").stdout)
    assert (other["object"], other["name"], other["project"]) == ("api_key", "other", "default")

    listing = cli("keys", "list")
    assert listing.stdout.split()[:6] == ["ID", "PROJECT", "NAME", "SECRET", "CREATED", "REVOKED"]
    ids = {name: key for key, _, name, *_ in rows_of(listing.stdout)}
    assert ids["other"] == other["id"] and "laptop" in ids
    assert secret not in listing.stdout and other["secret"] not in cli("keys", "list", "--all", "--json").stdout

    wrong = cli("keys", "revoke", ids["laptop"], "key_nowhere", status=2)
    assert "key_nowhere" in wrong.stderr
    assert "laptop" in cli("keys", "list").stdout, "all or none"
    assert cli("keys", "revoke", ids["laptop"]).stdout == f"revoked {ids['laptop']}\n"
    assert objects(cli("keys", "revoke", other["id"], "--json").stdout) == [
        {"id": other["id"], "object": "api_key", "revoked": True}]
    wait_until(lambda: not knows(gateway, secret), 5, "the revoked key is refused", every=0.05)
    living = {key["name"] for key in objects(cli("keys", "list", "--json").stdout)}
    known = {key["name"]: key["revoked_at"] for key in objects(cli("keys", "list", "--all", "--json").stdout)}
    assert not living & {"laptop", "other"} and known["laptop"] and known["other"]


def test_projects_live_and_are_archived(operator):
    gateway, cli = operator
    project_id = cli("projects", "create", "research", "--limit", "25.00").stdout.strip()
    secret = cli("keys", "create", "--project", "research").stdout.strip()
    wait_until(lambda: knows(gateway, secret), 5, "the project's key works", every=0.05)
    with gateway.sdk(key=secret) as client:
        client.chat.completions.create(**ASK)
    [charge] = Books(gateway.data).charges()
    [shown] = objects(cli("projects", "show", "research", "--json").stdout)
    assert (shown["id"], shown["status"], shown["keys"]) == (project_id, "active", 1)
    assert Decimal(shown["spend_cap"]) == 25 and Decimal(shown["spent"]) * 10**12 == charge["amount"] > 0
    assert facts(cli("projects", "show", project_id).stdout)["spend cap"] == "$25.00", "by its id, too"
    assert "cap $50.00" in cli("projects", "limit", "research", "50").stdout
    assert objects(cli("projects", "limit", "research", "none", "--json").stdout)[0]["spend_cap"] is None

    rows = {name: rest for name, *rest in rows_of(cli("projects", "list").stdout)}
    assert set(rows) == {"default", "research"} and rows["research"][2:5] == ["none", "1", "active"]
    assert cli("projects", "archive", "research").stdout == "archived research\n"
    wait_until(lambda: not knows(gateway, secret), 5, "the archived project's key is refused", every=0.05)
    assert "is archived" in cli("keys", "create", "--project", "research", status=2).stderr
    assert [each["name"] for each in objects(cli("projects", "list", "--json").stdout)] == ["default"]
    archived = {each["name"]: each["status"] for each in objects(cli("projects", "list", "--all", "--json").stdout)}
    assert archived == {"default": "active", "research": "archived"}
    assert len(Books(gateway.data).charges()) == 1, "its charges stay"


def test_projects_that_cannot_be(operator, tmp_path):
    _, cli = operator
    cli("projects", "create", "taken")
    for refused in (["create", "taken"], ["create", "no spaces"], ["create", "free", "--limit", "much"],
                    ["show", "nobody"], ["archive", "nobody"], ["limit", "nobody", "1"], ["limit", "taken", "much"]):
        assert cli("projects", *refused, status=2).stderr.startswith("ebb: ")
    for command in (["projects", "list"], ["keys", "list"], ["ledger", "totals"]):
        assert "no data folder" in cli(*command, "--data", tmp_path / "nowhere", status=6).stderr
    assert not (tmp_path / "nowhere").exists()


def test_the_ledger_is_listed_and_summed(operator):
    gateway, cli = operator
    cli("projects", "create", "other")
    secret = cli("keys", "create", "--project", "other").stdout.strip()
    wait_until(lambda: knows(gateway, secret), 5, "the other project's key works", every=0.05)
    with gateway.sdk() as client, gateway.sdk(key=secret) as other:
        batch = ended(client, submit(client, chat_lines(4, "ledger")).id)
        client.chat.completions.create(**ASK)
        other.chat.completions.create(**ASK)
    charges = Books(gateway.data).charges()
    listed = objects(cli("ledger", "list", "--json").stdout)
    assert [each["request"] for each in listed] == [charge["request"] for charge in charges]
    assert [Decimal(each["amount"]) * 10**12 for each in listed] == [charge["amount"] for charge in charges]
    shown = cli("ledger", "list", "--batch", batch.id).stdout
    assert shown.split()[:3] == ["ENDED", "MODEL", "TIER"]
    assert [row[1:3] for row in rows_of(shown)] == [["simulated", "batch"]] * 4
    of_batch = objects(cli("ledger", "list", "--batch", batch.id, "--json").stdout)
    assert sorted(each["line"] for each in of_batch) == [1, 2, 3, 4]
    [theirs] = objects(cli("ledger", "list", "--project", "other", "--json").stdout)
    assert theirs["served_tier"] == "default" and theirs["usage"]["output"] == 8

    groups = {each.get("tier"): each for each in objects(cli("ledger", "totals", "--json").stdout)}
    assert {tier: group["requests"] for tier, group in groups.items()} == {"batch": 4, "default": 2, None: 6}
    assert Decimal(groups[None]["amount"]) * 10**12 == sum(charge["amount"] for charge in charges)
    assert Decimal(groups["batch"]["saved"]) == Decimal(groups["batch"]["amount"]) > 0, "half the price"
    assert Decimal(groups["default"]["saved"]) == 0
    rows = {tuple(row[:2]): row for row in rows_of(cli("ledger", "totals").stdout)}
    assert rows["simulated", "batch"][2] == "4" and rows["all", "6"]
    assert objects(cli("ledger", "list", "--until", "1h", "--json").stdout) == []
    assert len(objects(cli("ledger", "list", "--since", "1h", "--json").stdout)) == 6
    assert cli("ledger", "list", "--since", "yesterday-ish", status=2).stderr
    assert cli("ledger", "list", "--project", "nobody", status=2).stderr
    for action in ("list", "totals"):
        assert "no batch 'batch_nope'" in cli("ledger", action, "--batch", "batch_nope", status=2).stderr


def test_engines_are_checked(tmp_path, engine, start_engine):
    cli = commands(tmp_path)
    gone = start_engine()
    gone.kill()
    both = ["engines", "check", "--engine", engine.url, "--engine", gone.url]
    shown = cli(*both)
    there, missing = rows_of(shown.stdout)
    assert shown.stdout.split()[:4] == ["ENGINE", "URL", "STATE", "KIND"]
    assert there[:4] == ["engine-1", engine.url, "ok", "simulated"]
    assert there[-4:] == ["-", "/tokenize", "/metrics", "simulated"] and "yes" in there
    assert missing[:4] == ["engine-2", gone.url, "unreachable", "-"]
    assert "engine-2: cannot connect" in shown.stderr

    first, second = objects(cli(*both, "--json").stdout)
    assert (first["reachable"], first["models"], first["streams"]) == (True, ["simulated"], True)
    assert (first["tokenizer"], first["metrics"], first["problem"]) == ("/tokenize", "/metrics", None)
    assert (second["reachable"], second["kind"], second["models"]) == (False, None, []) and second["problem"]

    (tmp_path / "ebb.yaml").write_text(f"engines: [{{name: rack, url: '{engine.url}', concurrency: 5}}]\n")
    [named] = objects(cli("engines", "check", "--config", "ebb.yaml", "--json").stdout)
    assert (named["engine"], named["concurrency"], named["concurrency_source"]) == ("rack", 5, "configured")
    assert "5 (configured)" in cli("engines", "check", "--config", "ebb.yaml").stdout
    cli("engines", "check", "--engine", gone.url, status=5)
    assert "no engine" in cli("engines", "check", status=2).stderr
