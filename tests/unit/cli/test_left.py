import time
from collections.abc import Iterator

import pytest

from sbtransfer.cli.left import Left
from sbtransfer.resources import RateLimit

NOW = 1_700_000_000.0  # 22:13:20 UTC
LEFT = Left("https://cgc-api.example/v2", "rosa", RateLimit(1000, 850, NOW + 192.4), NOW)


@pytest.fixture(autouse=True)
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is five hours behind, which shows that it is local."""
    monkeypatch.setenv("TZ", "EST+5")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_lines_for_people() -> None:
    assert LEFT.lines() == [
        "platform:  https://cgc-api.example/v2",
        "user:      rosa",
        "requests:  850 of 1,000 left; the window starts anew in 3:12, at 17:16:32",
        "DRS files: 500 in 5 minutes; the platform does not tell how many are left",
    ]


def test_facts_for_programs() -> None:
    assert LEFT.facts() == {
        "endpoint": "https://cgc-api.example/v2",
        "user": "rosa",
        "requests": {
            "limit": 1000,
            "remaining": 850,
            "resets_on": "2023-11-14T22:16:32+00:00",
            "resets_in": 192,
        },
        "drs_files": {"limit": 500, "period": 300, "remaining": None},
    }


def test_a_window_that_has_just_passed_starts_now() -> None:
    assert Left("e", "rosa", RateLimit(1000, 850, NOW - 3), NOW).seconds == 0


def test_a_name_that_was_not_asked_for() -> None:
    lines = Left("e", None, RateLimit(1000, 0, NOW + 60), NOW).lines()
    assert lines[1] == "user:      not asked: no request is left"
    assert "0 of 1,000 left; the window starts anew in 1:00" in lines[2]


def test_words_of_others_cannot_steer_a_terminal() -> None:
    assert "\x1b" not in "".join(Left("e", "\x1b[2J", RateLimit(1, 1, NOW), NOW).lines())
