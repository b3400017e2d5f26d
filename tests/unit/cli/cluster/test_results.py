from pathlib import Path

import pytest

from sbtransfer.cli.exits import Exit
from tests.unit.cli.looking import invoke

NOWHERE = ("--database", "postgresql://rosa@127.0.0.1:1/x")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--output", "rows.txt"), "must end in .jsonl or .csv"),
        (("--output", "nowhere/rows.csv"), "there is no folder"),
        (("--only", "lost"), "'lost' is not one of"),
        (("--format", "tsv"), "'tsv' is not one of"),
    ],
)
def test_options_that_cannot_be(options: tuple[str, ...], words: str) -> None:
    done = invoke("cluster", "results", "1", *options, *NOWHERE)
    assert done.exit_code == Exit.USAGE
    assert words in done.stderr


def test_a_file_that_exists_is_kept_before_anybody_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("mine")
    for more in ((), ("--follow",)):
        done = invoke("cluster", "results", "1", "--output", str(path), *more, *NOWHERE)
        assert done.exit_code == Exit.USAGE
        assert "exists: give another --output, or --force" in done.stderr
    assert path.read_text() == "mine"
