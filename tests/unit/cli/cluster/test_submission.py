from pathlib import Path

import pytest

from sbtransfer.cli.cluster.submission import listed_as, nothing_submitted
from sbtransfer.cli.exits import words_for
from sbtransfer.errors import WorkListError


def test_a_list_is_noted_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert listed_as("list.csv") == str(tmp_path / "list.csv")
    assert listed_as("-") == "standard input"


def test_an_error_says_that_nothing_was_submitted() -> None:
    with pytest.raises(WorkListError) as caught, nothing_submitted():
        raise WorkListError(["list.csv, line 2: bad"])
    assert words_for(caught.value).splitlines()[-1] == "Nothing was submitted."
