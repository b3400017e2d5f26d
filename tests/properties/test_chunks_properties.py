"""Entries of many groups at any times: each comes out once, in a chunk of its own group, in time."""

from hypothesis import given, settings, strategies as st

from sbtransfer.chunks import Chunker
from sbtransfer.items import Item
from sbtransfer.models import Chunk, Entry
from tests.support import a_drs, an_export, an_import

LINGER = 4.0
ITEMS: list[Item] = [
    an_import(),
    an_import(project=None, parent="5f1e"),
    an_export(),
    an_export(copy_only=True),
    a_drs(),
    a_drs(tags=["x"]),
    a_drs(tags=["x", "y"]),
    a_drs(conflict_resolution="RENAME"),
]
# An item that comes, or `None` for a moment at which only the clock is looked at; and the time until then.
steps = st.lists(
    st.tuples(st.one_of(st.none(), st.sampled_from(ITEMS)), st.sampled_from([0.0, 0.25, 1.0, 5.0]))
)


def carry_out(
    plan: list[tuple[Item | None, float]], size: int, room: int
) -> tuple[list[Chunk], dict[int, float]]:
    """Do as the reader does; return the chunks, and when each entry came. Checks time and room on the way."""
    chunker = Chunker(LINGER, size)
    chunks: list[Chunk] = []
    came: dict[int, float] = {}
    now = 0.0

    def seal_what_is_due() -> None:
        due = chunker.due(now)
        assert all(came[chunk.entries[0].index] + LINGER <= now for chunk in due)
        assert chunker.deadline is None or chunker.deadline > now
        chunks.extend(due)

    for item, pause in plan:
        now += pause
        seal_what_is_due()
        if item is not None:
            entry = Entry(len(came), item)
            came[entry.index] = now
            full = chunker.add(entry, now)
            chunks.extend([] if full is None else [full])
        while chunker.holding > room:
            chunks.append(chunker.seal_oldest())
        sealed = {entry.index for chunk in chunks for entry in chunk.entries}
        waiting = [when for index, when in came.items() if index not in sealed]
        assert chunker.holding == len(waiting)
        assert chunker.deadline == (min(waiting) + LINGER if waiting else None)
    chunks.extend(chunker.flush())
    assert (chunker.holding, chunker.deadline) == (0, None)
    return chunks, came


@settings(max_examples=200, deadline=None)
@given(steps, st.integers(1, 5), st.integers(1, 12))
def test_every_entry_comes_out_once_with_its_like(
    plan: list[tuple[Item | None, float]], size: int, room: int
) -> None:
    chunks, came = carry_out(plan, size, room)
    assert sorted(entry.index for chunk in chunks for entry in chunk.entries) == list(came)
    for chunk in chunks:
        indexes = [entry.index for entry in chunk.entries]
        assert 1 <= len(indexes) <= size
        assert indexes == sorted(indexes)
        assert {entry.item.call_key for entry in chunk.entries} == {chunk.key}
        assert {entry.item.kind for entry in chunk.entries} == {chunk.kind}
    for key in {chunk.key for chunk in chunks}:
        # A group's entries keep their order from chunk to chunk, too.
        order = [entry.index for chunk in chunks if chunk.key == key for entry in chunk.entries]
        assert order == sorted(order)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 350))
def test_a_list_of_one_group_makes_as_few_chunks_as_can_be(count: int) -> None:
    chunks, _ = carry_out([(an_import(), 0.0)] * count, size=100, room=count)
    assert len(chunks) == -(-count // 100)
