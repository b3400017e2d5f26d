"""The journal of one process in the database of a cluster: one of many there, told apart by its name."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, TypeVar

from attrs import define, field

import sbtransfer.cluster.reads as reads
import sbtransfer.cluster.writes as writes
from sbtransfer.cluster.call_numbers import CallNumbers
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.holding import Holding, hold
from sbtransfer.cluster.reads import View
from sbtransfer.cluster.schema import Connection
from sbtransfer.cluster.shielded import Shielded, Work, bound, to_the_end
from sbtransfer.errors import ClusterError
from sbtransfer.items import Kind
from sbtransfer.journal import Owner, Past, Recorded, Sent, Spend, Unfinished
from sbtransfer.journal.meta import check_owner
from sbtransfer.journal.trouble import not_open
from sbtransfer.models import Entry, Outcome

T = TypeVar("T")


@define(eq=False, repr=False)
class PostgresJournal:
    """Keeps a run in a database. What a method wrote is committed when it returns.

    A write that fails raises `ClusterError`; what is asked for later is tried anew, and nothing is lost that
    a method returned from. Once another process has opened the journal, this one can write no more.
    """

    _database: Database
    _name: str
    _opening: asyncio.Lock = field(init=False, factory=asyncio.Lock)
    _holding: Holding | None = field(init=False, default=None)
    _past: Past = field(init=False, factory=Past)
    _stack: AsyncExitStack = field(init=False, factory=AsyncExitStack)
    _shielded: Shielded = field(init=False)
    _numbers: CallNumbers = field(init=False)
    _claimed: set[str] = field(init=False, factory=set)
    _asked: list[str] = field(init=False, factory=list)
    """Keys that were claimed together and are looked up in a moment."""
    _lookup: asyncio.Task[set[str]] | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._shielded = Shielded(self._database)
        self._numbers = CallNumbers(self._database)

    def __repr__(self) -> str:
        state = "closed" if self._holding is None else f"open for {self._holding.owner}"
        return f"<PostgresJournal {self._name!r} in {self._database.where}, {state}>"

    @property
    def name(self) -> str:
        """What messages call it, and no other journal."""
        return f"journal {self._name!r} in {self._database.where}"

    @property
    def owner(self) -> Owner | None:
        """For whom it is open; `None` while it is not."""
        return None if self._holding is None else self._holding.owner

    @property
    def past(self) -> Past:
        """What it held when it was opened."""
        return self._past

    async def open(self, owner: Owner, source: Mapping[str, Any] | None = None) -> None:
        """Begin, or go on with what is there. `source` describes the list, where that can be opened anew.

        Does nothing if it is open for this owner. Opens the database if it is not open, and then closes it,
        too. Raises `JournalRefusedError` for another owner, another writer, and for a run of the queue;
        `ClusterError` if the database cannot be used.
        """
        async with self._opening:
            if self._holding is not None:
                return check_owner(self._holding.owner, owner, self.name)
            async with AsyncExitStack() as undo:
                if not self._is_database_open:
                    await self._database.open()
                    undo.push_async_callback(self._database.aclose)
                holding = await hold(self._database, self._name, self.name, owner, source)
                undo.push_async_callback(holding.release)
                self._stack = undo.pop_all()
            self._past = holding.past
            # Numbers that were drawn before may be lower than those of another writer meanwhile.
            self._numbers = CallNumbers(self._database)
            self._claimed.clear()
            self._holding = holding
        return None

    @property
    def _is_database_open(self) -> bool:
        try:
            return not self._database.pool.closed
        except ClusterError:
            return False

    async def aclose(self) -> None:
        """Write all that is left, and let go of everything; a cancellation does not cut it short.

        Raises `ClusterError` if something could not be written and nobody was left to be told.
        """
        async with self._opening:
            holding, self._holding = self._holding, None
            if holding is not None:
                await to_the_end(self._close())

    async def _close(self) -> None:
        async with self._stack:
            await self._shielded.aclose()

    @property
    def _open(self) -> Holding:
        if self._holding is None:
            raise not_open(self.name)
        return self._holding

    @property
    def _view(self) -> View:
        return View(self.name, self._offset)

    @property
    def _offset(self) -> int:
        return writes.span(self._open.run)[0]

    async def _write(self, work: Work[T], undo: Work[Any] | None = None) -> T:
        fenced = self._open.fenced
        return await self._shielded.write(fenced(work), None if undo is None else fenced(undo))

    # In the order of an item's way -----------------------------------------------------------------------

    async def reserve(self, key: str) -> bool:
        """Claim a live source's key; false if an item with this key is known or claimed already."""
        run = self._open.run
        if key in self._claimed:
            return False
        self._claimed.add(key)  # before the first await: another task may ask for the same key meanwhile
        is_new = False
        try:
            is_new = key not in await self._keys_like(key, run)
        finally:
            if not is_new:
                self._claimed.discard(key)
        return is_new

    async def _keys_like(self, key: str, run: int) -> set[str]:
        self._asked.append(key)
        if self._lookup is None:
            self._lookup = self._shielded.spawn(self._look_up(run))
        return await asyncio.shield(self._lookup)

    async def _look_up(self, run: int) -> set[str]:
        asked, self._asked, self._lookup = self._asked, [], None
        return await self._shielded.read(bound(reads.keys, run, asked))

    async def intend(
        self, kind: Kind, entries: Sequence[Entry], begun: float, submitted_on: datetime, attempts: int
    ) -> Sent:
        """Note that these items are about to be sent in one create, and give that call a number.

        Raises `JournalError`, before anything is written, for a `ref` that would not come back as it is. When
        it is cancelled, the items wait: a call that was not given a number must not be sent.
        """
        holding, offset = self._open, self._offset
        items = writes.item_text(entries, offset)
        ids = [offset + entry.index for entry in entries]
        call = await self._numbers.next()
        sent = Sent(call=call, kind=kind, begun=begun, submitted_on=submitted_on, attempts=attempts)
        # Nobody gets the number of a call that was cancelled, so nobody sends it: its items are in no doubt.
        await self._write(
            bound(writes.intend, holding.owner_id, sent, ids, items), undo=bound(writes.undone, call)
        )
        self._claimed.difference_update(entry.key for entry in entries if entry.key is not None)
        return sent

    async def undone(self, call: int) -> None:
        """Note that a call surely did nothing: its items wait again, as if it had never been."""
        await self._write(bound(writes.undone, call))

    async def answered(self, call: int, jobs: Mapping[int, str], outcomes: Sequence[Outcome]) -> None:  # noqa: ARG002
        """Note what an answer, or a look at the platform, told of a call's items."""
        offset = self._offset
        if jobs or outcomes:
            await self._write(
                bound(
                    _note,
                    writes.job_text(jobs, outcomes, offset),
                    writes.outcome_text(outcomes, offset) if outcomes else None,
                )
            )

    async def waiting(self, indexes: Collection[int]) -> None:
        """Note that items which were in doubt surely were not done: they wait again."""
        if indexes:
            await self._write(bound(writes.waiting, [self._offset + index for index in indexes]))

    async def ended(self, outcomes: Sequence[Outcome]) -> None:
        """Note outcomes."""
        await self.answered(0, {}, outcomes)

    async def exhausted(self, total: int) -> None:
        """Note that the list was read to its end and holds so many items."""
        await self._write(bound(writes.exhausted, self._open.run, total))

    # For the reconciliation ------------------------------------------------------------------------------

    async def known(self, job_ids: Collection[str]) -> set[str]:
        """Return those of the jobs that belong, or belonged, to an item of this or any other run here."""
        return await self._read(bound(reads.known, job_ids))

    # At a resume -----------------------------------------------------------------------------------------

    async def unfinished(self) -> list[Unfinished]:
        """Return the calls whose items have jobs to be followed, or are in doubt."""
        return await self._read(self._view.all_unfinished)

    async def recorded(self, first: int, count: int) -> dict[int, Recorded]:
        """Return what is known of the items from index `first` on, for so many indexes."""
        return await self._read(bound(self._view.recorded, first, count))

    async def entries_waiting(self, after: int, count: int) -> list[Entry]:
        """Return the first items past index `after` that wait to be sent again, at most so many."""
        return await self._read(bound(self._view.entries_waiting, after, count))

    async def outcomes(self, after: int, count: int, *, skip_pruned: bool = False) -> list[Outcome]:  # noqa: ARG002
        """Return the first outcomes past index `after`, at most so many, in the order of the list.

        Nothing is ever pruned here.
        """
        return await self._read(bound(self._view.outcomes, after, count))

    async def retry(self, *, unconfirmed: bool) -> int:
        """Open the failed items again, to be sent again; return how many items were opened.

        With `unconfirmed`, these are opened, too: those with a job are under way again, all others in doubt.
        """
        return await self._write(bound(writes.retry, self._open.run, unconfirmed=unconfirmed))

    async def _read(self, work: Work[T]) -> T:
        self._open  # noqa: B018  raises
        return await self._shielded.read(work)

    # The budgets' memory ---------------------------------------------------------------------------------

    async def spent(self, changes: Mapping[int, Spend]) -> None:
        """Note spends by number (the writer's own); one that is known already is replaced."""
        holding = self._open
        if changes:
            await self._write(bound(writes.spent, holding.run, holding.writer, dict(changes)))

    async def spends(self, since: float) -> list[Spend]:
        """Return what earlier writers spent and had answered since then, or never had answered.

        What they spent before is forgotten.
        """
        holding = self._open
        return await self._write(bound(_spends, holding.run, holding.writer, since))

    # Beyond the protocol ---------------------------------------------------------------------------------

    async def note(self, name: str, value: Any) -> None:
        """Keep a JSON value under a name, for the program that uses the journal."""
        await self._write(bound(writes.note, self._open.run, name, value))

    async def notes(self) -> dict[str, Any]:
        """Return what was noted, by name."""
        return await self._read(bound(reads.notes, self._open.run))


async def _note(connection: Connection, jobs: str, outcomes: str | None) -> None:
    """Write jobs, and outcomes."""
    await writes.jobs(connection, jobs)
    if outcomes is not None:
        await writes.outcomes(connection, outcomes)


async def _spends(connection: Connection, run: int, writer: int, since: float) -> list[Spend]:
    await writes.forget_spends(connection, run, writer, since)
    return await reads.spends(connection, run, writer, since)
