import random

from sbtransfer.cli.report.calls import Calls

START = 1_790_000_000.25


def test_items_of_one_call_count_once_in_whatever_order_they_ended() -> None:
    moments = [START + number / 10 for number in range(50) for _ in range(100)]
    random.Random(5).shuffle(moments)
    calls = Calls()
    for moment in moments:
        calls.add(moment)
    assert calls.curve().total == 50


def test_a_microsecond_tells_calls_apart() -> None:
    calls = Calls()
    for moment in (START, START + 0.000_001, START):
        calls.add(moment)
    assert calls.curve().total == 2


def test_room_is_taken_by_calls_and_not_by_items() -> None:
    calls = Calls()
    for number in range(400_000):
        calls.add(START + number % 7)
    assert len(calls._moments) < 70_000
    assert calls.curve().total == 7


def test_no_calls() -> None:
    assert Calls().curve().total == 0
