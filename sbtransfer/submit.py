"""Chunks to jobs: one bulk create a chunk, in the order of the chunks, within the budgets."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any

from attrs import define, field

from sbtransfer import events
from sbtransfer.chunks import CHUNK_SIZE
from sbtransfer.errors import (
    APIError,
    ConsecutiveFailuresError,
    CountError,
    NoAnswerError,
    SBTransferError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from sbtransfer.events import Event
from sbtransfer.grace import Grace
from sbtransfer.halving import Halving
from sbtransfer.http.admission import Admission
from sbtransfer.http.caller import Caller
from sbtransfer.http.policy import surely_undone
from sbtransfer.items import Kind
from sbtransfer.journal.journal import Journal, Sent
from sbtransfer.models import Chunk, Entry, ErrorRecord, Outcome
from sbtransfer.operations.operation import Doubt, Made, Operation, Pending, doubted, failed

_AT_ONCE = 32
"""How many creates of one kind are on their way at once."""


@define
class _Streak:
    """How many chunks in a row were wholly refused, in the order in which they were sent.

    Chunks that are refused take more calls than others, so that the order of the answers says nothing.
    """

    length: int = 0
    _next: int = 0
    _known: dict[int, bool] = field(factory=dict)

    def record(self, number: int, *, refused: bool) -> int:
        """Take a chunk's result; return the longest streak that is complete now."""
        self._known[number] = refused
        longest = 0
        while self._next in self._known:
            self.length = self.length + 1 if self._known.pop(self._next) else 0
            longest = max(longest, self.length)
            self._next += 1
        return longest


@define(eq=False)
class _Lane:
    """The chunks of one kind: they wait for their own budget and hold up no other kind."""

    operation: Operation
    chunks: deque[Chunk] = field(init=False, factory=deque)
    away: int = field(init=False, default=0)
    """How many items were taken and may come back: they are on their way, or in doubt."""
    sending: dict[int, Sequence[Entry]] = field(init=False, factory=dict)
    """The items of each call that is on its way, by the call's number."""
    closed: bool = field(init=False, default=False)
    admitting: bool = field(init=False, default=False)
    slots: asyncio.Semaphore = field(init=False, factory=lambda: asyncio.Semaphore(_AT_ONCE))
    numbers: count[int] = field(init=False, factory=count)
    streak: _Streak = field(init=False, factory=_Streak)
    _changed: asyncio.Event = field(init=False, factory=asyncio.Event)

    @property
    def waiting(self) -> bool:
        return bool(self.chunks) or self.admitting

    def put(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self._changed.set()

    def close(self) -> None:
        self.closed = True
        self._changed.set()

    def settled(self, items: int) -> None:
        """Note that so many items will not come back."""
        self.away -= items
        self._changed.set()

    async def next(self) -> Chunk | None:
        """Wait for a chunk; `None` once no more will come."""
        while not self.chunks:
            if self.closed and not self.away:
                return None
            self._changed.clear()
            await self._changed.wait()
        chunk = self.chunks.popleft()
        self.away += len(chunk.entries)
        return chunk


@define(eq=False)
class Submitter:
    """Sends chunks: hands jobs to `track`, known outcomes to `deliver`, and items in doubt to `doubt`.

    Nothing is sent before the journal holds that it is about to be. `halt` is told when too many chunks in a
    row were wholly refused. `holding` counts the items that were put in and not yet handed on.
    """

    operations: Mapping[Kind, Operation]
    caller: Caller
    journal: Journal
    grace: Grace
    track: Callable[[Kind, Sequence[Pending]], None]
    deliver: Callable[[Sequence[Outcome]], None]
    doubt: Callable[[Kind, Sequence[Doubt]], None]
    halt: Callable[[SBTransferError], None]
    max_consecutive_failures: int
    holding: int = field(init=False, default=0)
    stopped: bool = field(init=False, default=False)
    _lanes: dict[Kind, _Lane] = field(init=False)
    _tasks: set[asyncio.Task[None]] = field(init=False, factory=set)

    def __attrs_post_init__(self) -> None:
        self._lanes = {kind: _Lane(operation) for kind, operation in self.operations.items()}

    @property
    def waiting_for(self) -> set[Kind]:
        """The kinds of which chunks wait to be sent."""
        return {kind for kind, lane in self._lanes.items() if lane.waiting}

    def put(self, chunk: Chunk) -> None:
        """Take a chunk to be sent."""
        self.holding += len(chunk.entries)
        self._lanes[chunk.kind].put(chunk)

    def again(self, kind: Kind, entries: Sequence[Entry]) -> None:
        """Take items to be sent again: they were in doubt, and surely were not done.

        From the second time on in ever smaller parts: one of them may be what the platform stumbles over.
        """
        alike: defaultdict[tuple[tuple[Hashable, ...], int], list[Entry]] = defaultdict(list)
        for entry in entries:
            alike[entry.item.call_key, entry.attempts].append(entry)
        for (key, sent), some in alike.items():
            size = max(CHUNK_SIZE >> max(sent - 1, 0), 1)
            for start in range(0, len(some), size):
                self.put(Chunk(kind, key, tuple(some[start : start + size])))

    def expect(self, kind: Kind, items: int) -> None:
        """Wait for so many items that are in doubt from the start: they may have to be sent."""
        self._lanes[kind].away += items

    def settled(self, kind: Kind, items: int) -> None:
        """Note that so many items are in doubt no more."""
        self._lanes[kind].settled(items)

    async def sending(self, kind: Kind) -> list[Entry]:
        """Return the items of the calls that are on their way."""
        return [entry for entries in self._lanes[kind].sending.values() for entry in entries]

    def no_more(self) -> None:
        """Say that the last chunk was put in."""
        for lane in self._lanes.values():
            lane.close()

    def stop(self) -> None:
        """Send nothing more; what is on its way is followed to its answer."""
        self.stopped = True
        for task in self._tasks:
            if not self.grace.protects(task):
                task.cancel()

    async def run(self) -> None:
        """Send chunks until there are no more. Ends with the errors that end the run."""
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes.values():
                self._spawn(group, self._drive(lane, group))

    def _spawn(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _drive(self, lane: _Lane, group: asyncio.TaskGroup) -> None:
        while not self.stopped and (chunk := await lane.next()):
            await self.caller.start()
            rest = chunk.entries
            while rest:
                lane.admitting = True
                await lane.slots.acquire()
                try:
                    admission = await self._admit(lane.operation, len(rest), fewer=True)
                except BaseException:
                    lane.slots.release()
                    raise
                lane.admitting = False
                carried = len(rest) if admission.files is None else admission.files.amount
                part, rest = rest[:carried], rest[carried:]
                task = self._spawn(group, self._send(lane, part, admission))
                task.add_done_callback(partial(_over, lane, admission))

    async def _admit(self, operation: Operation, items: int, *, fewer: bool = False) -> Admission:
        files = items if operation.spends_files else 0
        return await self.caller.admit("submit", files=files, partial=fewer, grace=self.grace)

    async def _send(self, lane: _Lane, entries: Sequence[Entry], admission: Admission) -> None:
        """Send one chunk, in halves where it is refused as a whole."""
        number, halving = next(lane.numbers), Halving(entries)
        while part := halving.next:
            if halving.attempts > 1:
                admission = await self._admit(lane.operation, len(part))
            sent = await self._intend(lane, part, halving.attempts, admission)
            try:
                refusal = await self._create(lane, part, sent, admission)
            finally:
                del lane.sending[sent.call]
            if refusal is None:
                halving.accepted()
            else:
                self._tell(events.CHUNK_REFUSED, lane, sent, part, status=refusal.status, error=str(refusal))
                refused = failed(halving.refused(refusal), sent, ErrorRecord.of(refusal))
                await self.journal.ended(refused)
                self._hand_over(lane, Made(outcomes=refused))
            if self.stopped or self.grace.leaving:
                return
        streak = lane.streak.record(number, refused=halving.wholly_refused)
        if refusal is not None and streak >= self.max_consecutive_failures:
            self.halt(ConsecutiveFailuresError.after(streak, refusal))

    async def _intend(self, lane: _Lane, part: Sequence[Entry], attempts: int, admission: Admission) -> Sent:
        """Write down what is about to be sent."""
        try:
            sent = await self.journal.intend(
                lane.operation.kind, part, self.caller.clock.now(), datetime.now(UTC), attempts
            )
        except BaseException:
            admission.give_back()
            raise
        lane.sending[sent.call] = part
        self._tell(events.CHUNK_SENT, lane, sent, part, attempts=attempts)
        return sent

    def _tell(self, event: Event, lane: _Lane, sent: Sent, part: Sequence[object], **more: Any) -> None:
        kind = lane.operation.kind
        event.tell(self.caller.listener, kind=kind, create=sent.call, items=len(part), **more)

    async def _create(
        self, lane: _Lane, part: Sequence[Entry], sent: Sent, admission: Admission
    ) -> APIError | None:
        """Send one create and hand on what it came to; return the error if it was refused as a whole."""
        try:
            made = await lane.operation.create(part, sent, admission)
        except (APIError, NoAnswerError, UnreadableAnswerError) as error:
            if isinstance(error, APIError) and surely_undone(error):
                await self.journal.undone(sent.call)
                if isinstance(error, UnauthorizedError):
                    raise
                return error
            made = Made(doubts=doubted(part, sent, str(error)))
        except BaseException:
            if not admission.in_doubt:
                await self.journal.undone(sent.call)
            raise
        if made.items != len(part):
            raise CountError(f"{len(part)} items were sent, {made.items} are accounted for")
        await self.journal.answered(sent.call, made.jobs, made.outcomes)
        if made.doubts:
            self._tell(events.DOUBT_FOUND, lane, sent, made.doubts, error=made.doubts[0].reason)
        else:
            self._tell(
                events.CHUNK_ACCEPTED, lane, sent, part, jobs=len(made.pending), refused=len(made.outcomes)
            )
        self._hand_over(lane, made)
        return None

    def _hand_over(self, lane: _Lane, made: Made) -> None:
        kind = lane.operation.kind
        self.holding -= made.items
        self.track(kind, made.pending)
        self.deliver(made.outcomes)
        self.doubt(kind, made.doubts)
        lane.settled(made.items - len(made.doubts))


def _over(lane: _Lane, admission: Admission, _: asyncio.Task[None]) -> None:
    """Free a call's place, and its tokens if the task ended before it could even begin."""
    lane.slots.release()
    admission.give_back()
