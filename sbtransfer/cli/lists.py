"""The work list of a command: a file, or standard input, which can be read once only."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from attrs import frozen

from sbtransfer.cli.options import Shared
from sbtransfer.worklist import WorkList, spool

if TYPE_CHECKING:
    from sbtransfer.items import Item, Kind

SHOWN_PROBLEMS = 20
_AHEAD = 200  # items that are read from standard input before there is room for them


@frozen
class Listed:
    """Items to transfer, and how many there are where that is known."""

    items: Iterable[Item] | AsyncIterator[Item]
    total: int | None = None


@contextmanager
def listed(kind: Kind, shared: Shared, defaults: Mapping[str, object]) -> Iterator[Listed]:
    """Open a command's work list; unless it is streamed, read it once and find every bad row first.

    Raises `WorkListError` for the bad rows.
    """
    if shared.work_list != "-":
        work_list = WorkList(shared.work_list, kind, defaults=defaults, format=shared.format)
        yield Listed(work_list) if shared.stream else _checked(work_list)
    elif sys.stdin is None:
        raise click.UsageError("standard input is closed: give a file")
    elif shared.stream:
        # Not the reader that Python has for it: a thread that still waits for input would hold its lock, and
        # Python could not end.
        stream = open(sys.stdin.fileno(), "rb", closefd=False)  # noqa: SIM115
        work_list = WorkList.from_stream(stream, kind, defaults=defaults, format=shared.format)
        yield Listed(from_thread(work_list))
    else:
        with spool(sys.stdin.buffer) as path:
            name = "standard input"
            yield _checked(WorkList(path, kind, defaults=defaults, format=shared.format, name=name))


def _checked(work_list: WorkList) -> Listed:
    check = work_list.check(SHOWN_PROBLEMS)
    check.raise_for_problems()
    return Listed(work_list, check.items)


async def from_thread(items: Iterable[Item]) -> AsyncIterator[Item]:
    """Yield what a thread reads: a pipe may take its time, and nothing else is to wait for it."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[Item | Exception | None] = asyncio.Queue()
    room = threading.Semaphore(_AHEAD)

    def put(one: Item | Exception | None) -> None:
        room.acquire()
        loop.call_soon_threadsafe(arrived.put_nowait, one)

    def read() -> None:
        try:
            for item in items:
                put(item)
            put(None)
        except Exception as error:  # noqa: BLE001 - raised where the items are taken
            if not loop.is_closed():
                put(error)

    threading.Thread(target=read, name="sbtransfer work list", daemon=True).start()
    while (one := await arrived.get()) is not None:
        room.release()
        if isinstance(one, Exception):
            raise one
        yield one
