"""Work that goes on when whoever asked for it is cancelled."""

import asyncio

import pytest

from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import Connection
from sbtransfer.cluster.shielded import Shielded, bound, to_the_end
from sbtransfer.errors import ClusterError


async def note(connection: Connection, number: int, wait: asyncio.Event | None = None) -> int:
    await connection.execute("INSERT INTO retired (job_id) VALUES (%s)", (str(number),))
    if wait is not None:
        await wait.wait()
    return number


async def forget(connection: Connection, number: int) -> None:
    await connection.execute("DELETE FROM retired WHERE job_id = %s", (str(number),))


async def noted(connection: Connection) -> set[str]:
    rows = await (await connection.execute("SELECT job_id FROM retired")).fetchall()
    return {row[0] for row in rows}


async def test_what_was_asked_for_is_done_although_it_is_cancelled(database: Database) -> None:
    shielded, go = Shielded(database), asyncio.Event()
    writing = asyncio.create_task(shielded.write(bound(note, 1, wait=go)))
    await asyncio.sleep(0.05)
    writing.cancel()
    await asyncio.wait({writing})
    reading = asyncio.create_task(shielded.read(noted))
    await asyncio.sleep(0.05)
    go.set()
    assert await reading == {"1"}
    await shielded.aclose()


async def test_what_can_be_undone_is_undone_after_it_was_done(database: Database) -> None:
    shielded, go = Shielded(database), asyncio.Event()
    writing = asyncio.create_task(shielded.write(bound(note, 1, wait=go), undo=bound(forget, 1)))
    assert await shielded.write(bound(note, 2), undo=bound(forget, 2)) == 2
    writing.cancel()
    await asyncio.wait({writing})
    go.set()
    await shielded.aclose()
    assert await shielded.read(noted) == {"2"}


async def test_a_failure_is_told_to_whoever_waits_or_else_at_the_end(database: Database) -> None:
    shielded = Shielded(database)
    await shielded.write(bound(note, 1))
    with pytest.raises(ClusterError, match="duplicate key"):
        await shielded.write(bound(note, 1))
    await shielded.aclose()
    writing = asyncio.create_task(shielded.write(bound(note, 1), undo=bound(forget, 1)))
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.wait({writing})
    with pytest.raises(ClusterError, match="duplicate key"):
        await shielded.aclose()
    await shielded.aclose()
    assert await shielded.read(noted) == {"1"}


async def test_a_cancellation_waits_for_the_end() -> None:
    go, ended = asyncio.Event(), False

    async def work() -> None:
        nonlocal ended
        await go.wait()
        ended = True

    waiting = asyncio.create_task(to_the_end(work()))
    for _ in range(2):
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended
