"""The budgets of a platform's user that many processes share, through one database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any

from attrs import define, field

from sbtransfer.budget import Budget, Unlimited
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.joining import leave_to_ask
from sbtransfer.cluster.leased import LeasedBudget
from sbtransfer.cluster.schema import Connection
from sbtransfer.cluster.session import Role, Session, owner_id
from sbtransfer.cluster.tokens import register, spend
from sbtransfer.errors import ClusterError, UsageError
from sbtransfer.exact import ExactBudget
from sbtransfer.journal.journal import BudgetName
from sbtransfer.limits import Limits, Who

_CLOSING = 5.0
"""Seconds for which a budget that is closed tries to tell what it has spent."""


@define(eq=False, repr=False)
class SharedBudget:
    """What `Client(budget=…)` takes: its limits are shared with all who use the same database for that user.

    No window of the limits' periods ever holds more than the limits, in all processes together. A process of
    which the database has heard nothing for `ttl` seconds is dead: its tokens count as spent from then on,
    and should it live nevertheless, it sends nothing more (`SessionLostError`).

    It belongs to one client, which closes it; the database stays open.
    """

    database: Database
    ttl: float = 30.0
    role: Role = "client"
    _who: Callable[[], Awaitable[Who]] | None = field(init=False, default=None)
    _endpoint: str = field(init=False, default="")
    _leased: list[LeasedBudget] = field(init=False, factory=list)
    _session: Session | None = field(init=False, default=None)
    _joining: asyncio.Task[Session] | None = field(init=False, default=None)
    _watching: asyncio.Task[None] | None = field(init=False, default=None)
    _tasks: list[asyncio.Task[None]] = field(init=False, factory=list)
    _closed: bool = field(init=False, default=False)

    def __repr__(self) -> str:
        return f"<SharedBudget {self._leased or 'without limits'} in {self.database.where}>"

    def bind(self, endpoint: str, limits: Limits, who: Callable[[], Awaitable[Who]]) -> tuple[Budget, Budget]:
        """Return the budgets of requests and of files, for one client; `who` tells whose they are."""
        if self._who is not None:
            raise UsageError("a shared budget belongs to one client: make another one for each client")
        self._endpoint, self._who = endpoint, who
        return (
            self._shared("requests", limits.request_budget()),
            self._shared("files", limits.file_budget()),
        )

    def _shared(self, name: BudgetName, budget: Budget) -> Budget:
        """Return the shared budget that is as large as one of one process; what is unlimited stays so."""
        if not isinstance(budget, ExactBudget):
            return Unlimited()
        # What others have spent is to be known before long, against the time that tokens and sessions have.
        patience = min(self.ttl / 8, budget.period / 100)
        shared = LeasedBudget(name, budget.capacity, budget.period, self.database, self.session, patience)
        self._leased.append(shared)
        return shared

    def check(self) -> None:
        """Raise `SessionLostError` where this process must send nothing more."""
        if self._session is not None:
            self._session.check()

    async def session(self) -> Session:
        """Return the session to which the tokens belong; the first call begins it.

        The platform is asked once whose token it is. What goes wrong is raised for all who wait; the next
        call tries again.
        """
        if self._session is not None:
            return self._session
        if self._who is None or self._closed:
            raise UsageError("a shared budget is used by an open client alone: Client(budget=...)")
        if self._joining is None or self._joining.done():
            self._joining = asyncio.create_task(self._join(), name="sbtransfer joins its cluster")
            self._joining.add_done_callback(_seen)
        joining = self._joining
        try:
            return await asyncio.shield(joining)
        except asyncio.CancelledError:
            if joining.cancelled():
                raise UsageError("the budget was closed") from None
            raise

    async def _join(self) -> Session:
        async with AsyncExitStack() as stack:
            if self._leased:
                await stack.enter_async_context(leave_to_ask(self.database, self._endpoint, self.ttl))
            session = await self._ask_and_open()
        self._session = session
        self._begin(session)
        return session

    async def _ask_and_open(self) -> Session:
        assert self._who is not None  # noqa: S101
        who = await self._who()
        owner = await self.database.transaction(
            lambda connection: owner_id(connection, who.endpoint, who.username)
        )
        session = Session(self.database, owner, self.role, self.ttl)

        async def same_limits(connection: Connection, number: int) -> None:
            limits = {one.name: (one.capacity, one.period) for one in self._leased}
            await register(connection, owner, number, limits)
            await spend(connection, owner, "requests", 1)  # the question whose token it is

        return await session.open(same_limits)

    def _begin(self, session: Session) -> None:
        for one in self._leased:
            one.begin(session)
            task = asyncio.create_task(one.run(), name=f"sbtransfer shares {one.name}")
            task.add_done_callback(self._ended)
            self._tasks.append(task)
        self._watching = asyncio.create_task(self._watch(session), name="sbtransfer watches its session")

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Let nobody wait for tokens that nobody will fetch any more."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception) and self._session is not None:
            self._fail(error)
            self._session.lose()

    async def _watch(self, session: Session) -> None:
        """Let everybody go who waits for tokens of a session that is lost."""
        await session.lost.wait()
        for task in self._tasks:
            task.cancel()
        try:
            session.check()
        except ClusterError as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        for one in self._leased:
            one.fail(error)

    async def aclose(self) -> None:
        """Tell what was spent, give back what was not, and end the session."""
        self._closed = True
        for one in self._leased:
            one.leave()
        try:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_CLOSING)
        finally:
            await _cancelled(
                task for task in (self._joining, self._watching, *self._tasks) if task is not None
            )
            if self._session is not None:
                await self._session.aclose()


async def _cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Wait until tasks that are not needed any more have ended."""
    left = {task for task in tasks if task.cancel()}
    if left:
        await asyncio.wait(left)


def _seen(task: asyncio.Task[Session]) -> None:
    """Note that its error was seen, also where everybody who waited for it has left."""
    if not task.cancelled():
        task.exception()
