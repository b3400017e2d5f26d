"""Submitting: streaks in the order of sending, and calls that are accounted for to the item."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve

from sbtransfer import CountError, VolumeImport
from sbtransfer.errors import APIError, ConsecutiveFailuresError, NoAnswerError, SBTransferError
from sbtransfer.grace import Grace
from sbtransfer.http.admission import Admission
from sbtransfer.http.clock import PlatformClock
from sbtransfer.items import Kind
from sbtransfer.journal import MemoryJournal
from sbtransfer.journal.journal import Sent
from sbtransfer.models import Chunk, Entry, Outcome
from sbtransfer.operations.operation import Doubt, Made, Pending
from sbtransfer.submit import Submitter, _Streak


def chunk(start: int, count: int) -> Chunk:
    items = [VolumeImport(volume="a/b", location=f"{n}", project="c/d") for n in range(start, start + count)]
    return Chunk("import", ("import",), tuple(map(Entry, range(start, start + count), items)))


class Desk:
    """A submitter whose creates do what a test says."""

    kind, jobs_per_look, spends_files = "import", 100, False
    listener = None

    def __init__(self, create: Any) -> None:
        self._create = create
        self.tracked: list[Pending] = []
        self.doubted: list[Doubt] = []
        self.lost_work_was_done = True
        self.delivered: list[Outcome] = []
        self.halted: list[SBTransferError] = []
        self.sent: list[list[int]] = []
        operations: Any = {"import": self}
        caller: Any = self
        self.clock = PlatformClock()
        self.journal = MemoryJournal()
        self.submitter = Submitter(
            operations,
            caller,
            self.journal,
            Grace(1),
            self.track,
            self.delivered.extend,
            self.doubt,
            self.halted.append,
            3,
        )

    async def start(self) -> None:
        pass

    async def admit(self, *_: object, **__: object) -> Admission:
        return Admission("submit")

    def track(self, kind: Kind, pending: Sequence[Pending]) -> None:
        self.tracked.extend(pending)

    def doubt(self, kind: Kind, doubts: Sequence[Doubt]) -> None:
        """Settle doubts at once: nothing was done, or all was."""
        self.doubted.extend(doubts)
        if self.lost_work_was_done:
            self.submitter.settled(kind, len(doubts))
        else:
            self.submitter.again(
                kind, [evolve(one.entry, attempts=one.entry.attempts + one.sent.attempts) for one in doubts]
            )
            self.submitter.settled(kind, len(doubts))

    async def create(self, entries: Sequence[Entry], sent: Sent, admission: Admission) -> Made:
        indexes = [entry.index for entry in entries]
        self.sent.append(indexes)
        await self._create(indexes)
        return Made(pending=[Pending(f"job-{entry.index}", (entry,), sent) for entry in entries])

    async def run(self, *chunks: Chunk) -> None:
        for one in chunks:
            self.submitter.put(one)
        self.submitter.no_more()
        await self.submitter.run()


async def accept(_: list[int]) -> None:
    pass


async def test_chunks_are_sent_in_their_order_and_handed_on() -> None:
    desk = Desk(accept)
    await desk.run(chunk(0, 100), chunk(100, 50), chunk(150, 1))
    assert [indexes[0] for indexes in desk.sent] == [0, 100, 150]
    assert [pending.entries[0].index for pending in desk.tracked] == list(range(151))
    assert desk.submitter.holding == 0
    assert desk.delivered == []


async def test_what_is_held_is_counted_until_it_is_handed_on() -> None:
    waiting = asyncio.Event()

    async def wait(_: list[int]) -> None:
        await waiting.wait()

    desk = Desk(wait)
    running = asyncio.create_task(desk.run(chunk(0, 100), chunk(100, 7)))
    await asyncio.sleep(0.01)
    assert desk.submitter.holding == 107
    waiting.set()
    await running
    assert desk.submitter.holding == 0


async def test_an_unclear_call_puts_its_items_in_doubt_and_is_not_sent_again() -> None:
    async def lose(_: list[int]) -> None:
        raise NoAnswerError("hung up")

    desk = Desk(lose)
    await desk.run(chunk(0, 3))
    assert desk.sent == [[0, 1, 2]]
    assert [(one.entry.index, one.reason) for one in desk.doubted] == [(n, "hung up") for n in range(3)]
    assert desk.delivered == []
    assert desk.submitter.holding == 0


async def test_items_that_surely_were_not_done_are_sent_again_in_ever_smaller_parts() -> None:
    lost = 0

    async def lose(_: list[int]) -> None:
        nonlocal lost
        lost += 1
        if lost <= 3:
            raise NoAnswerError("hung up")

    desk = Desk(lose)
    desk.lost_work_was_done = False
    await desk.run(chunk(0, 100))
    assert [len(indexes) for indexes in desk.sent] == [100, 100, 50, 50, 25, 25]
    assert sorted(pending.entries[0].index for pending in desk.tracked) == list(range(100))
    assert desk.submitter.holding == 0


async def test_the_end_is_not_before_the_last_doubt_is_settled() -> None:
    async def lose(_: list[int]) -> None:
        raise NoAnswerError("hung up")

    desk = Desk(lose)
    desk.submitter.expect("import", 5)
    running = asyncio.create_task(desk.run(chunk(0, 3)))
    await asyncio.sleep(0.01)
    assert not running.done()
    desk.submitter.settled("import", 5)
    await running


async def test_refused_halves_count_their_attempts() -> None:
    async def refuse(indexes: list[int]) -> None:
        if 2 in indexes:
            raise APIError(400, 1, "bad item")

    desk = Desk(refuse)
    await desk.run(chunk(0, 4))
    assert desk.sent == [[0, 1, 2, 3], [0, 1], [2, 3], [2], [3]]
    assert [(one.index, one.attempts) for one in desk.delivered] == [(2, 3)]
    assert {pending.entries[0].index: pending.sent.attempts for pending in desk.tracked} == {
        0: 2,
        1: 2,
        3: 3,
    }


async def test_a_streak_of_wholly_refused_chunks_halts() -> None:
    async def refuse(_: list[int]) -> None:
        raise APIError(403, 7, "no permission")

    desk = Desk(refuse)
    await desk.run(*(chunk(number, 1) for number in range(3)))
    assert [str(error) for error in desk.halted] == [
        "3 chunks in a row were refused as a whole, the last one with: no permission (HTTP 403, code 7)"
    ]
    assert isinstance(desk.halted[0], ConsecutiveFailuresError)


async def test_items_that_a_create_forgets_are_an_error_of_ours() -> None:
    class Forgetful(Desk):
        async def create(self, entries: Sequence[Entry], sent: Sent, admission: Admission) -> Made:
            made = await super().create(entries, sent, admission)
            made.pending.pop()
            return made

    desk = Forgetful(accept)
    with pytest.raises(ExceptionGroup) as caught:
        await desk.run(chunk(0, 5))
    assert caught.group_contains(CountError, match="5 items were sent, 4 are accounted for")


def test_streaks_are_counted_in_the_order_of_sending() -> None:
    streak = _Streak()
    # Chunk 1 was accepted, and its answer came last.
    assert [streak.record(number, refused=number != 1) for number in (0, 2, 3, 4)] == [1, 0, 0, 0]
    assert streak.record(1, refused=False) == 3
    assert streak.record(5, refused=True) == 4
    assert streak.record(6, refused=False) == 0
