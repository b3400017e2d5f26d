"""What the tests of this room share: an owner, times, outcomes, and journals in states made by calls."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sbtransfer.journal import Journal, Owner, Sent, SQLiteJournal
from sbtransfer.models import Entry, Outcome, OutcomeState
from tests.support import an_import

ROSA = Owner(endpoint="https://api.example.org/v2", username="rosa")
BEGUN = 1_700_000_000.25
SUBMITTED = datetime(2023, 11, 14, 22, 13, 20, 123457, tzinfo=UTC)
FINISHED = datetime(2023, 11, 14, 22, 20, 1, 7, tzinfo=UTC)


def listed(count: int, first: int = 0) -> list[Entry]:
    return [Entry(index, an_import(f"runs/{index}")) for index in range(first, first + count)]


def an_outcome(entry: Entry, state: str = "COMPLETED", **fields: Any) -> Outcome:
    times = {"submitted_on": SUBMITTED, "finished_on": FINISHED}
    return Outcome(
        **{"index": entry.index, "item": entry.item, "state": OutcomeState(state)} | times | fields
    )


async def intend(journal: Journal, entries: Sequence[Entry], attempts: int = 1) -> Sent:
    kind = entries[0].item.kind
    return await journal.intend(kind, entries, BEGUN, SUBMITTED, attempts)


async def completed(journal: Journal, entries: Sequence[Entry]) -> None:
    """Take items all the way, each with a job `j<index>`."""
    sent = await intend(journal, entries)
    await journal.answered(sent.call, {entry.index: f"j{entry.index}" for entry in entries}, ())
    await journal.ended([an_outcome(entry, job_id=f"j{entry.index}") for entry in entries])


@asynccontextmanager
async def opened(path: Path, owner: Owner = ROSA) -> AsyncIterator[SQLiteJournal]:
    journal = SQLiteJournal(path)
    await journal.open(owner)
    try:
        yield journal
    finally:
        await journal.aclose()


async def inside(journal: SQLiteJournal, work: Callable[[sqlite3.Connection], Any]) -> Any:
    """Run work on the journal's own connection, in its thread."""
    return await journal._open.alone(work)


# What is left --------------------------------------------------------------------------------------------


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def descriptors() -> int:
    """How many files this process holds, with the one that looks."""
    return len(names(Path("/proc/self/fd")))


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("sbtransfer-journal")]
