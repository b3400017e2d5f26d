"""One thread for one database: what is written while it is busy shares its next transaction.

Nothing here is a task of the event loop. So nobody can cancel a write that was asked for, and closing writes
what is left even while everything else is being cancelled.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from os import PathLike
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from attrs import define, field, frozen

from sbtransfer.errors import JournalError
from sbtransfer.journal.database import Database
from sbtransfer.journal.trouble import not_open, sqlite_trouble

T = TypeVar("T")
Manner: TypeAlias = Literal["write", "read", "alone"]
"""In the next transaction; likewise, but a failure concerns no one else; outside of any transaction."""


@frozen
class _Failed:
    error: Exception


@frozen(eq=False)
class _Job(Generic[T]):
    work: Callable[[sqlite3.Connection], T]
    manner: Manner
    done: asyncio.Future[T]

    def run(self, connection: sqlite3.Connection) -> T | _Failed:
        if self.manner == "write":
            return self.work(connection)
        try:
            return self.work(connection)
        except (sqlite3.Error, JournalError) as error:
            if self.manner == "read" and not connection.in_transaction:
                raise  # SQLite gave the whole transaction up, and what others wrote with it.
            return _Failed(error)


@define(eq=False)
class Worker:
    """Runs work on a database in a thread of its own, in the order in which it was asked for.

    After a transaction that failed it is broken: what is written later could contradict what was lost.
    """

    path: PathLike[str]
    _queue: deque[_Job[Any]] = field(init=False, factory=deque)
    _busy: bool = field(init=False, default=False)
    _failure: JournalError | None = field(init=False, default=None)
    _told: bool = field(init=False, default=False)
    _closed: asyncio.Future[None] | None = field(init=False, default=None)
    _database: Database = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _executor: ThreadPoolExecutor = field(init=False)

    async def open(self, opened: Callable[[], Database]) -> Database:
        """Start the thread and open the database in it; nothing is left of either if that fails."""
        self._loop = asyncio.get_running_loop()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="sbtransfer-journal")
        opening = self._loop.run_in_executor(self._executor, opened)
        try:
            self._database = await _to_the_end(opening)
        except BaseException:
            if opening.exception() is None:
                await _to_the_end(self._loop.run_in_executor(self._executor, opening.result().close))
            self._executor.shutdown()
            raise
        return self._database

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work in the next transaction; return when that is durable."""
        return await self._ask(work, "write")

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work that sees all that was asked for before it."""
        return await self._ask(work, "read")

    async def alone(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work outside of any transaction."""
        return await self._ask(work, "alone")

    async def aclose(self) -> None:
        """Write what is left, close the database, end the thread; a cancellation is raised only then.

        Raises `JournalError` if something could not be written and nobody was left to be told.
        """
        if self._closed is None:
            self._closed = self._loop.create_future()
            self._go_on()
        await _to_the_end(self._closed)
        if self._failure is not None and not self._told:
            raise self._failed()

    def leave(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Let work be part of the next transaction, also while closing, and do not wait for it."""
        if self._failure is None:
            self._put(work, "write").cancel()

    async def _ask(self, work: Callable[[sqlite3.Connection], T], manner: Manner) -> T:
        if self._failure is not None:
            raise self._failed()
        if self._closed is not None:
            raise not_open(self.path)
        return await self._put(work, manner)

    def _put(self, work: Callable[[sqlite3.Connection], T], manner: Manner) -> asyncio.Future[T]:
        job = _Job(work, manner, self._loop.create_future())
        self._queue.append(job)
        self._go_on()
        return job.done

    # In the event loop: one turn after the other -----------------------------------------------------------

    def _go_on(self) -> None:
        if not self._busy:
            self._busy = True
            # Not at once: what other tasks write in this moment belongs in the same transaction.
            self._loop.call_soon(self._take_turn)

    def _take_turn(self) -> None:
        if self._queue:
            jobs = self._next_jobs()
            turn = self._loop.run_in_executor(self._executor, self._run, jobs)
            turn.add_done_callback(partial(self._end_turn, jobs))
        elif self._closed is not None:
            closing = self._loop.run_in_executor(self._executor, self._database.close)
            closing.add_done_callback(self._end)
        else:
            self._busy = False

    def _next_jobs(self) -> list[_Job[Any]]:
        jobs = [self._queue.popleft()]
        while jobs[0].manner != "alone" and self._queue and self._queue[0].manner != "alone":
            jobs.append(self._queue.popleft())
        return jobs

    def _end_turn(self, jobs: Sequence[_Job[Any]], turn: asyncio.Future[list[Any]]) -> None:
        error = turn.exception()
        if error is None:
            for job, result in zip(jobs, turn.result(), strict=True):
                self._tell(job, result)
        else:
            self._break([*jobs, *self._queue], error)
        self._loop.call_soon(self._take_turn)

    def _tell(self, job: _Job[Any], result: Any) -> None:
        if job.done.done():
            return  # Who asked was cancelled.
        if isinstance(result, _Failed):
            job.done.set_exception(self._explained(result.error))
        else:
            job.done.set_result(result)

    def _break(self, jobs: Sequence[_Job[Any]], error: BaseException) -> None:
        self._queue.clear()
        self._failure = self._explained(error)
        for job in jobs:
            if not job.done.done():
                job.done.set_exception(self._failed())

    def _explained(self, error: BaseException) -> JournalError:
        return error if isinstance(error, JournalError) else sqlite_trouble(self.path, error)

    def _failed(self) -> JournalError:
        self._told = True
        assert self._failure is not None  # noqa: S101
        # A new one each time: an exception that is raised in many places collects all their tracebacks.
        return type(self._failure)(*self._failure.args)

    def _end(self, closing: asyncio.Future[None]) -> None:
        # The thread has nothing left to do, so that waiting for its end does not hold up the loop.
        self._executor.shutdown()
        assert self._closed is not None  # noqa: S101
        if error := closing.exception():
            self._closed.set_exception(self._explained(error))
        else:
            self._closed.set_result(None)

    # In the thread -----------------------------------------------------------------------------------------

    def _run(self, jobs: Sequence[_Job[Any]]) -> list[Any]:
        connection = self._database.connection
        if jobs[0].manner == "alone":
            return [jobs[0].run(connection)]
        connection.execute("BEGIN IMMEDIATE")
        try:
            results = [job.run(connection) for job in jobs]
            connection.execute("COMMIT")
        except BaseException:
            # SQLite may have rolled back by itself.
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        return results


async def _to_the_end(future: asyncio.Future[T]) -> T:
    """Wait for a future whatever happens; a cancellation meanwhile is raised when it is done."""
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        future.exception()  # It was looked at, even though the cancellation goes first.
        raise cancelled
    return future.result()
