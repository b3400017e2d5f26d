"""The events: their names and fields are those of the page, and telling them breaks nothing."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sbtransfer import UsageError, events
from sbtransfer.events import Event

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "observe.md").read_text(encoding="utf-8")
OF_A_RECORD = {*vars(logging.makeLogRecord({})), "message", "asctime", "event", "run"}


class Ear:
    """A listener that notes what it hears, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.error = error

    def follow(self, progress: Any) -> None:
        self.told.append(("follow", {}))
        if self.error:
            raise self.error

    def heard(self, event: Event, fields: Mapping[str, Any]) -> None:
        self.told.append((event.name, dict(fields)))
        if self.error:
            raise self.error


@pytest.mark.parametrize("event", events.ALL.values(), ids=events.ALL)
def test_an_event_can_be_told_and_is_documented(event: Event, caplog: pytest.LogCaptureFixture) -> None:
    assert re.fullmatch(r"sbtransfer\.[a-z]+\.[a-z_]+", event.name)
    assert not set(event.fields) & OF_A_RECORD
    values = dict.fromkeys(event.fields, 7)
    with caplog.at_level(event.level, "sbtransfer"):
        event.tell(**values)
    (record,) = caplog.records
    assert (record.name, record.levelno) == (event.name.rpartition(".")[0], event.level)
    assert vars(record).items() >= {"event": event.name, "run": None, **values}.items()
    assert record.getMessage()
    assert Path(record.pathname) == Path(__file__)
    assert f"`{event.name}`" in PAGE
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{event.name}`"))
    assert set(re.findall(r"`([a-z_]+)`", row)) == set(event.fields)
    assert logging.getLevelName(event.level) in row


def test_all_events_are_listed_by_their_names() -> None:
    mine = [event for event in vars(events).values() if isinstance(event, Event)]
    assert list(events.ALL.values()) == mine
    assert set(re.findall(r"^\| `(sbtransfer\.[a-z_.]+)` \| [A-Z]", PAGE, re.MULTILINE)) == set(events.ALL)


def test_nobody_is_told_what_nobody_wants(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "sbtransfer"):
        assert not events.CALL_SENT.wanted()
        events.CALL_SENT.tell(call=1, method="GET", url="/", route="/")
        assert caplog.records == []
        assert events.RUN_STOPPED.wanted()
        assert events.CALL_SENT.wanted(Ear())


def test_a_listener_hears_all_with_the_run(caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear()
    token = events.current_run.set(3)
    try:
        events.LIMIT_UNKNOWN.tell(ear, error="no")
    finally:
        events.current_run.reset(token)
    assert ear.told == [("sbtransfer.limit.unknown", {"error": "no", "run": 3})]


def test_a_listener_that_fails_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear(ValueError("its own"))
    events.follow(ear, lambda: pytest.fail("nobody asked"))
    events.LIMIT_UNKNOWN.tell(ear, error="no")
    events.follow(None, lambda: pytest.fail("nobody asked"))
    assert [name for name, _ in ear.told] == ["follow", "sbtransfer.limit.unknown"]
    told = [record.getMessage() for record in caplog.records if "listener" in record.name]
    assert told == ["a listener failed, which stops nothing: ValueError: its own"] * 2


def test_of_others_errors_only_their_kind_is_told() -> None:
    assert events.words(UsageError("what to do")) == "what to do"
    assert events.words(ValueError("a secret")) == "ValueError"
    assert events.words(None) is None
