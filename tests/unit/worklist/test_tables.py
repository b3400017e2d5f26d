import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given, strategies as st

from sbtransfer.errors import WorkListError
from sbtransfer.worklist.places import Place, Problem
from sbtransfer.worklist.rows import Header, Row
from sbtransfer.worklist.tables import read_table
from sbtransfer.worklist.text import MAX_ROW


def table(text: str, delimiter: str = ",") -> list[Header | Row | Problem]:
    return list(read_table(iter(text.splitlines(keepends=True)), "list", delimiter))


def rows(text: str, delimiter: str = ",") -> list[tuple[int | None, dict[str, str]]]:
    return [(row.place.line, dict(row.values)) for row in table(text, delimiter) if isinstance(row, Row)]


def problems(text: str) -> list[str]:
    return [str(row) for row in table(text) if isinstance(row, Problem)]


def test_the_header_comes_first_and_cells_keep_their_spaces() -> None:
    assert table(" a ,b\nx, y \n") == [
        Header(Place("list", 1), ("a", "b")),
        Row(Place("list", 2), {"a": "x", "b": " y "}, tabular=True),
    ]


def test_an_empty_file_has_not_even_a_header() -> None:
    assert table("") == table("\n\n") == []


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blank_rows_are_left_out_and_counted(end: str) -> None:
    text = end.join(["", "a,b", "1,2", "", "  ", ",", "3,4", "", ""])
    assert rows(text) == [(3, {"a": "1", "b": "2"}), (7, {"a": "3", "b": "4"})]


def test_quoted_commas_quotes_and_line_ends_are_of_the_cell() -> None:
    assert rows('a,b\n"x,y","say ""hi"""\n"two\nlines",z\nlast,one\n') == [
        (2, {"a": "x,y", "b": 'say "hi"'}),
        (3, {"a": "two\nlines", "b": "z"}),
        (5, {"a": "last", "b": "one"}),
    ]


def test_tabs_separate_where_asked() -> None:
    assert rows("a\tb\n1,2\t3\n", "\t") == [(2, {"a": "1,2", "b": "3"})]


def test_rows_of_another_length_are_problems_and_reading_goes_on() -> None:
    assert problems("a,b\n1\n1,2\n1,2,3\n") == [
        "list, line 2: has 1 cell where the header has 2 columns",
        "list, line 4: has 3 cells where the header has 2 columns",
    ]


def test_a_misplaced_quote_is_a_problem_and_reading_goes_on() -> None:
    text = 'a,b\n"x"y,1\n2,3\n'
    assert problems(text) == [
        "list, line 2: cannot be parsed (',' expected after '\"'): check its quotes and line ends"
    ]
    assert rows(text) == [(3, {"a": "2", "b": "3"})]


def test_a_quote_that_is_not_closed_is_a_problem() -> None:
    assert problems('a,b\n1,"2\n3,4\n') == [
        "list, line 2: cannot be parsed (unexpected end of data): check its quotes and line ends"
    ]


def test_an_unclosed_quote_does_not_swallow_the_file_whatever_the_limit_of_csv() -> None:
    limit = csv.field_size_limit(2**31 - 1)
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        yield "a,b\n"
        yield '1,"2\n'
        while True:
            taken += 1_000
            yield "x" * 999 + "\n"

    try:
        with pytest.raises(WorkListError, match="list, line 2: a row longer than 1,048,576 characters"):
            list(read_table(endless(), "list", ","))
    finally:
        csv.field_size_limit(limit)
    assert taken <= MAX_ROW + 1_000


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("a,b,a", "there are two columns 'a': rename or remove one"),
        ("a,,b", "column 2 has no name: give it one or remove it"),
        ("a\tb", "the columns seem to be separated by tabs: name the file .tsv"),
        ("a;b", "the columns seem to be separated by semicolons: use commas"),
        ('"a"b,c', "cannot be parsed"),
    ],
)
def test_a_header_that_cannot_be_used(header: str, reason: str) -> None:
    with pytest.raises(WorkListError, match=f"^list, line 1: {reason}"):
        table(f"{header}\n1,2,3\n")


def test_a_table_with_commas_is_no_tsv() -> None:
    with pytest.raises(WorkListError, match=r"separated by commas: name the file \.csv"):
        table("a,b\n1,2\n", "\t")


def test_lone_carriage_returns_are_no_line_ends() -> None:
    with pytest.raises(
        WorkListError, match=r"list, line 1: cannot be parsed .* check its quotes and line ends"
    ):
        list(read_table(iter(["a,b\r1,2\r"]), "list", ","))


def test_a_cell_beyond_the_limit_of_csv_is_a_problem() -> None:
    cell = "x" * (csv.field_size_limit() + 1)
    assert problems(f"a,b\n1,{cell}\n") == [
        f"list, line 2: cannot be parsed (field larger than field limit ({csv.field_size_limit()})): "
        "check its quotes and line ends"
    ]


# Splits at line feeds only, as real reading does: str.splitlines knows more line ends.
def split(text: str) -> Iterator[str]:
    return (line.decode() for line in io.BytesIO(text.encode()))


# Old versions of csv.writer do not quote a carriage return.
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)


@given(st.lists(st.tuples(cells, cells, cells)), st.sampled_from(",\t"), st.sampled_from(["\n", "\r\n"]))
def test_whatever_csv_writes_is_read(written: list[tuple[str, ...]], delimiter: str, end: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows([("a", "b", "c"), *written])
    read = list(read_table(split(text.getvalue()), "list", delimiter))
    kept = [row for row in written if any(map(str.strip, row))]
    assert [tuple(row.values.values()) for row in read[1:] if isinstance(row, Row)] == kept
    assert len(read) == 1 + len(kept)
