"""A command line that cannot be read ends with the same status as every other wrong usage."""
from test_quote import ebb


def test_wrong_usage_ends_with_2(tmp_path):
    for arguments in (["run", "--no-such-option"], ["quote"], ["ledger", "list", "--limit", "many"], ["nonsense"]):
        failed = ebb(*arguments, home=tmp_path, check=False)
        assert (failed.returncode, failed.stdout) == (2, ""), arguments
        assert failed.stderr.startswith("Error:")
    for arguments in (["--version"], ["run", "--help"], ["help", "quote"]):
        assert ebb(*arguments, home=tmp_path).stdout
