from pathlib import Path

import pytest

from sbtransfer.cli.known import look
from sbtransfer.cli.move import noted, nothing_sent, results_path
from sbtransfer.errors import JournalRefusedError, SBTransferError, SettingsError
from tests.unit.cli.journals import make_journal, running


def test_errors_say_that_nothing_was_sent() -> None:
    with pytest.raises(SettingsError) as raised, nothing_sent():
        raise SettingsError("wrong")
    assert raised.value.__notes__ == ["Nothing was sent."]
    with pytest.raises(SBTransferError) as other, nothing_sent(JournalRefusedError):
        raise SBTransferError("something was")
    assert not hasattr(other.value, "__notes__")


def test_results_go_where_an_earlier_run_had_them(tmp_path: Path) -> None:
    own = tmp_path / "out.csv"
    own.touch()
    known = look(make_journal(tmp_path / "j", notes={"results": str(own)}))
    assert results_path(running(), known) == own
    assert results_path(running(results=own), known) == own
    assert results_path(running(no_results=True), known) is None
    own.unlink()
    assert results_path(running(), known) == own


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    assert results_path(running(results=other), None) == other
    other.touch()
    known = look(make_journal(tmp_path / "j", notes={"results": str(tmp_path / "gone.csv")}))
    for one in (None, known):
        with pytest.raises(SettingsError, match="exists: give another --results, or --force"):
            results_path(running(results=other), one)
        assert results_path(running(results=other, force=True), one) == other
    assert results_path(running(), None) is None


@pytest.mark.parametrize("name", ["j", "list.csv"])
def test_the_journal_and_its_list_are_never_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / "list.csv").touch()
    known = look(make_journal(tmp_path / "j", source={"path": str(tmp_path / "list.csv")}))
    with pytest.raises(SettingsError, match="is the journal or its work list"):
        results_path(running(results=tmp_path / name, force=True), known)


def test_the_results_are_noted_by_their_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert noted({"kind": "drs"}, Path("out.csv")) == {"kind": "drs", "results": str(tmp_path / "out.csv")}
    assert noted({"kind": "drs"}, None) == {"kind": "drs"}
