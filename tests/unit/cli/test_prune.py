from pathlib import Path

import pytest

from sbtransfer.cli.exits import Exit
from sbtransfer.cli.known import look
from tests.unit.cli.journals import ended_journal, invoke, make_journal, rows


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return ended_journal(tmp_path)


def test_a_finished_journal_is_pruned(journal: Path, tmp_path: Path) -> None:
    done = invoke("prune", journal)
    assert done.exit_code == Exit.COMPLETED, done.output
    assert "bytes before" in done.stderr
    assert look(journal).counts.completed == 3
    assert len(rows(invoke("export", journal, "--state", "failed").stdout)) == 2
    done = invoke("export", journal, "--output", tmp_path / "all.csv")
    assert done.exit_code == Exit.INCOMPLETE
    assert "item 0 was pruned" in done.output
    assert not (tmp_path / "all.csv").exists()


def test_an_unfinished_one_is_not_unasked(tmp_path: Path) -> None:
    path = make_journal(tmp_path / "j", under_way=1)
    before = path.read_bytes()
    done = invoke("prune", path)
    assert done.exit_code == Exit.USAGE
    assert f"go on with sbtransfer resume {path} first, or --force" in done.output
    assert path.read_bytes() == before
    assert invoke("prune", path, "--force").exit_code == Exit.COMPLETED
