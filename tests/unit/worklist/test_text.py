import io
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from hypothesis import given, strategies as st

from sbtransfer.errors import WorkListError
from sbtransfer.worklist.text import MAX_ROW, chunks, lines

Reader: TypeAlias = Callable[[io.BufferedReader, str], Iterator[str]]


class Drops(io.RawIOBase):
    """Gives its bytes in the given amounts, as a slow pipe does."""

    def __init__(self, data: bytes, amounts: list[int]) -> None:
        self.data = io.BytesIO(data)
        self.amounts = iter(amounts)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self.data.read(min(next(self.amounts, len(buffer)), len(buffer)))
        buffer[: len(data)] = data
        return len(data)


def opened(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data))


def test_lines_keep_their_ends() -> None:
    assert list(lines(opened(b"one\r\ntwo\n\nf\xc3\xbcnf"), "list")) == ["one\r\n", "two\n", "\n", "fünf"]


def test_a_line_of_the_greatest_length_is_read() -> None:
    assert [len(line) for line in lines(opened(b"x" * (MAX_ROW - 1) + b"\n"), "list")] == [MAX_ROW]


def test_a_file_without_line_ends_is_not_loaded() -> None:
    read = 0

    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any, /) -> int:
            nonlocal read
            buffer[:] = b"x" * len(buffer)
            read += len(buffer)
            return len(buffer)

    with pytest.raises(WorkListError, match="list, line 1: longer than 1,048,576 bytes"):
        next(lines(io.BufferedReader(Endless()), "list"))
    assert read < 2 * MAX_ROW


@pytest.mark.parametrize("reader", [lines, chunks])
def test_bytes_that_are_no_text_are_named_with_their_line(reader: Reader) -> None:
    with pytest.raises(WorkListError, match=r"list, line 3: the bytes b'\\xfc' are not UTF-8: save"):
        list(reader(opened(b"one\ntwo\nf\xfcnf\n"), "list"))


@pytest.mark.parametrize("reader", [lines, chunks])
def test_a_nul_byte_says_that_the_file_is_binary(reader: Reader) -> None:
    with pytest.raises(WorkListError, match="list, line 2: holds a NUL byte"):
        list(reader(opened(b"one\nt\0wo\n"), "list"))


def test_a_text_that_ends_within_a_character_is_refused() -> None:
    with pytest.raises(WorkListError, match=r"list, line 2: .* not UTF-8"):
        list(chunks(opened("one\nfü".encode()[:-1]), "list"))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.lists(st.integers(1, 5)))
def test_chunks_may_be_cut_anywhere(text: str, amounts: list[int]) -> None:
    stream: io.BufferedReader = io.BufferedReader(Drops(text.encode(), amounts))
    assert "".join(chunks(stream, "list")) == text
