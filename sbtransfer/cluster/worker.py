"""A worker: a process that sends chunks of its owner's runs, and is ready to be their follower."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from attrs import Factory, define, field

from sbtransfer import events
from sbtransfer.client import Client
from sbtransfer.cluster.budget import SharedBudget
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.follower import Follower
from sbtransfer.cluster.queue import Queue
from sbtransfer.cluster.queue_journal import QueueJournal
from sbtransfer.cluster.sender import Sender
from sbtransfer.cluster.session import Session
from sbtransfer.cluster.status import RunStatus, read_runs, unhurried
from sbtransfer.errors import ClusterError, ClusterRefusedError, SessionLostError, SettingsError, bare
from sbtransfer.grace import Grace
from sbtransfer.journal import Owner


@define(eq=False, kw_only=True)
class Worker:
    """Works on all runs of one owner in a database until it is cancelled, or with `until_done` until all end.

    `client` are the options of its `Client`, whose token never reaches the database. `concurrency` chunks
    are sent at once. `ttl` is in seconds: a worker of which nothing was heard for so long is taken for dead
    by the others, and takes itself for dead. No more is sent while `most_under_way` items are followed.
    `settle`, `grace`, `job_timeout`, `max_consecutive_failures`, `verify_drs` and `resend_ambiguous` are
    those of `Client.transfer`; the database is looked at for what is new once in `every` seconds.

    A first cancellation lets calls that are on their way end, and gives all else back; a second lets go.
    """

    database: Database
    client: dict[str, Any] = field(factory=dict, repr=False)
    concurrency: int = 4
    until_done: bool = False
    ttl: float = 30.0
    every: float = 1.0
    settle: float = 120.0
    grace: float = 10.0
    job_timeout: float = float("inf")
    most_under_way: int = 50_000
    max_consecutive_failures: int = 10
    verify_drs: bool = True
    resend_ambiguous: bool = False
    owner: Owner | None = field(init=False, default=None)
    """Whose runs it works on, once it is known."""
    _life: _Life | None = field(init=False, default=None)
    _stopped: asyncio.Event = field(init=False, factory=asyncio.Event)

    def __attrs_post_init__(self) -> None:
        for name, least in (("concurrency", 1), ("most_under_way", 1), ("max_consecutive_failures", 1)):
            if not getattr(self, name) >= least:
                raise SettingsError(f"{name} must be at least {least}, not {getattr(self, name)!r}")

    @property
    def leads(self) -> bool:
        """Whether it is the follower of its owner just now."""
        return self._life is not None and self._life.follower.leads

    @property
    def sent(self) -> int:
        """How many chunks it has sent in its present life."""
        return 0 if self._life is None else self._life.sender.sent

    def stop(self) -> None:
        """Take no more chunks, let the calls that are on their way end, and return from `run`."""
        self._stopped.set()

    async def run(self) -> None:
        """Work. Raises `UnauthorizedError`, and `ClusterRefusedError` for a database that cannot be used."""
        lives = asyncio.ensure_future(self._lives())
        try:
            await asyncio.shield(lives)
        except asyncio.CancelledError:
            self.stop()
            await self._end(lives)
            raise

    async def _end(self, lives: asyncio.Future[None]) -> None:
        try:
            await asyncio.wait({lives})
        except asyncio.CancelledError:
            lives.cancel()
            await asyncio.wait({lives})
            raise
        if not lives.cancelled():
            lives.exception()  # It was looked at, even though the cancellation goes first.

    async def _lives(self) -> None:
        """Begin anew after each loss of the place among the others: nothing of the old one is used again."""
        while not self._stopped.is_set():
            try:
                await self._live()
            except SessionLostError as error:
                events.WORKER_BEGINS_ANEW.tell(error=str(error))
            except ClusterRefusedError:
                raise
            except ClusterError as error:
                events.WORKER_PAUSES.tell(error=str(error))
                await self._sleep()

    async def _live(self) -> None:
        budget = SharedBudget(self.database, ttl=self.ttl, role="worker")
        options = {"give_up_after": float("inf"), **self.client}
        async with Client(budget=budget, **options) as client:
            user = await client.user()
            self.owner = Owner(endpoint=client.endpoint, username=user.username)
            await self._check_owner(self.owner)
            session = await budget.session()
            self._life = _Life(self, client, session)
            try:
                await self._life.run(self._stopped, self._is_done)
            finally:
                self._life = None

    async def _check_owner(self, owner: Owner) -> None:
        """Refuse to wait for nothing: what there is to be done is all another user's."""
        runs = await self.database.transaction(read_runs)
        going_on = [run for run in runs if run.state != "own" and not run.is_finished]
        if going_on and all(run.owner != owner for run in going_on):
            other = going_on[0]
            raise ClusterRefusedError(
                f"this token is that of {owner.username} at {owner.endpoint}, and run {other.id} belongs to"
                f" {other.owner.username} at {other.owner.endpoint}: give a token of that user, or submit a"
                " list of this one first"
            )

    async def _is_done(self) -> None:
        """Wait until all runs of the owner are finished, where that is to be the end."""
        while True:
            began = asyncio.get_running_loop().time()
            if self.until_done and all(run.is_finished for run in await self.runs()):
                return self._stopped.set()
            await asyncio.sleep(unhurried(self.every, began))

    async def runs(self) -> list[RunStatus]:
        """Return how all runs of its owner stand."""
        runs = await self.database.transaction(read_runs)
        return [run for run in runs if run.owner == self.owner and run.state != "own"]

    async def _sleep(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.every):
                await self._stopped.wait()


@define(eq=False)
class _Life:
    """What a worker does from one session's beginning to its end."""

    worker: Worker
    client: Client
    session: Session
    grace: Grace = Factory(lambda self: Grace(self.worker.grace), takes_self=True)
    queue: Queue = Factory(lambda self: Queue(self.worker.database, self.session.owner), takes_self=True)
    journal: QueueJournal = Factory(
        lambda self: QueueJournal(self.worker.database, self.session.owner, self.session), takes_self=True
    )
    sender: Sender = Factory(lambda self: self._sender(), takes_self=True)
    follower: Follower = Factory(lambda self: self._follower(), takes_self=True)

    def _sender(self) -> Sender:
        worker = self.worker
        return Sender(
            database=worker.database,
            owner=self.session.owner,
            api=self.client._api,
            journal=self.journal,
            grace=self.grace,
            most_under_way=worker.most_under_way,
            max_consecutive_failures=worker.max_consecutive_failures,
            every=worker.every,
            verify_drs=worker.verify_drs,
        )

    def _follower(self) -> Follower:
        worker = self.worker
        return Follower(
            database=worker.database,
            owner=self.session.owner,
            api=self.client._api,
            journal=self.journal,
            queue=self.queue,
            polling=self.client._polling,
            settle=worker.settle,
            job_timeout=worker.job_timeout,
            verify_drs=worker.verify_drs,
            resend_ambiguous=worker.resend_ambiguous,
            every=worker.every,
        )

    async def run(self, stopped: asyncio.Event, is_done: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Send and follow until told to stop, done, or lost."""
        sending = asyncio.ensure_future(
            self.queue.work(
                self.sender.send,
                self.sender.stopping,
                concurrency=self.worker.concurrency,
                ttl=self.worker.ttl,
            )
        )
        following = asyncio.ensure_future(self.follower.run())
        events = (stopped, self.session.lost, self.sender.refused)
        waits = [asyncio.ensure_future(one) for one in (is_done(), *(event.wait() for event in events))]
        try:
            done, _ = await asyncio.wait({sending, following, *waits}, return_when=asyncio.FIRST_COMPLETED)
            if not self.session.lost.is_set():
                self.sender.stop()
                await asyncio.wait({sending})
        finally:
            await self._end(sending, following, *waits)
        self.session.check()
        if self.sender.error is not None:
            raise self.sender.error
        for one in done:
            _raise(one)

    async def _end(self, *tasks: asyncio.Future[Any]) -> None:
        await self.sender.let_go()
        for one in tasks:
            one.cancel()
        await asyncio.wait(tasks)
        await self.journal.aclose()


def _raise(task: asyncio.Future[Any]) -> None:
    """Raise what ended a task, as one bare error."""
    if not task.cancelled() and (error := task.exception()) is not None:
        raise bare(error)
