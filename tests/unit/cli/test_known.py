from pathlib import Path
from typing import Any

import pytest

from sbtransfer.cli.known import look, look_if_there, usable
from sbtransfer.errors import JournalError, JournalRefusedError, SettingsError
from tests.unit.cli.journals import make_journal
from tests.unit.journal.journals import ROSA

LIST: dict[str, Any] = {
    "path": "/lists/a.csv",
    "kind": "import",
    "defaults": {},
    "format": None,
    "name": "a.csv",
}


def test_what_a_journal_held(tmp_path: Path) -> None:
    notes = {"results": "/out/a.csv", "digest": "ab"}
    known = look(make_journal(tmp_path / "j", good=3, bad=1, total=4, source=LIST, notes=notes))
    assert (known.owner, known.kind, known.source, known.results) == (
        ROSA,
        "import",
        LIST,
        Path("/out/a.csv"),
    )
    assert (known.counts.completed, known.counts.failed) == (3, 1)
    assert (known.is_finished, known.is_complete) == (True, False)


def test_a_journal_of_a_program_says_less(tmp_path: Path) -> None:
    known = look(make_journal(tmp_path / "j", source={"kind": "volume"}))
    assert (known.kind, known.results, known.is_finished) == (None, None, False)


def test_the_notes_tell_the_kind_of_a_list_that_cannot_be_opened_anew(tmp_path: Path) -> None:
    assert look(make_journal(tmp_path / "j", notes={"kind": "drs"})).kind == "drs"


def test_a_run_is_finished_once_every_item_of_the_whole_list_has_ended(tmp_path: Path) -> None:
    assert not look(make_journal(tmp_path / "a", good=2, under_way=1, total=3)).is_finished
    assert not look(make_journal(tmp_path / "b", good=2, total=3)).is_finished
    assert look(make_journal(tmp_path / "c", good=3, total=3)).is_complete


def test_no_journal_and_one_that_was_never_begun_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert look_if_there(tmp_path / "missing") is None
    assert look_if_there(tmp_path / "empty") is None
    assert look_if_there(make_journal(tmp_path / "j")) is not None


def test_what_cannot_be_read_is_a_wrong_setting(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(SettingsError, match="name the journal of a run"):
            look(path)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(JournalRefusedError):
        look(tmp_path / "text")


def test_advice_is_added_to_what_cannot_be_opened_and_not_to_what_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^no room; or without$"), usable("; or without"):
        raise JournalError("no room")
    with pytest.raises(JournalRefusedError, match=r"^another$"), usable("; or without"):
        raise JournalRefusedError("another")
