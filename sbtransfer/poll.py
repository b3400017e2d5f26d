"""Jobs to outcomes: each job is looked at when that is worth a request, a hundred with one."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count

from attrs import define, field

from sbtransfer import events
from sbtransfer.errors import (
    APIError,
    CountError,
    NoAnswerError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from sbtransfer.experience import Experience
from sbtransfer.http.admission import Admission
from sbtransfer.http.caller import Caller
from sbtransfer.items import Kind
from sbtransfer.journal.journal import Journal
from sbtransfer.models import ErrorRecord, Outcome
from sbtransfer.operations.operation import Operation, Pending, Seen, unconfirmed
from sbtransfer.polling import Plan, Polling

_AT_ONCE = 16
"""How many looks of one kind are on their way at once."""

_ENOUGH_TO_PLAN = 50
"""After so many jobs, at least, what is known of their durations makes a new plan."""

_UNREADABLE_LOOKS = 5
"""After so many error records in a row for one job, nothing more will be learned of it."""


@define(eq=False)
class Schedule:
    """The jobs of one kind, by the time of their next look. Pure: time comes in as a number.

    It learns from what the looks show, and plans anew whenever it knows half as much again. No job is left
    without a look when it reaches `oldest` seconds.
    """

    polling: Polling
    oldest: float = float("inf")
    plan: Plan = field(init=False)
    experience: Experience = field(init=False, factory=Experience)
    _news: int = field(init=False, default=0)
    _jobs: int = field(init=False, default=0)
    _heap: list[tuple[float, int, list[Pending]]] = field(init=False, factory=list)
    """Jobs of the same age, last seen at the same time, by the time of their next look."""
    _numbers: count[int] = field(init=False, factory=count)

    def __attrs_post_init__(self) -> None:
        self.plan = self.polling.first_plan()

    def __len__(self) -> int:
        return self._jobs

    @property
    def due(self) -> float:
        """When the next look is due; infinite if there are no jobs."""
        return self._heap[0][0] if self._heap else float("inf")

    def add(self, pending: Iterable[Pending], now: float, spare: float = 0.0) -> None:
        """Plan the next look at jobs that are under way now; `spare` requests, from 0 to 1, hasten it."""
        for alike in _alike(pending):
            one = alike[0]
            age = now - one.since
            if age > 0:
                self.experience.saw_running(one.looked - one.since, age, len(alike))
            for one in alike:
                one.looked = now
            self._plan(alike, now, spare)

    def postpone(self, pending: Iterable[Pending], now: float, spare: float = 0.0) -> None:
        """Plan the next look at jobs of which nothing was seen now."""
        for alike in _alike(pending):
            self._plan(alike, now, spare)

    def _plan(self, alike: list[Pending], now: float, spare: float) -> None:
        since = alike[0].since
        age = self.plan.next_look(now - since, spare)
        heapq.heappush(self._heap, (since + min(age, self.oldest), next(self._numbers), alike))
        self._jobs += len(alike)

    def take(self, now: float, most: int) -> list[Pending]:
        """Take up to `most` jobs that are due, and fill up with those that nearly are."""
        taken: list[Pending] = []
        while self._heap and len(taken) < most and self._worth_a_look(now):
            alike = self._heap[0][2]
            room = most - len(taken)
            taken += alike[:room]
            if len(alike) > room:
                del alike[:room]
            else:
                heapq.heappop(self._heap)
        self._jobs -= len(taken)
        return taken

    def _worth_a_look(self, now: float) -> bool:
        due, _, alike = self._heap[0]
        # The request is paid for: a look that comes a fifth of its interval early costs nothing.
        return due - now <= (due - alike[0].looked) / 5

    def ended(self, pending: Iterable[Pending], now: float) -> None:
        """Learn from jobs that ended somewhere between the last two looks."""
        for alike in _alike(pending):
            one = alike[0]
            self.experience.saw_ended(one.looked - one.since, now - one.since, len(alike))
            self._news += len(alike)
        if self._news >= max(_ENOUGH_TO_PLAN, self.experience.ended / 2):
            self.plan, self._news = self.polling.plan(self.experience.survival(), self.plan), 0


def _alike(pending: Iterable[Pending]) -> list[list[Pending]]:
    """Part jobs into those of the same age that were last seen at the same time, in the order given."""
    groups: dict[tuple[float, float], list[Pending]] = {}
    for one in pending:
        groups.setdefault((one.since, one.looked), []).append(one)
    return list(groups.values())


@define(eq=False)
class _Watch:
    """The jobs of one kind, on their schedule and under a look."""

    operation: Operation
    schedule: Schedule
    looking: int = field(init=False, default=0)
    slots: asyncio.Semaphore = field(init=False, factory=lambda: asyncio.Semaphore(_AT_ONCE))
    changed: asyncio.Event = field(init=False, factory=asyncio.Event)

    @property
    def idle(self) -> bool:
        return not self.schedule and not self.looking

    def add(self, pending: Iterable[Pending], now: float, spare: float) -> None:
        with self._noticed():
            self.schedule.add(pending, now, spare)

    def postpone(self, pending: Iterable[Pending], now: float) -> None:
        with self._noticed():
            self.schedule.postpone(pending, now)

    @contextmanager
    def _noticed(self) -> Iterator[None]:
        """Let nobody sleep over a look that is due earlier now."""
        due = self.schedule.due
        yield
        if self.schedule.due < due:
            self.changed.set()

    async def change(self) -> None:
        """Wait until something changes, or the next look is due."""
        self.changed.clear()
        timer = None
        if self.schedule:
            timer = asyncio.get_running_loop().call_at(self.schedule.due, self.changed.set)
        try:
            await self.changed.wait()
        finally:
            if timer is not None:
                timer.cancel()


@define(eq=False)
class Poller:
    """Follows jobs to their end and hands their items' outcomes to `deliver`, once the journal holds them.

    A look that fails never ends an item. A job that outlives `job_timeout` seconds ends UNCONFIRMED: it may
    still finish on the platform. `spare` says how much of the budget is free for comfort. `holding` counts
    the items whose jobs are followed.
    """

    operations: Iterable[Operation]
    caller: Caller
    journal: Journal
    polling: Polling
    deliver: Callable[[Sequence[Outcome]], None]
    spare: Callable[[], float]
    job_timeout: float = float("inf")
    holding: int = field(init=False, default=0)
    _closed: bool = field(init=False, default=False)
    _watches: dict[str, _Watch] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._watches = {
            operation.kind: _Watch(operation, Schedule(self.polling, self.job_timeout))
            for operation in self.operations
        }

    def track(self, kind: Kind, pending: Sequence[Pending]) -> None:
        """Follow jobs that were just accepted."""
        now = asyncio.get_running_loop().time()
        for one in pending:
            one.since = now
            self.holding += len(one.open)
        self._watches[kind].add(pending, now, self.spare())

    def track_again(self, kind: Kind, pending: Sequence[Pending]) -> None:
        """Follow jobs that were accepted some time ago, by the platform's clock."""
        now, platform_now = asyncio.get_running_loop().time(), self.caller.clock.now()
        for one in pending:
            one.since, one.looked = now - max(platform_now - one.sent.begun, 0.0), now
            self.holding += len(one.open)
        self._watches[kind].postpone(pending, now)

    def no_more(self) -> None:
        """Say that no further jobs will come."""
        self._closed = True
        for watch in self._watches.values():
            watch.changed.set()

    async def run(self) -> None:
        """Look at jobs until there are no more. Ends with the errors that end the run."""
        async with asyncio.TaskGroup() as group:
            for watch in self._watches.values():
                group.create_task(self._drive(watch, group))

    async def _drive(self, watch: _Watch, group: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        while not (self._closed and watch.idle):
            if watch.schedule.due > loop.time():
                await watch.change()
                continue
            await watch.slots.acquire()
            try:
                admission = await self.caller.admit("poll")
            except BaseException:
                watch.slots.release()
                raise
            # Taken only now: while the call waited for leave, further jobs may have become due.
            batch = watch.schedule.take(loop.time(), watch.operation.jobs_per_look)
            watch.looking += 1
            task = group.create_task(self._look(watch, batch, admission))
            task.add_done_callback(partial(_over, watch, admission))

    async def _look(self, watch: _Watch, batch: Sequence[Pending], admission: Admission) -> None:
        try:
            seen = await watch.operation.look(batch, admission)
        except UnauthorizedError:
            raise
        except (APIError, NoAnswerError, UnreadableAnswerError):
            seen = Seen(unseen=list(batch))
        if seen.jobs != len(batch) or seen.items_ended != len(seen.outcomes):
            raise CountError(f"{len(batch)} jobs were looked at, of which some are not accounted for: {seen}")
        await self._settle(watch, seen, asyncio.get_running_loop().time())
        events.LOOK_DONE.tell(
            self.caller.listener,
            kind=watch.operation.kind,
            jobs=len(batch),
            ended=len(seen.ended),
            running=len(seen.running),
            unseen=len(seen.unseen) + len(seen.unreadable),
        )
        try:
            await watch.operation.charge(seen)
        except UnauthorizedError:
            raise
        except (APIError, NoAnswerError, UnreadableAnswerError) as error:
            events.BUNDLE_UNCOUNTED.tell(self.caller.listener, error=str(error))

    async def _settle(self, watch: _Watch, seen: Seen, now: float) -> None:
        for one in seen.running:
            one.failures = 0
        lost = self._lost(seen)
        running, old_running = self._by_age(seen.running, now)
        others = [one for one, _ in seen.unreadable if id(one) not in {id(each) for each, _ in lost}]
        unseen, old_unseen = self._by_age(seen.unseen + others, now)
        lost += [(one, self._timeout) for one in old_running + old_unseen]
        outcomes = seen.outcomes + [
            outcome for one, error in lost for outcome in unconfirmed(one.open, one.sent, error, one.job_id)
        ]
        await self.journal.ended(outcomes)
        watch.schedule.ended(seen.ended, now)
        self.holding -= len(outcomes)
        self.deliver(outcomes)
        watch.add(running, now, self.spare())
        watch.postpone(unseen, now)

    def _lost(self, seen: Seen) -> list[tuple[Pending, ErrorRecord]]:
        """Return the jobs that had an error record too many times."""
        for one, _ in seen.unreadable:
            one.failures += 1
        return [(one, error) for one, error in seen.unreadable if one.failures >= _UNREADABLE_LOOKS]

    def _by_age(self, pending: Sequence[Pending], now: float) -> tuple[list[Pending], list[Pending]]:
        """Part jobs into those to be looked at again and those that outlived the timeout."""
        if self.job_timeout == float("inf"):
            return list(pending), []
        old = [one for one in pending if now - one.since >= self.job_timeout]
        return [one for one in pending if now - one.since < self.job_timeout], old

    @property
    def _timeout(self) -> ErrorRecord:
        message = f"still under way after {self.job_timeout:g} s; it may finish on the platform"
        return ErrorRecord(code="job_timeout", message=message)


def _over(watch: _Watch, admission: Admission, _: asyncio.Task[None]) -> None:
    watch.looking -= 1
    watch.slots.release()
    watch.changed.set()
    admission.give_back()
