"""The work list of a command: a file, or standard input, which can be read once only."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import field, frozen

from sbtransfer.cli.shared import Shared
from sbtransfer.cli.state import digest_of, journal_beside, journal_of_stream, keep
from sbtransfer.cli.verbs import VERBS
from sbtransfer.worklist import WorkList, spool

if TYPE_CHECKING:
    from sbtransfer.items import Item, Kind

SHOWN_PROBLEMS = 20
_AHEAD = 200  # items that are read from standard input before there is room for them


@frozen
class Listed:
    """Items to transfer, and how many there are where that is known.

    `journal` is where their journal lies, `None` if none is to be kept, and `notes` are for it.
    """

    items: Iterable[Item] | AsyncIterator[Item]
    total: int | None = None
    journal: Path | None = None
    notes: Mapping[str, Any] = field(factory=dict)

    @property
    def source(self) -> Mapping[str, Any] | None:
        """How the list is opened anew; `None` for one that cannot be."""
        return self.items.describe() if isinstance(self.items, WorkList) else None


@contextmanager
def listed(kind: Kind, shared: Shared, defaults: Mapping[str, object]) -> Iterator[Listed]:
    """Open a command's work list; unless it is streamed, read it once and find every bad row first.

    Raises `WorkListError` for the bad rows.
    """
    if shared.work_list != "-":
        yield _from_file(kind, shared, defaults)
    elif sys.stdin is None:
        raise click.UsageError("standard input is closed: give a file")
    elif shared.stream:
        yield _from_stream(kind, shared, defaults)
    else:
        with spool(sys.stdin.buffer) as path:
            yield _from_spool(path, kind, shared, defaults)


def _from_file(kind: Kind, shared: Shared, defaults: Mapping[str, object]) -> Listed:
    path = Path(shared.work_list)
    journal = None if shared.no_journal else shared.journal or journal_beside(shared.work_list)
    work_list = WorkList(path, kind, defaults=defaults, format=shared.format)
    if shared.stream:
        return Listed(work_list, None, journal, {"kind": kind, "unchecked": True})
    total = checked(work_list)
    return Listed(work_list, total, journal, {"kind": kind, "digest": digest_of(path)})


def _from_stream(kind: Kind, shared: Shared, defaults: Mapping[str, object]) -> Listed:
    # Not the reader that Python has for it: a thread that still waits for input would hold its lock, and
    # Python could not end.
    stream = open(sys.stdin.fileno(), "rb", closefd=False)  # noqa: SIM115
    work_list = WorkList.from_stream(stream, kind, defaults=defaults, format=shared.format)
    journal = None if shared.no_journal else shared.journal or journal_of_stream(VERBS[kind])
    return Listed(from_thread(work_list), None, journal, {"kind": kind, "unchecked": True})


def _from_spool(path: Path, kind: Kind, shared: Shared, defaults: Mapping[str, object]) -> Listed:
    def named(path: Path) -> WorkList:
        return WorkList(path, kind, defaults=defaults, format=shared.format, name="standard input")

    total = checked(named(path))
    if shared.no_journal:
        return Listed(named(path), total)
    kept = keep(path, VERBS[kind], shared.journal)
    return Listed(named(kept.work_list), total, kept.journal, {"kind": kind, "digest": kept.digest})


def checked(work_list: WorkList) -> int:
    """Return how many items a list holds; raises `WorkListError` for bad rows."""
    check = work_list.check(SHOWN_PROBLEMS)
    check.raise_for_problems()
    return check.items


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
