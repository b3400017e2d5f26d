"""The journal that outlives its process: one SQLite file, written by one thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from attrs import define, field

import sbtransfer.journal.meta as meta
import sbtransfer.journal.reads as reads
import sbtransfer.journal.runs as runs
import sbtransfer.journal.writes as writes
from sbtransfer.errors import JournalError
from sbtransfer.items import Kind
from sbtransfer.journal.database import open_database
from sbtransfer.journal.identity import UncarriedRefError, encode, fingerprint
from sbtransfer.journal.journal import Owner, Past, Recorded, Sent, Spend, Unfinished
from sbtransfer.journal.rows import Row, row
from sbtransfer.journal.trouble import not_open
from sbtransfer.journal.worker import Worker
from sbtransfer.models import Entry, Outcome

_KEPT_SECONDS = 7 * 86_400
"""How old retired jobs and spends are when they are pruned: no period and no doubt lasts longer."""


@define(eq=False)
class SQLiteJournal:
    """Keeps a run in one file. What a method wrote is on the disk when it returns.

    Writes that come while the disk is busy go into one transaction together. If one fails, all of them are
    undone and raise `JournalError`, and so does all that is asked of the journal later: open it anew.
    """

    path: Path = field(converter=Path)
    _owner: Owner | None = field(init=False, default=None)
    _past: Past = field(init=False, factory=Past)
    _worker: Worker | None = field(init=False, default=None)
    _writer: int = field(init=False, default=0)
    _numbers: count[int] = field(init=False, factory=count)
    _claimed: set[str] = field(init=False, factory=set)
    _opening: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    def __repr__(self) -> str:
        state = "closed" if self._worker is None else f"open for {self._owner}"
        return f"<SQLiteJournal {str(self.path)!r} {state}>"

    @property
    def name(self) -> str:
        """What messages call it, and no other journal."""
        return str(self.path)

    @property
    def owner(self) -> Owner | None:
        """For whom it is open; `None` while it is not."""
        return None if self._worker is None else self._owner

    @property
    def past(self) -> Past:
        """What it held when it was opened."""
        return self._past

    async def open(self, owner: Owner, source: Mapping[str, Any] | None = None) -> None:
        """Begin, or go on with what is there. `source` describes the list, where that can be opened anew.

        Does nothing if it is open for this owner. Raises `JournalRefusedError` for another owner, another
        writer, and for what is no journal; `JournalError` if the file cannot be opened.
        """
        async with self._opening:
            if self._worker is not None and self._owner is not None:
                return meta.check_owner(self._owner, owner, self.path)
            worker = Worker(self.path)
            database = await worker.open(partial(open_database, self.path, owner, source))
            self._owner, self._past, self._writer = owner, database.past, database.writer
            self._numbers = count(database.last_call + 1)
            self._claimed.clear()
            self._worker = worker
        return None

    async def aclose(self) -> None:
        """Write all that is left, and let go of everything; a cancellation does not cut it short.

        Raises `JournalError` if something could not be written and nobody was left to be told.
        """
        async with self._opening:
            worker, self._worker = self._worker, None
            if worker is not None:
                await worker.aclose()

    @property
    def _open(self) -> Worker:
        if self._worker is None:
            raise not_open(self.path)
        return self._worker

    # In the order of an item's way -----------------------------------------------------------------------

    async def reserve(self, key: str) -> bool:
        """Claim a live source's key; false if an item with this key is known or claimed already."""
        worker = self._open
        if key in self._claimed:
            return False
        self._claimed.add(key)  # before the first await: another task may ask for the same key meanwhile
        is_new = False
        try:
            is_new = not await worker.read(partial(reads.has_key, key=key))
        finally:
            if not is_new:
                self._claimed.discard(key)
        return is_new

    async def intend(
        self, kind: Kind, entries: Sequence[Entry], begun: float, submitted_on: datetime, attempts: int
    ) -> Sent:
        """Note that these items are about to be sent in one create, and give that call a number.

        Raises `JournalError`, before anything is written, for a `ref` that would not come back as it is. When
        it is cancelled, the items wait: a call that was not given a number must not be sent.
        """
        worker = self._open
        call = next(self._numbers)
        sent = Sent(call=call, kind=kind, begun=begun, submitted_on=submitted_on, attempts=attempts)
        items = [_row(call, entry) for entry in entries]
        indexes = runs.pack(entry.index for entry in entries)
        try:
            await worker.write(partial(writes.intend, sent=sent, indexes=indexes, items=items))
        except asyncio.CancelledError:
            # Nobody has got the call's number, so nobody sends it; without this its items would be in doubt.
            worker.leave(partial(writes.undone, call=call))
            raise
        self._claimed.difference_update(entry.key for entry in entries if entry.key is not None)
        return sent

    async def undone(self, call: int) -> None:
        """Note that a call surely did nothing: its items wait again, as if it had never been."""
        await self._open.write(partial(writes.undone, call=call))

    async def answered(self, call: int, jobs: Mapping[int, str], outcomes: Sequence[Outcome]) -> None:  # noqa: ARG002
        """Note what an answer, or a look at the platform, told of a call's items."""
        rows = list(jobs.items())
        if rows or outcomes:
            await self._open.write(partial(_note, rows, outcomes))

    async def waiting(self, indexes: Collection[int]) -> None:
        """Note that items which were in doubt surely were not done: they wait again."""
        if indexes:
            await self._open.write(partial(writes.waiting, indexes=tuple(indexes)))

    async def ended(self, outcomes: Sequence[Outcome]) -> None:
        """Note outcomes."""
        await self.answered(0, {}, outcomes)

    async def exhausted(self, total: int) -> None:
        """Note that the list was read to its end and holds so many items."""
        await self._open.write(partial(meta.put, name="total", value=total))

    # For the reconciliation ------------------------------------------------------------------------------

    async def known(self, job_ids: Collection[str]) -> set[str]:
        """Return those of the jobs that belong, or belonged, to an item."""
        return await self._open.read(partial(reads.known, job_ids=tuple(job_ids)))

    # At a resume -----------------------------------------------------------------------------------------

    async def unfinished(self) -> list[Unfinished]:
        """Return the calls whose items have jobs to be followed, or are in doubt."""
        return await self._open.read(partial(reads.unfinished, path=self.path))

    async def recorded(self, first: int, count: int) -> dict[int, Recorded]:
        """Return what is known of the items from index `first` on, for so many indexes."""
        return await self._open.read(partial(reads.recorded, first=first, count=count))

    async def entries_waiting(self, after: int, count: int) -> list[Entry]:
        """Return the first items past index `after` that wait to be sent again, at most so many."""
        return await self._open.read(partial(reads.entries_waiting, after=after, count=count, path=self.path))

    async def outcomes(self, after: int, count: int, *, skip_pruned: bool = False) -> list[Outcome]:
        """Return the first outcomes past index `after`, at most so many, in the order of the list.

        Raises `JournalError` where one of them was pruned, unless these are skipped.
        """
        return await self._open.read(
            partial(reads.outcomes, after=after, count=count, path=self.path, skip_pruned=skip_pruned)
        )

    # The budgets' memory ---------------------------------------------------------------------------------

    async def spent(self, changes: Mapping[int, Spend]) -> None:
        """Note spends by number (the writer's own); one that is known already is replaced."""
        if changes:
            await self._open.write(partial(writes.spent, writer=self._writer, changes=dict(changes)))

    async def spends(self, since: float) -> list[Spend]:
        """Return what earlier writers spent and had answered since then, or never had answered.

        What they spent before is forgotten.
        """
        return await self._open.write(partial(_spends, self._writer, since))

    # Beyond the protocol ---------------------------------------------------------------------------------

    async def note(self, name: str, value: Any) -> None:
        """Keep a JSON value under a name, for the program that uses the journal."""
        await self._open.write(partial(meta.note, name=name, value=value))

    async def notes(self) -> dict[str, Any]:
        """Return what was noted, by name."""
        return await self._open.read(meta.notes)

    async def retry(self, *, unconfirmed: bool) -> int:
        """Open the failed items again, to be sent again; return how many items were opened.

        With `unconfirmed`, these are opened, too: those with a job are under way again, all others in doubt.
        """
        return await self._open.write(partial(writes.retry, now=time.time(), unconfirmed=unconfirmed))

    async def prune(self) -> None:
        """Make the file small: drop the items of completed outcomes.

        What guards against sending them twice stays. Their outcomes can no longer be read.
        """
        await self._open.write(partial(writes.prune, before=time.time() - _KEPT_SECONDS))
        await self._open.alone(_shrink)


def _row(call: int, entry: Entry) -> Row:
    try:
        text = encode(entry.item)
    except UncarriedRefError as error:
        raise JournalError(
            f"item {entry.index}: a journal cannot keep its ref ({error}): use text, a number, a flag"
            " or a tuple of these"
        ) from None
    return entry.index, call, entry.attempts, fingerprint(text), entry.key, text.decode()


def _note(jobs: Collection[Row], outcomes: Sequence[Outcome], connection: Connection) -> None:
    """Write jobs, and outcomes with theirs."""
    ended = [(outcome.index, outcome.job_id) for outcome in outcomes if outcome.job_id is not None]
    writes.jobs(connection, [*jobs, *ended])
    writes.outcomes(connection, [row(outcome) for outcome in outcomes])


def _spends(writer: int, since: float, connection: Connection) -> list[Spend]:
    writes.forget_spends(connection, writer, since)
    return reads.spends(connection, writer, since)


def _shrink(connection: Connection) -> None:
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
