"""Indexes as short text and back, in their order."""

from hypothesis import given, strategies as st

from sbtransfer.journal.runs import pack, spans, unpack


def test_neighbours_that_ascend_are_drawn_together() -> None:
    assert pack(range(100)) == "0-99"
    assert pack([7]) == "7"
    assert pack([5, 6, 9, 8, 7]) == "5-6,9,8,7"
    assert spans("0-99,105") == [(0, 99), (105, 105)]


@given(st.lists(st.integers(0, 2**40), unique=True) | st.lists(st.integers(0, 9), unique=True))
def test_they_come_back_in_their_order(indexes: list[int]) -> None:
    assert unpack(pack(indexes)) == indexes
