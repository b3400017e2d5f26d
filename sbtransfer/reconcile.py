"""Doubts to certainty: what became of items whose create was sent and not answered.

Nothing in doubt is sent again before the platform has shown that it was not done, and it is given `settle`
seconds to finish what it may still be working on.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from attrs import define, evolve, field, frozen

from sbtransfer import events
from sbtransfer.errors import (
    APIError,
    NoAnswerError,
    SBTransferError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from sbtransfer.events import Listener
from sbtransfer.items import Kind
from sbtransfer.journal.journal import Journal
from sbtransfer.models import Entry, ErrorRecord, Outcome
from sbtransfer.operations.operation import Doubt, Made, Pending, failed, unconfirmed
from sbtransfer.operations.search import Found, Search

_EARLY = 0.1
"""The first look comes after this part of `settle`: most calls without an answer were done by then."""

_MOST_CALLS = 8
"""An item that was sent so many times, each time without an answer and without being done, has failed."""

_MOST_FAILURES = 5
"""After so many looks in a row that failed, nothing will be learned any more."""


@define(eq=False)
class _Desk:
    """The doubts about one kind of item, and the looks at the platform for them."""

    search: Search
    settle: float
    doubts: list[Doubt] = field(init=False, factory=list)
    failures: int = field(init=False, default=0)
    not_before: float = field(init=False, default=0.0)
    changed: asyncio.Event = field(init=False, factory=asyncio.Event)

    @property
    def due(self) -> float:
        """When the next look is due; infinite if there are no doubts."""
        return max(min(map(self.due_for, self.doubts), default=float("inf")), self.not_before)

    def due_for(self, doubt: Doubt) -> float:
        """When a doubt is next worth a look."""
        early = self.search.looks > 1 and not doubt.looks
        return doubt.since + self.settle * (_EARLY if early else 1)

    def ripe(self, now: float) -> list[Doubt]:
        """Return the doubts for which a look now says something: one look serves as many as possible."""
        if self.search.looks > 1:
            return list(self.doubts)
        return [doubt for doubt in self.doubts if self.settled(doubt, now)]

    def settled(self, doubt: Doubt, looked: float) -> bool:
        """Whether the platform had all the time it may take when it was looked at."""
        return looked >= doubt.since + self.settle

    def missed(self, absent: Sequence[Doubt], looked: float) -> list[Doubt]:
        """Count a look that would have shown these; return those that surely were not done."""
        for doubt in absent:
            doubt.absences += 1
        return [
            doubt for doubt in absent if doubt.absences >= self.search.looks and self.settled(doubt, looked)
        ]

    def rest(self, since: float, now: float) -> None:
        """Look no more for a while after a look that began at `since`: one is to serve many doubts."""
        self.not_before = now + max(self.settle * _EARLY * 2.0**self.failures, now - since)

    async def wait(self) -> None:
        """Wait until a look is due, or something changes."""
        self.changed.clear()
        timer = None
        if self.doubts:
            timer = asyncio.get_running_loop().call_at(self.due, self.changed.set)
        try:
            await self.changed.wait()
        finally:
            if timer is not None:
                timer.cancel()


@define(eq=False)
class Reconciler:
    """Settles doubts: hands jobs that were found to `track`, outcomes to `deliver`, the rest to `again`.

    `again` gets items that surely were not done; `settled` is told of every item that is in doubt no more.
    `rivals` names the items of a kind in calls that are on their way. `holding` counts the items in doubt.
    """

    searches: Mapping[Kind, Search]
    journal: Journal
    settle: float
    track: Callable[[Kind, Sequence[Pending]], None]
    deliver: Callable[[Sequence[Outcome]], None]
    again: Callable[[Kind, Sequence[Entry]], None]
    settled: Callable[[Kind, int], None]
    rivals: Callable[[Kind], Awaitable[list[Entry]]]
    listener: Listener | None = None
    _closed: bool = field(init=False, default=False)
    _desks: dict[Kind, _Desk] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._desks = {kind: _Desk(search, self.settle) for kind, search in self.searches.items()}

    @property
    def holding(self) -> int:
        """How many items are in doubt."""
        return sum(len(desk.doubts) for desk in self._desks.values())

    @property
    def calls(self) -> int:
        """How many creates are in doubt."""
        return len({doubt.sent.call for desk in self._desks.values() for doubt in desk.doubts})

    def put(self, kind: Kind, doubts: Sequence[Doubt]) -> None:
        """Take items that have come into doubt now."""
        desk, now = self._desks[kind], asyncio.get_running_loop().time()
        for doubt in doubts:
            doubt.since = now
        desk.doubts += doubts
        desk.changed.set()

    def no_more(self) -> None:
        """Say that no further doubts will come."""
        self._closed = True
        for desk in self._desks.values():
            desk.changed.set()

    async def run(self) -> None:
        """Settle doubts until there are no more. Ends with the errors that end the run."""
        async with asyncio.TaskGroup() as group:
            for kind, desk in self._desks.items():
                group.create_task(self._drive(kind, desk))

    async def _drive(self, kind: Kind, desk: _Desk) -> None:
        loop = asyncio.get_running_loop()
        while desk.doubts or not self._closed:
            began = loop.time()
            if desk.due > began:
                await desk.wait()
            else:
                await self._look(kind, desk, began)
                desk.rest(began, loop.time())

    async def _look(self, kind: Kind, desk: _Desk, now: float) -> None:
        doubts = desk.ripe(now)
        beside = _Beside(self.journal, self.rivals, desk, kind, {id(doubt) for doubt in doubts})
        try:
            found = await desk.search.find(doubts, beside)
            last = await desk.search.confirm_absence(desk.missed(found.absent, now))
        except UnauthorizedError:
            raise
        except (APIError, NoAnswerError, UnreadableAnswerError) as error:
            events.DOUBT_UNREAD.tell(self.listener, kind=kind, items=len(doubts), error=str(error))
            desk.failures += 1
            if desk.failures < _MOST_FAILURES:
                return
            found, last = _given_up(doubts, error), Found()
        desk.failures = 0
        for doubt in doubts:
            doubt.looks += 1
        unclear = [(doubt, why) for doubt, why in found.unclear if desk.settled(doubt, now)] + last.unclear
        hopeless = [doubt for doubt in last.absent if _calls(doubt) >= _MOST_CALLS]
        concluded = [*map(_unconfirmed, unclear), *map(_never_answered, hopeless)]
        made = Made(found.made.pending, found.made.outcomes + last.made.outcomes + concluded)
        await self._conclude(kind, desk, made, [doubt for doubt in last.absent if doubt not in hopeless])

    async def _conclude(self, kind: Kind, desk: _Desk, made: Made, absent: Sequence[Doubt]) -> None:
        indexes = {*made.jobs, *(outcome.index for outcome in made.outcomes)}
        concluded = [doubt for doubt in desk.doubts if doubt.entry.index in indexes]
        await self._write(made, concluded)
        await self.journal.waiting([doubt.entry.index for doubt in absent])
        gone = {id(doubt) for doubt in (*concluded, *absent)}
        desk.doubts = [doubt for doubt in desk.doubts if id(doubt) not in gone]
        self.track(kind, made.pending)
        self.deliver(made.outcomes)
        self.again(kind, [_to_be_sent_again(doubt) for doubt in absent])
        self.settled(kind, len(gone))
        if gone:
            events.DOUBT_SETTLED.tell(
                self.listener, kind=kind, items=len(gone), found=len(concluded), again=len(absent)
            )

    async def _write(self, made: Made, doubts: Sequence[Doubt]) -> None:
        """Note what was found, for each call in doubt."""
        jobs, outcomes = made.jobs, {outcome.index: outcome for outcome in made.outcomes}
        calls: defaultdict[int, list[int]] = defaultdict(list)
        for doubt in doubts:
            calls[doubt.sent.call].append(doubt.entry.index)
        for call, indexes in calls.items():
            await self.journal.answered(
                call,
                {index: jobs[index] for index in indexes if index in jobs},
                [outcomes[index] for index in indexes if index in outcomes],
            )


@frozen
class _Beside:
    """What else goes on while doubts are looked into; see `operations.search.Beside`."""

    _journal: Journal
    _sending: Callable[[Kind], Awaitable[list[Entry]]]
    _desk: _Desk
    _kind: Kind
    _looked_into: Collection[int]

    async def known(self, job_ids: Collection[str]) -> set[str]:
        return await self._journal.known(job_ids)

    async def rivals(self) -> list[Entry]:
        sending = await self._sending(self._kind)
        others = [doubt.entry for doubt in self._desk.doubts if id(doubt) not in self._looked_into]
        return sending + others


def _calls(doubt: Doubt) -> int:
    return doubt.entry.attempts + doubt.sent.attempts


def _to_be_sent_again(doubt: Doubt) -> Entry:
    return evolve(doubt.entry, attempts=_calls(doubt))


def _never_answered(doubt: Doubt) -> Outcome:
    message = f"sent {_calls(doubt)} times and never done; the last time: {doubt.reason}"
    error = ErrorRecord(code="unanswered", message=message)
    (outcome,) = failed((doubt.entry,), doubt.sent, error)
    return outcome


def _unconfirmed(unclear: tuple[Doubt, str]) -> Outcome:
    doubt, why = unclear
    error = ErrorRecord(code="ambiguous", message=f"{doubt.reason}; {why}")
    (outcome,) = unconfirmed((doubt.entry,), doubt.sent, error)
    return outcome


def _given_up(doubts: Sequence[Doubt], error: SBTransferError) -> Found:
    return Found(unclear=[(doubt, f"what became of it cannot be read: {error}") for doubt in doubts])
