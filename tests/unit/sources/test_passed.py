from sbtransfer.sources.passed import Passed


def test_nothing_was_shown_at_first() -> None:
    assert Passed().taken == 0


def test_taken_is_what_was_not_left_out() -> None:
    assert Passed(shown=100, excluded=40, there=30, aliases=5, folders=2).taken == 23


def test_each_reason_counts_once() -> None:
    assert [
        Passed(10, excluded=1).taken,
        Passed(10, there=2).taken,
        Passed(10, aliases=3).taken,
        Passed(10, folders=4).taken,
    ] == [9, 8, 7, 6]
