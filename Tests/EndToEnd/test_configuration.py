"""What options, variables and the file set shows on the running gateway."""
import openai
import pytest

from harness.batches import chat_lines, ended, jsonl, rows, submit, upload
from harness.gateway import KEY
from harness.ledger import Books
from harness.program import Program, binary
from harness.scripted_engine import ScriptedEngine

MESSAGES = [{"role": "user", "content": "Name a river."}]


def test_a_model_has_the_name_that_its_option_gives(start_gateway):
    with ScriptedEngine("vendor/large:v2") as engine:
        gateway = start_gateway(engine, options=["--model", "river=vendor/large:v2"])
        with gateway.sdk() as client:
            assert "river" in [model.id for model in client.models.list()]
            answer = client.chat.completions.create(model="river", messages=MESSAGES)
            assert answer.choices[0].message.content == "scripted answer"
            batch = ended(client, submit(client, chat_lines(2, "alias", model="river")).id)
            assert batch.request_counts.completed == 2
    assert {body["model"] for body in engine.sent("/v1/chat/completions")} == {"vendor/large:v2"}
    charges = Books(gateway.data).charges()
    assert [charge["requested_model"] for charge in charges] == ["river"] * 3


@pytest.fixture
def serve(tmp_path, engine):
    """`ebb serve` without the options for address and folder."""
    started = []

    def call(*options, **variables):
        started.append(Program(
            "gateway", [binary(), "serve", "--engine", engine.url, *options], tmp_path / "gateway.log",
            {"EBB_BOOTSTRAP_KEY": KEY, **variables}))
        return started[-1].start()

    yield call
    for program in started:
        program.kill()


def test_variables_give_address_and_folder(serve, tmp_path):
    (tmp_path / "ebb.yaml").write_text("listen: 127.0.0.1:1\ndata: from-file\n")
    gateway = serve("--config", tmp_path / "ebb.yaml", EBB_LISTEN="127.0.0.2:0", EBB_DATA=str(tmp_path / "variable"))
    assert gateway.url.startswith("http://127.0.0.2:") and not gateway.url.endswith(":0/v1")
    with openai.OpenAI(base_url=gateway.url, api_key=KEY, max_retries=0) as client:
        client.chat.completions.create(model="simulated", messages=MESSAGES)
    assert len(Books(tmp_path / "variable").charges()) == 1
    assert not (tmp_path / "from-file").exists()


def test_options_win_over_variables(serve, tmp_path):
    gateway = serve("--listen", "127.0.0.1:0", "--data", tmp_path / "option",
                    EBB_LISTEN="127.0.0.2:0", EBB_DATA=str(tmp_path / "variable"))
    assert gateway.url.startswith("http://127.0.0.1:")
    assert (tmp_path / "option/ebb.sqlite").exists() and not (tmp_path / "variable").exists()


def test_a_lower_limit_of_batch_files_holds(start_gateway, engine):
    content = jsonl(chat_lines(20, "bytes"))
    gateway = start_gateway(engine, config=f"limits: {{batch_file_bytes: {len(content)}}}\n")
    with gateway.sdk() as client:
        fits = upload(client, content)
        with pytest.raises(openai.APIStatusError) as caught:
            upload(client, content + b"\n")
        assert caught.value.status_code == 413
        assert client.files.create(file=("notes.txt", content * 2), purpose="user_data").bytes == 2 * len(content)
        assert [file.id for file in client.files.list(purpose="batch")] == [fits.id], "nothing is left of the other"
        batch = client.batches.create(
            input_file_id=fits.id, endpoint="/v1/chat/completions", completion_window="24h")
        assert ended(client, batch.id).request_counts.completed == 20
    # A file that came before the limit was lowered stays, but no batch of it starts.
    gateway.stop()
    gateway = start_gateway(engine, config=f"limits: {{batch_file_bytes: {len(content) - 1}}}\n")
    with gateway.sdk() as client:
        batch = ended(client, client.batches.create(
            input_file_id=fits.id, endpoint="/v1/chat/completions", completion_window="24h").id)
        assert (batch.status, batch.errors.data[0].code) == ("failed", "file_too_large")


def test_a_lower_limit_of_batch_lines_holds(start_gateway, start_engine):
    engine = start_engine()
    gateway = start_gateway(engine, config="limits: {batch_lines: 5}\n")
    with gateway.sdk() as client:
        refused = ended(client, submit(client, chat_lines(6, "six")).id)
        assert refused.status == "failed"
        [error] = refused.errors.data
        assert error.code == "request_limit_exceeded" and "at most 5" in error.message
        assert engine.execution_log()["started"] == 0
        assert ended(client, submit(client, chat_lines(5, "five")).id).request_counts.completed == 5


@pytest.mark.parametrize("order", ["prefix", "input"])
def test_output_files_keep_the_order_of_the_input(start_gateway, start_engine, order):
    # Answers of unlike length on few slots end in another order than they began; one in five fails.
    engine = start_engine(slots=3, decode_rate=2000, output_tokens_max=40, context=1000)
    gateway = start_gateway(engine, config=f"batch: {{order: {order}}}\n")
    lines = []
    for number in range(60):
        [line] = chat_lines(1, f"group {number * 7 % 4} " + "long " * (1000 if number % 5 == 4 else number * 11 % 13))
        lines.append({**line, "custom_id": f"line-{number}"})
    with gateway.sdk() as client:
        batch = ended(client, submit(client, lines).id)
        output = [row["custom_id"] for row in rows(client, batch.output_file_id)]
        errors = [row["custom_id"] for row in rows(client, batch.error_file_id)]
        files = [client.files.content(each).content for each in (batch.output_file_id, batch.error_file_id)]
    gateway.stop()
    again = start_gateway(engine, config=f"batch: {{order: {order}}}\n")
    with again.sdk() as client:
        assert files == [
            client.files.content(each).content for each in (batch.output_file_id, batch.error_file_id)]
    assert output == [f"line-{number}" for number in range(60) if number % 5 != 4]
    assert errors == [f"line-{number}" for number in range(60) if number % 5 == 4]
    executed = [row["line"] for row in Books(gateway.data).rows("SELECT line FROM charge ORDER BY rowid")]
    assert executed != sorted(executed), "they did end in another order"
