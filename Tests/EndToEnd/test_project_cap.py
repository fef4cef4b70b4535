"""A project's spend cap and its batches: who waits, who fails, and what an operator sees of it."""
import json

from harness.batches import chat_line, ended, rows, submit
from harness.projects import add_project, command
from harness.waiting import wait_until
from test_isolation import PRICES


def line(number, output_tokens):
    return chat_line(f"line-{number}", f"hello {number}", max_tokens=output_tokens)


def test_a_batch_waits_for_a_higher_cap_and_fails_only_what_no_room_would_be_enough_for(start_engine, start_gateway):
    gateway = start_gateway(start_engine(output_tokens_max=4), config=PRICES)
    key = add_project(gateway.data, "small", limit="0.002")
    client = gateway.sdk(key=key)
    dear = submit(client, [line(1, 20), line(2, 1_000_000), line(3, 20)])
    done = ended(client, dear.id)
    assert (done.status, done.request_counts.completed, done.request_counts.failed) == ("completed", 2, 1)
    (failed,) = rows(client, done.error_file_id)
    assert failed["custom_id"] == "line-2" and failed["response"]["status_code"] == 429
    assert failed["response"]["body"]["error"]["code"] == "project_spend_limit_exceeded"

    command("projects", "limit", "small", "0", data=gateway.data)
    wait_until(lambda: refuses(gateway, key), 5, "the cap is taken over", every=0.05)
    stopped = submit(client, [line(1, 20), line(2, 20)])
    wait_until(lambda: shown(gateway, key, stopped.id).get("ebb"), 10, "the batch says what it waits for", every=0.05)
    assert shown(gateway, key, stopped.id)["ebb"] == {"waiting_for": "project_spend_limit"}
    assert shown(gateway, key, stopped.id)["status"] == "in_progress"
    assert gateway.log().count("batch waits for a higher spend limit of its project") == 1
    command("projects", "limit", "small", "1", data=gateway.data)
    done = ended(client, stopped.id)
    assert (done.status, done.request_counts.completed) == ("completed", 2)
    assert "ebb" not in json.loads(done.model_dump_json())


def shown(gateway, key, batch):
    with gateway.http(key=key) as http:
        return http.get(f"batches/{batch}").json()


def refuses(gateway, key):
    with gateway.http(key=key) as http:
        return http.post("chat/completions", json=line(0, 20)["body"]).status_code == 429
