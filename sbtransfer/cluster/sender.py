"""A worker's part of the sending: one chunk after the other, out of the queue and to the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from attrs import define, field

from sbtransfer import events
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.queue import GivenBackError
from sbtransfer.cluster.queue_journal import QueueJournal, TakenError
from sbtransfer.cluster.schema import Connection
from sbtransfer.errors import SBTransferError, UnauthorizedError, bare
from sbtransfer.grace import Grace
from sbtransfer.http.api import API
from sbtransfer.items import Kind
from sbtransfer.models import Entry, Outcome
from sbtransfer.operations import operations
from sbtransfer.operations.operation import Pending
from sbtransfer.submit import Submitter


@define(eq=False, kw_only=True)
class Sender:
    """Sends chunks as a run of one process does, and leaves their jobs and doubts to the follower.

    No more is sent while `most_under_way` items are followed already. A run is halted after
    `max_consecutive_failures` chunks in a row that were wholly refused.
    """

    database: Database
    owner: int
    api: API
    journal: QueueJournal
    grace: Grace
    most_under_way: int
    max_consecutive_failures: int
    every: float
    verify_drs: bool
    sent: int = field(init=False, default=0)
    """How many chunks were sent."""
    stopping: asyncio.Event = field(init=False, factory=asyncio.Event)
    refused: asyncio.Event = field(init=False, factory=asyncio.Event)
    """Set once the platform refuses the token: no chunk fares better then."""
    error: UnauthorizedError | None = field(init=False, default=None)
    _submitters: set[Submitter] = field(init=False, factory=set)
    _tasks: set[asyncio.Task[object]] = field(init=False, factory=set)

    async def send(self, run: int, number: int) -> None:
        """Send what waits of a chunk; raises `GivenBackError` for what was not sent since this one stops."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        self._tasks.add(task)
        try:
            await self._send(run, number)
        except UnauthorizedError as error:
            self.error = error
            self.refused.set()
            raise
        finally:
            self._tasks.discard(task)

    async def _send(self, run: int, number: int) -> None:
        await self._room()
        entries = await self.journal.waiting_in(run, number)
        if not entries:
            return
        try:
            refusal = await self._submit(entries)
        except TakenError as error:
            events.CHUNK_TAKEN.tell(cluster_run=run, chunk=number, error=str(error))
            return
        if self.stopping.is_set() and await self.journal.waiting_in(run, number):
            raise GivenBackError(f"chunk {number} of run {run} goes back to the queue: this worker stops")
        self.sent += 1
        await self._note(run, refusal)

    async def _room(self) -> None:
        """Wait until there is not too much under way already."""
        while not self.stopping.is_set():
            if await self.database.transaction(self._under_way) < self.most_under_way:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(self.every):
                    await self.stopping.wait()
        raise GivenBackError("the chunk goes back to the queue: this worker stops")

    async def _under_way(self, connection: Connection) -> int:
        row = await connection.execute("SELECT under_way FROM owners WHERE id = %s", (self.owner,))
        return int((await row.fetchone() or (0,))[0])

    async def _submit(self, entries: Sequence[Entry]) -> SBTransferError | None:
        """Send items of one chunk; return the platform's error if it refused all of them as one."""
        kind, refusals = entries[0].item.kind, list[SBTransferError]()
        submitter = Submitter(
            operations(self.api, verify_drs=self.verify_drs),
            self.api.caller,
            self.journal,
            self.grace,
            _followed,
            _delivered,
            lambda kind, doubts: submitter.settled(kind, len(doubts)),
            refusals.append,
            max_consecutive_failures=1,
        )
        submitter.again(kind, entries)
        submitter.no_more()
        self._submitters.add(submitter)
        try:
            await submitter.run()
        except BaseExceptionGroup as group:
            raise bare(group) from None
        finally:
            self._submitters.discard(submitter)
        return refusals[0] if refusals else None

    async def _note(self, run: int, refusal: SBTransferError | None) -> None:
        """Count chunks in a row that were wholly refused; after too many of them, end the run."""

        async def work(connection: Connection) -> None:
            if refusal is None:
                await connection.execute("UPDATE runs SET refused = 0 WHERE id = %s AND refused > 0", (run,))
                return
            await connection.execute(
                "UPDATE runs SET refused = refused + 1,"
                " state = CASE WHEN state = 'running' AND refused + 1 >= %s THEN 'halted' ELSE state END,"
                " trouble = CASE WHEN state = 'running' AND refused + 1 >= %s THEN %s ELSE trouble END"
                " WHERE id = %s",
                (self.max_consecutive_failures, self.max_consecutive_failures, str(refusal), run),
            )

        await self.database.transaction(work)

    def stop(self) -> None:
        """Send nothing more; calls that are on their way are waited for."""
        self.stopping.set()
        for submitter in self._submitters:
            submitter.stop()

    async def let_go(self) -> None:
        """Wait for nothing any more."""
        self.grace.let_go()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


def _followed(_: Kind, __: Sequence[Pending]) -> None:
    """Do nothing: the follower finds the jobs in the database."""


def _delivered(_: Sequence[Outcome]) -> None:
    """Do nothing: outcomes are read out of the database."""
