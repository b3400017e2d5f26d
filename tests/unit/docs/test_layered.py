"""Boxes in layers: nothing overlaps, no line runs through a box, and it is always the same."""

from itertools import pairwise

from hypothesis import given, strategies as st

from docs.layered import direct, lay_out, rows_of

BOX, LINE = 100.0, 10.0


def test_arrows_that_others_imply_are_left_out() -> None:
    arrows = {("top", "middle"), ("middle", "bottom"), ("top", "bottom"), ("side", "bottom")}
    assert direct(arrows) == arrows - {("top", "bottom")}


def test_neighbours_that_use_each_other_stand_in_rows_of_their_own() -> None:
    layers = {"a": 0, "b": 0, "c": 3}
    assert rows_of(layers, [("b", "a"), ("c", "b")]) == {"a": 0, "b": 1, "c": 2}


def test_a_line_that_passes_a_row_has_a_place_in_it() -> None:
    rows = {"top": 2, "between": 1, "bottom": 0}
    layout = lay_out(rows, [("top", "bottom"), ("top", "between")], BOX, LINE)
    start, passing, end = layout.ways["top", "bottom"]
    assert (start, end) == (layout.places["top"], layout.places["bottom"])
    assert abs(passing[0] - layout.places["between"][0]) >= (BOX + LINE) / 2 - 1e-6


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
def test_no_two_boxes_overlap_whatever_uses_what(pairs: list[tuple[int, int]]) -> None:
    layers = {f"{number:02}": number // 5 for number in range(31)}
    arrows = direct((f"{max(pair):02}", f"{min(pair):02}") for pair in pairs if pair[0] != pair[1])
    rows = rows_of(layers, arrows)
    layout = lay_out(rows, arrows, BOX, LINE)
    assert layout == lay_out(rows, arrows, BOX, LINE)
    for row in set(rows.values()):
        middles = sorted(x for x, at in layout.places.values() if at == row)
        assert all(right - left >= BOX - 1e-6 for left, right in pairwise(middles))
        assert middles[0] >= BOX / 2 - 1e-6
        assert middles[-1] <= layout.width - BOX / 2 + 1e-6
    for (user, used), way in layout.ways.items():
        assert [row for _, row in way] == list(range(rows[user], rows[used] - 1, -1))
