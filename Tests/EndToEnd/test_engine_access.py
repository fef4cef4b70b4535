"""What an engine sees of the gateway: its key and headers, and TLS with a certificate that somebody must trust."""
import shutil

import pytest

from harness.commands import JobFiles, ebb
from harness.scripted_engine import ScriptedEngine
from test_run import write

ASK = {"model": "scripted", "messages": [{"role": "user", "content": "hello"}]}

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")


@pytest.fixture
def prompts(tmp_path):
    return write(tmp_path / "prompts.jsonl", [{"prompt": "Name a river."}])


def headers_of(engine, path="/v1/chat/completions"):
    return [{name.lower(): value for name, value in headers.items()}
            for each, headers, _ in engine.requests if each == path]


def test_the_key_and_the_headers_of_an_engine_reach_it(start_gateway, tmp_path):
    (tmp_path / "token").write_text("from-a-file\n")
    with ScriptedEngine() as engine:
        gateway = start_gateway(
            config=f"engines: [{{name: one, url: '{engine.url}', api_key: {{env: SELLER_KEY}}, headers: "
                   f"{{OpenAI-Organization: org-example, X-Token: {{file: token}}}}}}]\n",
            environment={"SELLER_KEY": "sk-of-the-seller"})
        with gateway.sdk() as client:
            client.chat.completions.create(**ASK)
            client.embeddings.create(model="scripted", input="text")
        assert "stream" not in engine.sent("/v1/embeddings")[0]
    for path in ("/v1/chat/completions", "/v1/embeddings"):
        [headers] = headers_of(engine, path)
        assert headers["authorization"] == "Bearer sk-of-the-seller"
        assert (headers["openai-organization"], headers["x-token"]) == ("org-example", "from-a-file")


def test_the_key_that_a_command_names_reaches_the_engine(prompts, tmp_path):
    with ScriptedEngine() as engine:
        ebb("run", prompts, "--engine", engine.url, "--engine-key-env", "SELLER_KEY", "--yes", home=tmp_path,
            variables={"SELLER_KEY": "sk-of-the-seller"})
        assert [headers["authorization"] for headers in headers_of(engine)] == ["Bearer sk-of-the-seller"]


@pytest.mark.parametrize("tls, is_trusted", [
    ("", False), (", tls: {ca_file: certificate.pem}", True), (", tls: {verify: false}", True),
    (", tls: {verify: true}", False)])
def test_an_engine_over_tls_is_asked_where_its_certificate_is_trusted(tls, is_trusted, prompts, tmp_path):
    with ScriptedEngine(folder=tmp_path) as engine:
        assert engine.url.startswith("https://")
        (tmp_path / "ebb.yaml").write_text(f"engines: [{{name: one, url: '{engine.url}'{tls}}}]\n")
        run = ["run", prompts, "--config", "ebb.yaml", "--yes"]
        if is_trusted:
            ebb(*run, home=tmp_path)
            [row] = JobFiles(prompts).results
            assert row["response"]["body"]["choices"][0]["message"]["content"] == "scripted answer"
        else:
            told = ebb(*run, home=tmp_path, status=5).stderr
            assert "the engine's certificate could not be verified" in told
            assert engine.requests == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_gateway_answers_from_an_engine_over_tls(start_gateway, stream, tmp_path):
    with ScriptedEngine(folder=tmp_path) as engine:
        gateway = start_gateway(
            config=f"engines: [{{name: one, url: '{engine.url}', tls: {{ca_file: certificate.pem}}}}]\n")
        with gateway.sdk() as client:
            answer = client.chat.completions.create(**ASK, stream=stream)
            text = "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices) if stream \
                else answer.choices[0].message.content
        assert text == "scripted answer"


@pytest.mark.parametrize("content, words", [(None, "cannot be opened: No such file"), ("x", "is no PEM file")])
def test_a_file_of_certificates_that_is_none_is_told_with_its_engine(tmp_path, content, words):
    config, file = tmp_path / "ebb.yaml", tmp_path / "partner-ca.pem"
    config.write_text("engines: [{name: partner, url: 'https://127.0.0.1:1', tls: {ca_file: partner-ca.pem}}]\n")
    if content:
        file.write_text(content)
    for command in [("serve", "--data", tmp_path / "data"), ("engines", "check")]:
        told = ebb(*command, "--config", config, home=tmp_path, status=2).stderr
        assert f"engine 'partner', tls.ca_file: '{file}' {words}" in told
