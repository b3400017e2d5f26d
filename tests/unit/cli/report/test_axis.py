from datetime import UTC, datetime

import pytest

from sbtransfer.cli.report.axis import counted, timed

NOON = datetime(2026, 10, 12, 12, tzinfo=UTC).timestamp()
MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.mark.parametrize(
    ("highest", "labels"),
    [
        (0, ["0", "1"]),
        (1, ["0", "1"]),
        (3, ["0", "1", "2", "3"]),
        (22, ["0", "5", "10", "15", "20", "25"]),
        (2200, ["0", "500", "1,000", "1,500", "2,000", "2,500"]),
        (1_000_000, ["0", "200,000", "400,000", "600,000", "800,000", "1,000,000"]),
    ],
)
def test_numbers_are_round_and_cover_the_highest(highest: int, labels: list[str]) -> None:
    end, marks = counted(highest)
    assert end >= highest
    assert [mark.label for mark in marks] == labels
    assert (marks[0].at, marks[-1].at) == (0, 1)


@pytest.mark.parametrize(
    ("start", "seconds", "labels"),
    [
        (0, 1, ["12:00:00", "12:00:01"]),
        (1, 18, ["12:00:05", "12:00:10", "12:00:15"]),
        (-100, 6 * HOUR, ["12:00", "13:00", "14:00", "15:00", "16:00", "17:00"]),
        (0, 20 * MINUTE, ["12:00", "12:05", "12:10", "12:15", "12:20"]),
        (0, 7 * DAY, ["14 Oct", "16 Oct", "18 Oct"]),
    ],
)
def test_times_are_round(start: float, seconds: float, labels: list[str]) -> None:
    marks = timed(NOON + start, NOON + start + seconds)
    assert [mark.label for mark in marks] == labels
    assert all(0 <= mark.at <= 1 for mark in marks)


def test_the_date_is_told_where_it_changes() -> None:
    overnight = timed(NOON, NOON + 20 * HOUR)
    assert {(mark.label, mark.below) for mark in overnight} >= {("00:00", "13 Oct"), ("18:00", "12 Oct")}
    assert {mark.below for mark in timed(NOON, NOON + HOUR)} == {""}


@pytest.mark.parametrize("seconds", [1, 7, 59, 61, 999, 12_345, 98_765, 10**6, 10**7, 10**8])
def test_there_are_few_marks_whatever_the_time(seconds: int) -> None:
    assert 1 <= len(timed(NOON + 0.5, NOON + 0.5 + seconds)) <= 7
