"""The one process that looks at an owner's jobs and settles its doubts, for all workers.

Looks of many runs share calls of a hundred ids, and nobody looks twice. Which worker it is, an advisory lock
of PostgreSQL decides: it is free again as soon as the connection of its holder is gone, however that died.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import psycopg
from attrs import define, field

from sbtransfer import events
from sbtransfer.cluster.database import Database, cancellable
from sbtransfer.cluster.queue import Queue
from sbtransfer.cluster.queue_journal import QueueJournal
from sbtransfer.cluster.schema import Connection
from sbtransfer.errors import DatabaseAwayError
from sbtransfer.http.api import API
from sbtransfer.items import Kind
from sbtransfer.journal import Unfinished
from sbtransfer.models import Entry, Outcome
from sbtransfer.operations import operations, searches
from sbtransfer.operations.operation import Pending, doubted
from sbtransfer.poll import Poller
from sbtransfer.polling import Polling
from sbtransfer.reconcile import Reconciler

LOCKS = 0x53425466
"""Our own space among the advisory locks of a database: "SBTf"."""


@define(eq=False, kw_only=True)
class Follower:
    """Waits for the role and then follows what is under way, until it is cancelled or fails.

    What workers have sent is looked for `every` so many seconds. `leads` says whether this is the one.
    """

    database: Database
    owner: int
    api: API
    journal: QueueJournal
    queue: Queue
    polling: Polling
    settle: float
    job_timeout: float
    verify_drs: bool
    resend_ambiguous: bool
    every: float
    leads: bool = field(init=False, default=False)
    _poller: Poller = field(init=False)
    _reconciler: Reconciler = field(init=False)
    _again: asyncio.Event = field(init=False, factory=asyncio.Event)

    async def run(self) -> None:
        """Follow, whenever nobody else does. Ends with the errors that end a run."""
        while True:
            try:
                async with self._role() as held, asyncio.TaskGroup() as group:
                    self._begin()
                    group.create_task(self._hold(held))
                    group.create_task(self._take_in())
                    group.create_task(self._poller.run())
                    group.create_task(self._reconciler.run())
            except* (_RoleLostError, DatabaseAwayError):
                events.WORKER_FOLLOWS_NO_MORE.tell()
            await asyncio.sleep(self.every)

    @asynccontextmanager
    async def _role(self) -> AsyncIterator[Connection]:
        """Wait for the role, and have it as long as the connection lasts."""
        try:
            async with self.database.connection() as connection:
                await self._got(connection)
                events.WORKER_FOLLOWS.tell()
                self.leads = True
                yield connection
        except psycopg.OperationalError as error:
            raise _RoleLostError(str(error)) from None
        finally:
            self.leads = False

    async def _got(self, connection: Connection) -> None:
        # Asked for again and again: a statement that waits in the server cannot surely be cancelled.
        while True:
            query = "SELECT pg_try_advisory_lock(%s, %s)"
            with cancellable():
                row = await (await connection.execute(query, (LOCKS, self.owner))).fetchone()
            if row == (True,):
                return
            await asyncio.sleep(self.every)

    async def _hold(self, connection: Connection) -> None:
        """Notice when the connection is gone, and the role with it."""
        while True:
            await asyncio.sleep(self.every)
            try:
                with cancellable():
                    await connection.execute("SELECT 1")
            except psycopg.OperationalError as error:
                raise _RoleLostError(str(error)) from None

    def _begin(self) -> None:
        caller = self.api.caller
        kinds = operations(self.api, verify_drs=self.verify_drs)
        self._poller = Poller(
            kinds.values(),
            caller,
            self.journal,
            self.polling,
            _delivered,
            lambda: caller.requests.spare,
            self.job_timeout,
        )
        self._reconciler = Reconciler(
            searches(self.api, resend_drs=self.resend_ambiguous),
            self.journal,
            # A server may be at work for as long as a call may wait for it.
            max(self.settle, caller.timeout),
            self._poller.track_again,
            _delivered,
            self._put_again,
            _settled,
            self.journal.sending,
        )

    async def _take_in(self) -> None:
        """Take up what workers have sent, and what those left that have died."""
        await self.journal.leave_others()
        while True:
            dead = await self.journal.open_dead()
            if dead:
                events.WORKER_TAKES_OVER.tell(calls=dead)
            while taken := await self.journal.take_open():
                for left in taken:
                    self._take(left)
            await self.queue.put_again()
            await self._tell()
            await self._a_while()

    def _take(self, left: Unfinished) -> None:
        kind = left.sent.kind
        pending = [
            Pending(job_id, entries, left.sent, ended=left.ended) for job_id, entries in left.jobs.items()
        ]
        self._poller.track_again(kind, pending)
        reason = "no answer came, or its worker died before it was written down"
        self._reconciler.put(kind, doubted(left.doubtful, left.sent, reason))

    def _put_again(self, kind: Kind, entries: Sequence[Entry]) -> None:  # noqa: ARG002
        if entries:
            self._again.set()

    async def _a_while(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.every):
                await self._again.wait()
        self._again.clear()

    async def _tell(self) -> None:
        """Let all workers know how much is under way: they send no more than is worth following."""
        holding = self._poller.holding + self._reconciler.holding

        async def work(connection: Connection) -> None:
            await connection.execute(
                "UPDATE owners SET under_way = %s WHERE id = %s AND under_way <> %s",
                (holding, self.owner, holding),
            )

        await self.database.transaction(work)


class _RoleLostError(Exception):
    """The connection that held the role is gone."""


def _delivered(_: Sequence[Outcome]) -> None:
    """Do nothing: outcomes are read out of the database."""


def _settled(_: Kind, __: int) -> None:
    """Do nothing: nobody waits for the end of a list."""
