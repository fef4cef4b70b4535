"""A command line that cannot be read ends with the same status as every other wrong usage."""
from test_quote import ebb


def test_wrong_usage_ends_with_2(tmp_path):
    for arguments in (["run", "--no-such-option"], ["quote"], ["ledger", "list", "--limit", "many"], ["nonsense"]):
        failed = ebb(*arguments, home=tmp_path, check=False)
        assert (failed.returncode, failed.stdout) == (2, ""), arguments
        assert failed.stderr.startswith("Error:")
    for arguments in (["--version"], ["run", "--help"], ["help", "quote"]):
        assert ebb(*arguments, home=tmp_path).stdout


def test_a_fault_that_no_engine_has_is_wrong_usage(tmp_path):
    for fault in ("500=2", "zz=0.1"):
        assert "fault" in ebb("simulate-engine", "--fault", fault, home=tmp_path, status=2).stderr


def test_a_misspelt_command_is_told_the_nearest(tmp_path):
    for arguments, advice in [(["rnu", "p.jsonl"], "did you mean 'ebb run'?"),
                              (["batch", "crate"], "did you mean 'ebb batch create'?"),
                              (["nonsense"], "'ebb --help' lists those that are")]:
        assert advice in ebb(*arguments, home=tmp_path, status=2).stderr


def test_an_empty_id_names_nothing(tmp_path):
    for arguments in (["files", "show", ""], ["files", "content", ""], ["files", "delete", "file-1", ""],
                      ["batch", "show", ""], ["batch", "watch", " "], ["batch", "results", ""], ["batch", "cancel", ""],
                      ["keys", "revoke", ""], ["keys", "list", "--project", ""], ["projects", "show", ""],
                      ["projects", "limit", "", "none"], ["ledger", "list", "--batch", ""],
                      ["ledger", "totals", "--project", ""]):
        failed = ebb(*arguments, home=tmp_path, status=2)
        assert "an empty text names nothing" in failed.stderr, arguments
        assert failed.stdout == ""
