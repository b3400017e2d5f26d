import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from sbtransfer.errors import WorkListError
from sbtransfer.worklist.json_lists import read_json, read_json_lines, read_json_list
from sbtransfer.worklist.places import Problem
from sbtransfer.worklist.rows import Row
from sbtransfer.worklist.text import MAX_ROW


def values(rows: Iterator[Row | Problem]) -> list[Any]:
    return [dict(row.values) if isinstance(row, Row) else str(row) for row in rows]


def listed(text: str) -> list[Any]:
    return values(read_json_list(iter([text]), "list"))


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
nested = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.lists(st.dictionaries(st.text(), nested, max_size=4), max_size=6)


@st.composite
def cut(draw: st.DrawFn, text: str) -> list[str]:
    at = sorted(draw(st.lists(st.integers(0, len(text)))))
    return [text[start:end] for start, end in zip([0, *at], [*at, len(text)], strict=True)]


@given(st.data(), objects, st.sampled_from([None, 0, 2]), st.booleans(), st.booleans())
def test_it_reads_what_json_reads_wherever_the_text_is_cut(
    data: st.DataObject, items: list[dict[str, Any]], indent: int | None, ascii_only: bool, wrapped: bool
) -> None:
    whole = {"href": [1, 2.5], "items": items, "links": []} if wrapped else items
    text = json.dumps(whole, indent=indent, ensure_ascii=ascii_only)
    assert (
        values(read_json_list(iter(data.draw(cut(text))), "list"))
        == json.loads(text, parse_constant=None)["items" if wrapped else slice(None)]
    )


@given(st.data(), st.lists(st.dictionaries(st.text(), st.integers(), min_size=1), min_size=1))
def test_each_row_knows_its_line_and_number(data: st.DataObject, items: list[dict[str, int]]) -> None:
    text = "\n" + json.dumps(items, indent=1)
    begins = [number for number, line in enumerate(text.split("\n"), 1) if line == " {"]
    rows = read_json_list(iter(data.draw(cut(text))), "list")
    assert [(row.place.line, row.place.item) for row in rows] == list(
        zip(begins, range(1, 1 + len(items)), strict=True)
    )


@given(objects, st.integers(0, 10_000))
def test_a_list_cut_short_is_never_taken_for_a_whole_one(items: list[dict[str, Any]], length: int) -> None:
    text = json.dumps(items)
    text = text[: length % len(text)]
    if text:
        with pytest.raises(WorkListError, match="cut short"):
            listed(text)
    else:
        assert listed(text) == []


def test_items_that_are_no_objects_are_problems_and_reading_goes_on() -> None:
    reason = 'is not an object: write each item as {"name": value, …}'
    assert listed('[1, {"a": 1}, "x", null, [2]]') == [
        f"list, line 1, item 1: {reason}",
        {"a": 1},
        f"list, line 1, item 3: {reason}",
        f"list, line 1, item 4: {reason}",
        f"list, line 1, item 5: {reason}",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1}, {"a" 2}]', r"^list, line 1, item 2: not valid JSON, .*Expecting ':' delimiter"),
        ('[{"a": 1},\n{"a":\n2,,}]', r"^list, line 3, item 2: not valid JSON"),
        ('[{"a": 1} {"a": 2}]', r"^list, line 1, item 1: not valid JSON: expected , or \] and not '\{'"),
        ('[{"a": 1}] []', "^list, line 1: there is more text after the end of the list"),
        ('[{"a": NaN}]', "NaN is not JSON"),
        ("[12", "^list, line 1, item 1: not valid JSON, or cut short: the text ends here"),
        ("[" * 100_000, "recursion"),
        ('"text"', r'^list, line 1: expected a JSON list \("\["\) or an object with "items"'),
        ('{"a": 1}', r"^list, line 1: this is a single object: .* name the file \.jsonl"),
        ('{"a": 1}\n{"a": 2}\n', r"single object: .* name the file \.jsonl"),
        ('{"items": 5}', r"expected \[ and not '5'"),
        ("{}", "not valid JSON"),
    ],
)
def test_what_is_no_json_list_is_refused_where_it_goes_wrong(text: str, message: str) -> None:
    with pytest.raises(WorkListError, match=message):
        listed(text)


def test_an_empty_text_and_an_empty_list_hold_no_rows() -> None:
    assert listed("") == listed(" \n") == listed("[ ]") == listed('{"items": []}') == []


def test_an_endless_item_is_not_loaded() -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        yield '[{"a": "'
        while True:
            taken += 10_000
            yield "x" * 10_000

    with pytest.raises(WorkListError, match="an item longer than 1,048,576 characters"):
        list(read_json_list(endless(), "list"))
    assert taken <= MAX_ROW + 20_000


def test_lines_are_read_one_by_one_and_bad_ones_are_problems() -> None:
    text = '{"a": 1}\r\n\n[2]\n{"a": 3\n{"a": NaN}\n  {"a": 4}'
    assert values(read_json_lines(iter(text.splitlines(keepends=True)), "list")) == [
        {"a": 1},
        'list, line 3: is not an object: write each item as {"name": value, …}',
        "list, line 4: is not valid JSON: Expecting ',' delimiter, character 8",
        "list, line 5: is not valid JSON: NaN is not JSON",
        {"a": 4},
    ]


def test_json_nested_too_deeply_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        read_json("[" * 100_000)
