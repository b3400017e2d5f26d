import json
from pathlib import Path

import pytest

from sbtransfer.cli.exits import Exit
from sbtransfer.cli.inspect import facts_of, size_of
from sbtransfer.cli.known import look
from tests.unit.cli.journals import ended_journal, invoke, make_journal


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return ended_journal(tmp_path)


def test_what_there_is_to_say(journal: Path) -> None:
    facts = facts_of(look(journal))
    assert facts["size"] == journal.stat().st_size
    assert (facts["list"], facts["verb"], facts["results"], facts["digest"]) == (
        "/lists/a.csv",
        "import",
        "/out/a.csv",
        "ab12",
    )
    assert facts["recorded"] == facts["completed"] + facts["failed"] == facts["total"] == 5


def test_the_size_counts_what_sqlite_has_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(b"x" * 10)
    (tmp_path / "j-wal").write_bytes(b"x" * 5)
    assert size_of(tmp_path / "j") == 15


def test_a_table_for_people_and_json_for_programs(journal: Path) -> None:
    done = invoke("inspect", journal)
    assert done.exit_code == Exit.COMPLETED
    assert "user         rosa\n" in done.stdout
    assert "in doubt     0\n" in done.stdout
    assert json.loads(invoke("inspect", journal, "--json").stdout) == facts_of(look(journal))


def test_what_a_journal_does_not_know(tmp_path: Path) -> None:
    shown = invoke("inspect", make_journal(tmp_path / "j")).stdout
    assert "total        not known: the list was not read to its end yet\n" in shown
    assert "list         not known\n" in shown
    assert "results      none\n" in shown
    assert "verb         transfer\n" in shown


def test_words_of_others_cannot_steer_a_terminal(tmp_path: Path) -> None:
    path = make_journal(tmp_path / "j", notes={"results": "\x1b[2J"})
    assert "\x1b" not in invoke("inspect", path).stdout
