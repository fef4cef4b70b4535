"""One rule for the data folder: `serve`, `keys`, `projects` and `ledger` agree on it."""
import pytest

from harness.commands import ebb, objects
from harness.program import Program, binary


@pytest.fixture
def serve_once(tmp_path):
    """Runs `ebb serve` with options until it is ready, so that its data folder is there."""
    def call(*options, **variables):
        gateway = Program("gateway", [binary(), "serve", "--listen", "127.0.0.1:0", *options],
                          tmp_path / "gateway.log", {"EBB_BOOTSTRAP_KEY": "sk-folder", **variables})
        gateway.start()
        gateway.kill()
    return call


@pytest.mark.parametrize("content, folder", [("", "conf/ebb-data"), ("data: kept\n", "conf/kept")])
def test_the_configuration_names_the_folder_of_all_commands(serve_once, tmp_path, content, folder):
    config = tmp_path / "conf" / "ebb.yaml"
    config.parent.mkdir()
    config.write_text(content)
    serve_once("--config", config)
    assert (tmp_path / folder / "ebb.sqlite").exists()
    for command in (["keys", "list"], ["projects", "list"]):
        assert objects(ebb(*command, "--config", config, "--json", home=tmp_path).stdout), command
    ebb("ledger", "totals", "--config", config, home=tmp_path)
    secret = ebb("keys", "create", "--config", "conf/ebb.yaml", home=tmp_path).stdout
    assert secret.startswith("sk-ebb-")
    other = str(tmp_path / "other")
    failed = ebb("keys", "list", "--config", config, home=tmp_path, status=6, variables={"EBB_DATA": other})
    assert f"'{other}' (EBB_DATA) is no data folder" in failed.stderr, "the environment wins over the file"


def test_a_folder_that_is_not_there_is_named_with_what_named_it(tmp_path):
    for command in (["keys", "list"], ["projects", "list"], ["ledger", "list"]):
        told = ebb(*command, home=tmp_path, status=6).stderr
        assert f"'{tmp_path}/ebb-data' (the default) is no data folder" in told
        told = ebb(*command, "--data", "elsewhere", home=tmp_path, status=6).stderr
        assert f"'{tmp_path}/elsewhere' (--data) is no data folder" in told
    (tmp_path / "ebb.yaml").write_text("data: [no, folder]\n")
    assert "ebb.yaml:1" in ebb("keys", "list", "--config", "ebb.yaml", home=tmp_path, status=2).stderr


def test_a_folder_that_is_made_is_told(tmp_path):
    made = ebb("projects", "create", "first", home=tmp_path).stderr
    assert f"Made the data folder '{tmp_path}/ebb-data' (the default)" in made
    assert ebb("projects", "create", "second", home=tmp_path).stderr == ""
