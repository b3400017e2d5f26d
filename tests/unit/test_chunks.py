from collections.abc import Iterable

import pytest

from sbtransfer.chunks import CHUNK_SIZE, Chunker
from sbtransfer.items import Item
from sbtransfer.models import Chunk, Entry
from tests.support import a_drs, an_export, an_import, entries


def indexes(chunks: Iterable[Chunk]) -> list[list[int]]:
    return [[entry.index for entry in chunk.entries] for chunk in chunks]


def deadline(chunker: Chunker) -> float | None:
    return chunker.deadline


def imports(count: int) -> list[Entry]:
    return entries(*(an_import(f"runs/{n}") for n in range(count)))


def test_a_chunk_is_sealed_by_its_hundredth_entry() -> None:
    chunker = Chunker(linger=1.0)
    sealed = [chunker.add(entry, now=0.0) for entry in imports(201)]
    full = [chunk for chunk in sealed if chunk is not None]
    assert CHUNK_SIZE == 100
    assert [place for place, chunk in enumerate(sealed) if chunk] == [99, 199]
    assert indexes(full) == [list(range(100)), list(range(100, 200))]
    assert chunker.holding == 1
    assert indexes(chunker.flush()) == [[200]]


def test_a_chunk_says_what_is_in_it() -> None:
    chunker = Chunker(linger=1.0)
    item = a_drs(tags=["blood"], conflict_resolution="RENAME")
    chunker.add(Entry(7, item), now=0.0)
    assert chunker.flush() == [Chunk("drs", ("drs", "RENAME", ("blood",)), (Entry(7, item),))]


def test_kinds_and_options_are_never_mixed() -> None:
    items: list[Item] = [
        an_import("a"),
        an_export("a"),
        an_export("b", copy_only=True),
        a_drs("drs://a/1"),
        an_import("b"),
        a_drs("drs://a/2", tags=["x"]),
        an_export("c"),
        a_drs("drs://a/3", conflict_resolution="OVERWRITE"),
        a_drs("drs://a/4"),
    ]
    chunker = Chunker(linger=1.0)
    for entry in entries(*items):
        assert chunker.add(entry, now=0.0) is None
    assert indexes(chunker.flush()) == [[0, 4], [1, 6], [2], [3, 8], [5], [7]]


def test_a_chunk_lingers_from_its_first_entry() -> None:
    chunker = Chunker(linger=2.0)
    first, second, third = imports(3)
    assert deadline(chunker) is None
    chunker.add(first, now=10.0)
    chunker.add(second, now=11.5)
    assert deadline(chunker) == 12.0
    assert chunker.due(11.999) == []
    assert indexes(chunker.due(12.0)) == [[0, 1]]
    assert deadline(chunker) is None
    chunker.add(third, now=13.0)
    assert deadline(chunker) == 15.0


def test_chunks_are_due_oldest_first() -> None:
    chunker = Chunker(linger=2.0)
    for entry in entries(a_drs(), an_import(), an_export(), an_import("b")):
        chunker.add(entry, now=float(entry.index))
    assert deadline(chunker) == 2.0
    assert indexes(chunker.due(3.5)) == [[0], [1, 3]]
    assert deadline(chunker) == 4.0
    assert chunker.holding == 1


def test_a_full_chunk_leaves_no_deadline_behind() -> None:
    chunker = Chunker(linger=2.0, size=2)
    one, two, three = imports(3)
    chunker.add(one, now=0.0)
    assert chunker.add(two, now=1.0) is not None
    assert deadline(chunker) is None
    chunker.add(three, now=1.5)
    assert deadline(chunker) == 3.5


def test_the_oldest_makes_room() -> None:
    chunker = Chunker(linger=60.0)
    for entry in entries(a_drs(), an_import(), a_drs("drs://a/2")):
        chunker.add(entry, now=0.0)
    assert indexes([chunker.seal_oldest(), chunker.seal_oldest()]) == [[0, 2], [1]]
    assert chunker.holding == 0


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101])
def test_holding_counts_what_is_in_open_chunks(count: int) -> None:
    chunker = Chunker(linger=1.0)
    for entry in imports(count):
        chunker.add(entry, now=0.0)
    assert chunker.holding == count % 100
    chunker.flush()
    assert chunker.holding == 0
    assert chunker.flush() == []
