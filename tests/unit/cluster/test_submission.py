"""A list to a run: all of it or nothing, with its chunks fixed."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from sbtransfer import Item, VolumeImport
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.queue import Queue
from sbtransfer.cluster.submission import Submission
from sbtransfer.errors import ClusterError, ClusterRefusedError, WorkListError
from sbtransfer.journal.identity import decode
from tests.unit.cluster.runs import a_run, an_owner, drs, imports, rows

CHUNKS = "SELECT chunk, count(*) FROM items GROUP BY chunk ORDER BY chunk"
JOBS = (
    "SELECT args ->> 'run', args ->> 'number', lock, queueing_lock FROM procrastinate_jobs"
    " WHERE task_name = 'sbtransfer chunk' ORDER BY id"
)


async def nothing_is_there(database: Database) -> bool:
    tables = ("runs", "items", "chunks", "procrastinate_jobs")
    return [await rows(database, f"SELECT 1 FROM {table}") for table in tables] == [[]] * 4


async def test_a_list_is_there_with_its_chunks_and_a_job_for_each(database: Database) -> None:
    items = imports(250)
    run = await a_run(database, items)
    assert await rows(database, "SELECT total, state FROM runs") == [(250, "running")]
    assert await rows(database, CHUNKS) == [(0, 100), (1, 100), (2, 50)]
    assert await rows(database, "SELECT number, again FROM chunks ORDER BY 1") == [
        (number, False) for number in range(3)
    ]
    assert await rows(database, JOBS) == [
        (str(run), str(n), f"sbtransfer {run}:{n}", f"sbtransfer {run}:{n}") for n in range(3)
    ]
    stored = await rows(database, "SELECT id, item, call, sent FROM items ORDER BY id")
    assert [decode(str(item)) for _, item, _, _ in stored] == items
    assert {(call, sent) for _, _, call, sent in stored} == {(None, 0)}
    assert [index for index, *_ in stored] == [run << 32 | n for n in range(250)]


async def test_items_share_a_chunk_only_if_they_may_share_a_call(database: Database) -> None:
    mixed = [item for pair in zip(imports(120), drs(120, tags=("a",)), strict=True) for item in pair]
    await a_run(database, [*mixed, *drs(3, tags=("b",))])
    assert sorted(count for _, count in await rows(database, CHUNKS)) == [3, 20, 20, 100, 100]  # type: ignore[type-var]
    found = await rows(database, "SELECT chunk, item FROM items")
    keys: dict[object, set[Any]] = {}
    for chunk, item in found:
        keys.setdefault(chunk, set()).add(decode(str(item)).call_key)
    assert all(len(some) == 1 for some in keys.values())


async def test_an_empty_list_is_a_run_that_is_finished(database: Database) -> None:
    await a_run(database, [])
    assert await rows(database, "SELECT total FROM runs") == [(0,)]
    assert await rows(database, "SELECT 1 FROM chunks") == []


async def test_lists_may_be_generators_of_both_kinds(database: Database) -> None:
    async def later() -> AsyncIterator[Item]:
        for item in imports(5):
            yield item

    queue = Queue(database, await an_owner(database))
    await Submission(database, queue, None, {}).put(iter(imports(3)))
    await Submission(database, queue, None, {}).put(later())
    assert await rows(database, "SELECT total FROM runs ORDER BY id") == [(3,), (5,)]


class Volume:
    """A live source, which shows one thing twice."""

    def key(self, item: VolumeImport) -> str:
        return item.location

    async def __aiter__(self) -> AsyncIterator[Item]:
        for item in [*imports(3), *imports(1)]:
            yield item


async def test_a_live_source_is_submitted_with_its_keys_and_nothing_of_it_twice(database: Database) -> None:
    queue = Queue(database, await an_owner(database))
    await Submission(database, queue, None, {}).put(Volume())
    assert await rows(database, "SELECT key FROM items ORDER BY id") == [("0.bam",), ("1.bam",), ("2.bam",)]


async def test_what_the_list_raises_is_raised_and_nothing_is_there(database: Database) -> None:
    def broken() -> Iterator[Item]:
        yield from imports(150)
        raise RuntimeError("the user's own")

    with pytest.raises(RuntimeError, match="the user's own"):
        await a_run(database, broken())  # type: ignore[arg-type]
    assert await nothing_is_there(database)


async def test_what_is_no_item_is_refused_by_its_place(database: Database) -> None:
    with pytest.raises(WorkListError, match="item 2 is of type str"):
        await a_run(database, [*imports(2), "x"])  # type: ignore[list-item]
    assert await nothing_is_there(database)


async def test_a_ref_that_cannot_be_kept_is_refused(database: Database) -> None:
    item = VolumeImport(volume="rosa/in", location="a", project="rosa/study", ref=object())
    with pytest.raises(ClusterError, match="item 0: a database cannot keep its ref"):
        await a_run(database, [item])
    assert await nothing_is_there(database)


async def test_a_name_is_taken_once_by_an_owner(database: Database) -> None:
    await a_run(database, imports(1), name="may")
    with pytest.raises(ClusterRefusedError, match="a run named 'may' was submitted already"):
        await a_run(database, imports(1), name="may")
    await a_run(database, imports(1), name="may", owner="olga")
    await a_run(database, imports(1))
    await a_run(database, imports(1))
    assert await rows(database, "SELECT count(*) FROM runs") == [(4,)]
    assert await rows(database, "SELECT count(*) FROM items") == [(4,)]
