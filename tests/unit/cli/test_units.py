from datetime import UTC, datetime, timedelta, timezone

import pytest

from sbtransfer.cli.units import amount, count, duration, moment, share


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "not known"),
        (0, "0 s"),
        (0.0123, "0.0123 s"),
        (9.351, "9.35 s"),
        (59.94, "59.9 s"),
        (59.99, "0:01:00"),
        (3725.2, "1:02:05"),
        (90_000, "1 day, 1:00:00"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_moments_are_in_utc() -> None:
    assert moment(datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC)) == "2026-01-02 03:04:05 UTC"
    there = timezone(timedelta(hours=2))
    assert moment(datetime(2026, 1, 2, 1, 0, tzinfo=there)) == "2026-01-01 23:00:00 UTC"
    assert moment(None) == "not known"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (123_456, "123 kB"),
        (999_960, "1.0 MB"),
        (5.25e9, "5.2 GB"),
        (7e15, "7.0 PB"),
        (7e18, "7000 PB"),
    ],
)
def test_amounts(number: float, text: str) -> None:
    assert amount(number) == text


def test_counts() -> None:
    assert [count(number, "item") for number in (0, 1, 1234)] == ["0 items", "1 item", "1,234 items"]


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "0 %"),
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (1, 3, "33.3 %"),
        (1, 50_000, "< 0.1 %"),
        (49_999, 50_000, "> 99.9 %"),
    ],
)
def test_shares_never_hide_a_single_item(part: int, whole: int, text: str) -> None:
    assert share(part, whole) == text
