"""The work list of a command: a file, or standard input, which can be read once only."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click
from attrs import field, frozen

from sbtransfer.cli.shared import Shared
from sbtransfer.cli.state import digest_of, journal_beside, journal_of_stream, keep
from sbtransfer.cli.verbs import VERBS
from sbtransfer.errors import WorkListError
from sbtransfer.worklist import Survey, WorkList, spool

if TYPE_CHECKING:
    from sbtransfer.items import Item, Kind

SHOWN_PROBLEMS = 20
_AHEAD = 200  # items that are read from standard input before there is room for them


@frozen
class Listed:
    """Items to transfer, and how many there are where that is known.

    `journal` is where their journal lies, `None` if none is to be kept, and `notes` are for it. `survey` is
    what a first pass over them has shown, unless they are streamed.
    """

    items: Iterable[Item] | AsyncIterator[Item]
    journal: Path | None = None
    notes: Mapping[str, Any] = field(factory=dict)
    survey: Survey | None = None

    @property
    def total(self) -> int | None:
        """The length of the list, where it is known."""
        return None if self.survey is None else self.survey.check.items

    @property
    def source(self) -> Mapping[str, Any] | None:
        """How the list is opened anew; `None` for one that cannot be."""
        return self.items.describe() if isinstance(self.items, WorkList) else None


@contextmanager
def listed(kind: Kind, shared: Shared, defaults: Mapping[str, object]) -> Iterator[Listed]:
    """Open a command's work list; unless it is streamed, look it over first.

    Raises `WorkListError` for bad rows, and for traps that would lose items.
    """
    if shared.stream:
        yield (_from_stream if shared.work_list == "-" else _from_file)(kind, shared, defaults)
        return
    with opened(kind, shared, defaults) as work_list:
        survey = work_list.survey(SHOWN_PROBLEMS)
        survey.check.raise_for_problems()
        if not shared.allow_name_collisions:
            raise_for_traps(work_list.name, survey)
        yield _kept(work_list, survey, kind, shared, defaults)


@contextmanager
def opened(kind: Kind, shared: Shared, defaults: Mapping[str, object]) -> Iterator[WorkList]:
    """Give a command's work list as one that can be read again; standard input is copied for that."""
    if shared.work_list != "-":
        yield _work_list(Path(shared.work_list), kind, shared, defaults)
        return
    with spool(_standard_input().buffer) as path:
        yield _work_list(path, kind, shared, defaults, "standard input")


def raise_for_traps(name: str, survey: Survey) -> None:
    """Raise `WorkListError` for a list called `name` of which a part could not arrive."""
    problems = ["\n  ".join((f"{name}: {trap}", *trap.examples)) for trap in survey.stops]
    if problems:
        raise WorkListError(problems)


def checked(work_list: WorkList) -> int:
    """Return how many items a list holds; raises `WorkListError` for bad rows."""
    check = work_list.check(SHOWN_PROBLEMS)
    check.raise_for_problems()
    return check.items


def journal_of(shared: Shared) -> Path | None:
    """Return where the journal of a list in a file lies; `None` if none is to be kept."""
    return None if shared.no_journal else shared.journal or journal_beside(shared.work_list)


def _work_list(
    path: Path, kind: Kind, shared: Shared, defaults: Mapping[str, object], name: str | None = None
) -> WorkList:
    return WorkList(path, kind, defaults=defaults, format=shared.format, name=name, only=shared.only)


def _kept(
    work_list: WorkList, survey: Survey, kind: Kind, shared: Shared, defaults: Mapping[str, object]
) -> Listed:
    """Return a list that was looked over; one from standard input is kept for later commands."""
    path = Path((work_list.describe() or {})["path"])
    if shared.work_list != "-":
        return Listed(work_list, journal_of(shared), {"kind": kind, "digest": digest_of(path)}, survey)
    if shared.no_journal:
        return Listed(work_list, survey=survey)
    kept = keep(path, VERBS[kind], shared.journal)
    again = _work_list(kept.work_list, kind, shared, defaults, work_list.name)
    return Listed(again, kept.journal, {"kind": kind, "digest": kept.digest}, survey)


def _from_file(kind: Kind, shared: Shared, defaults: Mapping[str, object]) -> Listed:
    work_list = _work_list(Path(shared.work_list), kind, shared, defaults)
    return Listed(work_list, journal_of(shared), {"kind": kind, "unchecked": True})


def _from_stream(kind: Kind, shared: Shared, defaults: Mapping[str, object]) -> Listed:
    # Not the reader that Python has for it: a thread that still waits for input would hold its lock, and
    # Python could not end.
    stream: BinaryIO = open(_standard_input().fileno(), "rb", closefd=False)  # noqa: SIM115
    work_list = WorkList.from_stream(stream, kind, defaults=defaults, format=shared.format, only=shared.only)
    journal = None if shared.no_journal else shared.journal or journal_of_stream(VERBS[kind])
    return Listed(from_thread(work_list), journal, {"kind": kind, "unchecked": True})


def _standard_input() -> Any:
    if sys.stdin is None:
        raise click.UsageError("standard input is closed: give a file")
    return sys.stdin


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
