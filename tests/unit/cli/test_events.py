import io
import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console

from sbtransfer.cli.book import Book
from sbtransfer.cli.events import Events, emit, errors
from sbtransfer.cli.known import look
from sbtransfer.cli.results import Results
from sbtransfer.errors import SettingsError
from sbtransfer.models import Outcome, OutcomeState, Summary
from sbtransfer.progress import Progress
from sbtransfer.worklist import WorkList
from tests.support import an_import
from tests.unit.cli.journals import make_journal


@pytest.fixture
def events() -> Events:
    return Events(Console(file=io.StringIO()), "import")


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_transfer_from_start_to_end(
    events: Events, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with events.view().shown():
        events.connecting("https://a.example/v2")
        events.started(2, "https://a.example/v2", "rosa")
        events.update(Progress(read=2, completed=1, total=2, requests_left=float("inf"), elapsed=3.0))
        events.ended_one(Outcome(index=0, item=an_import(ref="ä"), state=OutcomeState.COMPLETED))
    events.ended(Summary(2, 1, 1), Progress(elapsed=4))
    with Results(tmp_path / "out.csv", "import") as results:
        events.wrote(results)
    told = written(capsys)
    assert [event["event"] for event in told] == [
        "connecting",
        "started",
        "progress",
        "outcome",
        "ended",
        "results",
    ]
    assert told[1] == {
        "event": "started",
        "verb": "import",
        "total": 2,
        "endpoint": "https://a.example/v2",
        "user": "rosa",
    }
    assert told[2]["remaining"] == 3.0
    assert "requests_left" not in told[2]
    assert (told[3]["index"], told[3]["ref"], told[3]["state"]) == (0, "ä", "COMPLETED")
    assert (told[4]["failed"], told[4]["ok"], told[4]["elapsed"]) == (1, False, 4)
    assert told[5]["rows"] == 0


def test_what_was_known_before(events: Events, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = look(make_journal(tmp_path / "j", good=2, bad=1))
    events.took_up(Book(path=tmp_path / "j", known=known))
    events.took_up(Book(path=tmp_path / "new"))
    first, second = written(capsys)
    assert (first["known"]["completed"], first["known"]["failed"]) == (2, 1)
    assert second == {"event": "journal", "path": str(tmp_path / "new"), "known": None, "reopened": 0}


def test_traps_and_what_was_not_looked_at(
    events: Events, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "list.csv").write_text("drs_uri,project\ndrs://x/1,rosa/study\n")
    events.surveyed(WorkList(tmp_path / "list.csv", "drs").survey())
    events.looked([])
    events.looked(["5 further projects"])
    trap, unchecked = written(capsys)
    assert (trap["event"], trap["name"], trap["items"]) == ("trap", "unnamed", 1)
    assert unchecked == {"event": "unchecked", "what": ["5 further projects"]}


def test_an_error_is_an_event_with_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    for told in (True, False):
        with pytest.raises(SettingsError), errors(told=told):
            error = SettingsError("no token")
            error.add_note("Nothing was sent.")
            raise error
    assert written(capsys) == [
        {"event": "error", "message": "no token", "notes": ["Nothing was sent."], "exit_code": 2}
    ]


def test_nobody_listens_and_the_transfer_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as gone:
        monkeypatch.setattr("sys.stdout", gone)
        for _ in range(2):
            emit("started")
        assert os.fstat(writing).st_rdev == Path(os.devnull).stat().st_rdev
        monkeypatch.undo()


def test_without_standard_output_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdout", None)
        emit("started")
    assert capsys.readouterr().out == ""
