"""Where vocabularies are looked for, and what is said when there is none."""
import pytest

from test_quote import bodies, ebb


@pytest.fixture
def lines(tmp_path):
    return bodies(tmp_path, model="gpt-5-mini", max_tokens=9)


@pytest.mark.parametrize("variable, folder", [
    ("EBB_VOCABULARIES", "own"), (None, ".cache/vocabularies"), ("XDG_CACHE_HOME", "xdg/ebb/vocabularies"),
    (None, "home/.cache/ebb/vocabularies")])
def test_vocabularies_are_found_where_the_guide_says(lines, tmp_path, variable, folder):
    """Every folder has its turn; a vocabulary that cannot be read names its path."""
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "o200k_base.tiktoken").write_text("no vocabulary")
    variables = {"HOME": str(tmp_path / "home")}
    if variable:
        variables[variable] = str(tmp_path / folder.split("/")[0])
    told = ebb("quote", lines, home=tmp_path, variables=variables).stderr
    assert f"{folder}/o200k_base.tiktoken: " in told


def test_a_missing_vocabulary_says_where_it_was_looked_for_and_how_to_get_it(lines, tmp_path):
    told = ebb("quote", lines, home=tmp_path).stderr
    assert f"./.cache/vocabularies, {tmp_path}/.cache/ebb/vocabularies, /usr/share" in told
    assert "make vocabularies" in told and "EBB_VOCABULARIES" in told
