"""Doubts on the virtual clock: when the platform is looked at, and what is concluded from what it shows."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest
from attrs import evolve

from sbtransfer.errors import (
    APIError,
    JournalError,
    NoAnswerError,
    SBTransferError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from sbtransfer.items import Kind
from sbtransfer.journal import MemoryJournal
from sbtransfer.journal.journal import Sent
from sbtransfer.models import Entry, ErrorRecord, Outcome, OutcomeState
from sbtransfer.operations.operation import Doubt, Made, Pending
from sbtransfer.operations.search import Beside, Found
from sbtransfer.reconcile import Reconciler
from sbtransfer.simulator.clock import run
from tests.support import an_import, now

SETTLE = 100.0
COMPLETED, FAILED, UNCONFIRMED = OutcomeState.COMPLETED, OutcomeState.FAILED, OutcomeState.UNCONFIRMED

Look: TypeAlias = Callable[[Sequence[Doubt]], Found] | Exception


def doubt(index: int, call: int = 1, attempts: int = 1, before: int = 0) -> Doubt:
    sent = Sent(
        call=call,
        kind="import",
        begun=1e9,
        submitted_on=datetime(2023, 11, 14, tzinfo=UTC),
        attempts=attempts,
    )
    return Doubt(Entry(index, an_import(f"runs/{index}"), attempts=before), sent, "hung up")


def numbers(doubts: Sequence[Doubt]) -> list[int]:
    return [one.entry.index for one in doubts]


def absent(doubts: Sequence[Doubt]) -> Found:
    return Found(absent=list(doubts))


def silent(_: Sequence[Doubt]) -> Found:
    return Found()


def unclear(doubts: Sequence[Doubt]) -> Found:
    return Found(unclear=[(one, "who knows") for one in doubts])


def there(doubts: Sequence[Doubt], *indexes: int) -> Found:
    """Show the jobs of these items, or of all; the others are absent."""
    shown = [one for one in doubts if not indexes or one.entry.index in indexes]
    pending = [Pending(f"job-{one.entry.index}", (one.entry,), one.sent) for one in shown]
    return Found(Made(pending=pending), absent=[one for one in doubts if one not in shown])


def ended(doubts: Sequence[Doubt]) -> Found:
    return Found(
        Made(outcomes=[Outcome(index=n, item=an_import(), state=COMPLETED) for n in numbers(doubts)])
    )


class Search:
    """Shows what a test says, look by look; past its script, that nothing was done."""

    def __init__(self, *script: Look, looks: int = 2, takes: float = 0.0) -> None:
        self.looks = looks
        self.takes = takes
        self.script = list(script)
        self.last: list[Look] = []
        self.times: list[float] = []
        self.asked: list[list[int]] = []
        self.beside: list[Beside] = []
        self.confirmed: list[tuple[float, list[int]]] = []

    async def find(self, doubts: Sequence[Doubt], beside: Beside) -> Found:
        self.times.append(now())
        self.asked.append(numbers(doubts))
        self.beside.append(beside)
        await asyncio.sleep(self.takes)
        return _shown(self.script, doubts)

    async def confirm_absence(self, doubts: Sequence[Doubt]) -> Found:
        if doubts:
            self.confirmed.append((now(), numbers(doubts)))
        return _shown(self.last, doubts)


def _shown(script: list[Look], doubts: Sequence[Doubt]) -> Found:
    step = script.pop(0) if script else absent
    if isinstance(step, Exception):
        raise step
    return step(doubts)


class Book(MemoryJournal):
    """A journal that notes what was written once that is durable, after so many seconds."""

    def __init__(self, log: list[str], takes: float) -> None:
        super().__init__()
        self.log = log
        self.takes = takes
        self.broken: SBTransferError | None = None

    async def _write(self, text: str) -> None:
        await asyncio.sleep(self.takes)
        if self.broken is not None:
            raise self.broken
        self.log.append(text)

    async def answered(self, call: int, jobs: Mapping[int, str], outcomes: Sequence[Outcome]) -> None:
        await self._write(f"answered {call}: {dict(jobs)} {[one.index for one in outcomes]}")

    async def waiting(self, indexes: Collection[int]) -> None:
        if indexes:
            await self._write(f"waiting {list(indexes)}")

    async def known(self, job_ids: Collection[str]) -> set[str]:
        return {"known"}.intersection(job_ids)


class Desk:
    """A reconciler, and all that it hands on, in order."""

    def __init__(self, search: Search, writes: float = 0.0, **others: Search) -> None:
        self.search = search
        self.log: list[str] = []
        self.outcomes: list[Outcome] = []
        self.sent_again: list[tuple[float, Entry]] = []
        self.sending: list[Entry] = []
        self.journal = Book(self.log, writes)
        searches: Any = {"import": search, **others}
        self.reconciler = Reconciler(
            searches,
            self.journal,
            SETTLE,
            self.track,
            self.deliver,
            self.again,
            lambda kind, items: self.log.append(f"settled {kind} {items}") if items else None,
            self._sending,
        )

    async def _sending(self, kind: Kind) -> list[Entry]:
        return self.sending

    def track(self, kind: Kind, pending: Sequence[Pending]) -> None:
        self.log += [f"track {one.job_id}" for one in pending]

    def deliver(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes += outcomes
        self.log += [f"deliver {one.index}" for one in outcomes]

    def again(self, kind: Kind, entries: Sequence[Entry]) -> None:
        self.sent_again += [(now(), one) for one in entries]
        self.log += [f"again {kind} {one.index}" for one in entries]

    @property
    def again_at(self) -> dict[int, float]:
        return {entry.index: when for when, entry in self.sent_again}

    async def run(self, *puts: tuple[float, list[Doubt]]) -> None:
        """Put doubts at their times, say that no more will come, and wait for the end."""
        task = asyncio.create_task(self.reconciler.run())
        for when, doubts in puts:
            await asyncio.sleep(when - now())
            self.reconciler.put("import", doubts)
        self.reconciler.no_more()
        await task


def settled(search: Search, *puts: tuple[float, list[Doubt]], writes: float = 0.0) -> Desk:
    """Let doubts be settled on the virtual clock."""

    async def main() -> Desk:
        desk = Desk(search, writes)
        await desk.run(*puts)
        assert desk.reconciler.holding == 0
        return desk

    return run(main())


# When the platform is looked at ---------------------------------------------------------------------------


def test_the_first_look_is_early_and_the_last_one_when_the_platform_had_its_time() -> None:
    desk = settled(Search(), (0, [doubt(0)]))
    assert desk.search.times == [10, 100]
    assert desk.search.confirmed == [(100, [0])]
    assert desk.again_at == {0: 100}


def test_what_one_look_tells_is_not_looked_for_before_the_platform_had_its_time() -> None:
    desk = settled(Search(looks=1), (0, [doubt(0)]))
    assert desk.search.times == [100]
    assert desk.again_at == {0: 100}


def test_time_counts_from_when_the_doubt_came_up() -> None:
    assert settled(Search(), (50, [doubt(0)])).search.times == [60, 150]


def test_one_look_serves_many_doubts() -> None:
    search = Search()
    desk = settled(search, (0, [doubt(0), doubt(1)]), (5, [doubt(2, call=2)]), (8, [doubt(3, call=3)]))
    assert search.times == [10, 100, 110]
    assert search.asked == [[0, 1, 2, 3], [0, 1, 2, 3], [2, 3]]
    assert desk.again_at == {0: 100, 1: 100, 2: 110, 3: 110}


def test_where_one_look_tells_it_is_only_for_those_whose_time_has_come() -> None:
    search = Search(looks=1)
    desk = settled(search, (0, [doubt(0)]), (5, [doubt(1)]), (9, [doubt(2)]))
    assert search.times == [100, 110]
    assert search.asked == [[0], [1, 2]]
    assert desk.again_at == {0: 100, 1: 110, 2: 110}


def test_early_looks_do_not_count_as_final_however_many_they_are() -> None:
    search = Search()
    desk = settled(search, *((when, [doubt(when)]) for when in range(0, 80, 15)))
    assert search.times == [10, 25, 40, 55, 70, 85, 100, 115, 130, 145, 160, 175]
    assert desk.again_at == {0: 100, 15: 115, 30: 130, 45: 145, 60: 160, 75: 175}


def test_a_look_is_final_only_if_it_began_late_enough() -> None:
    search = Search(takes=20)
    desk = settled(search, (0, [doubt(0)]), (85, [doubt(1)]))
    # The second look ends at 115, and may have read the list before 100.
    assert search.times == [10, 95, 135, 185]
    assert desk.again_at == {0: 155, 1: 205}


def test_two_looks_must_have_missed_it_however_late_the_first_one_came() -> None:
    search = Search(takes=150)
    desk = settled(search, (0, [doubt(0)]), (20, [doubt(1)]))
    assert search.times == [10, 310, 610]
    assert desk.again_at == {0: 460, 1: 760}


def test_there_is_a_rest_between_looks_as_long_as_one_takes() -> None:
    search = Search(takes=40)
    settled(search, (0, [doubt(0)]), (45, [doubt(1)]))
    assert search.times[:2] == [10, 90]


def test_doubts_that_come_up_later_are_waited_for() -> None:
    search = Search(there, there)
    desk = settled(search, (0, [doubt(0)]), (500, [doubt(1)]))
    assert search.times == [10, 510]
    assert desk.log == [
        "answered 1: {0: 'job-0'} []",
        "track job-0",
        "settled import 1",
        "answered 1: {1: 'job-1'} []",
        "track job-1",
        "settled import 1",
    ]


def test_without_doubts_nothing_is_looked_at() -> None:
    async def main() -> None:
        desk = Desk(Search())
        task = asyncio.create_task(desk.reconciler.run())
        await asyncio.sleep(1000)
        assert not task.done()
        desk.reconciler.no_more()
        await task
        assert now() == 1000
        assert desk.search.times == []

    run(main())


def test_kinds_are_looked_at_side_by_side() -> None:
    async def main() -> None:
        names = Search(there, looks=1)
        desk = Desk(Search(there, takes=300), drs=names)
        desk.reconciler.put("import", [doubt(0)])
        desk.reconciler.put("drs", [doubt(1, call=2)])
        desk.reconciler.no_more()
        assert (desk.reconciler.holding, desk.reconciler.calls) == (2, 2)
        await desk.reconciler.run()
        assert (desk.search.times, names.times) == ([10], [100])
        assert [text for text in desk.log if text.startswith("settled")] == [
            "settled drs 1",
            "settled import 1",
        ]

    run(main())


def test_items_and_calls_in_doubt_are_counted() -> None:
    async def main() -> None:
        desk = Desk(Search(lambda doubts: there(doubts, 0)))
        task = asyncio.create_task(desk.run((0, [doubt(0), doubt(1), doubt(2, call=2)])))
        await asyncio.sleep(5)
        assert (desk.reconciler.holding, desk.reconciler.calls) == (3, 2)
        await asyncio.sleep(10)
        assert (desk.reconciler.holding, desk.reconciler.calls) == (2, 2)
        await task
        assert (desk.reconciler.holding, desk.reconciler.calls) == (0, 0)

    run(main())


# What is concluded ----------------------------------------------------------------------------------------


def test_what_is_found_at_once_is_followed_at_once() -> None:
    desk = settled(Search(lambda doubts: there(doubts, 1)), (0, [doubt(0), doubt(1)]))
    assert desk.search.times == [10, 100]
    assert desk.search.asked == [[0, 1], [0]]
    assert desk.log[:3] == ["answered 1: {1: 'job-1'} []", "track job-1", "settled import 1"]
    assert desk.again_at == {0: 100}


def test_late_work_is_adopted_between_the_looks_and_not_sent_again() -> None:
    desk = settled(Search(absent, there), (0, [doubt(0), doubt(1)]))
    assert desk.search.times == [10, 100]
    assert desk.sent_again == []
    assert desk.log[1:] == ["track job-0", "track job-1", "settled import 2"]


def test_an_outcome_that_is_found_is_delivered() -> None:
    desk = settled(Search(ended), (0, [doubt(0)]))
    assert desk.log == ["answered 1: {} [0]", "deliver 0", "settled import 1"]
    assert desk.outcomes[0].state is COMPLETED


def test_an_item_of_which_a_look_says_nothing_is_looked_for_again() -> None:
    desk = settled(Search(silent, silent, silent), (0, [doubt(0)]))
    # Two more looks must miss it: a look that says nothing is none.
    assert desk.search.times == [10, 100, 110, 120, 130]
    assert desk.again_at == {0: 130}


def test_what_is_unclear_may_yet_become_clear_until_the_platform_had_its_time() -> None:
    desk = settled(Search(unclear, there), (0, [doubt(0)]))
    assert desk.search.times == [10, 100]
    assert desk.outcomes == []
    assert "track job-0" in desk.log


def test_what_is_unclear_then_is_unconfirmed() -> None:
    desk = settled(Search(unclear, unclear), (0, [doubt(7, attempts=2, before=3)]))
    (outcome,) = desk.outcomes
    assert (outcome.index, outcome.state, outcome.attempts) == (7, UNCONFIRMED, 5)
    assert outcome.error == ErrorRecord(code="ambiguous", message="hung up; who knows")
    assert outcome.submitted_on == datetime(2023, 11, 14, tzinfo=UTC)
    assert desk.log == ["answered 1: {} [7]", "deliver 7", "settled import 1"]


def test_the_last_word_on_what_seems_absent_is_the_searches() -> None:
    def last(doubts: Sequence[Doubt]) -> Found:
        done, unsure, undone = doubts
        return Found(ended([done]).made, [undone], [(unsure, "not even now")])

    search = Search()
    search.last = [absent, last]
    desk = settled(search, (0, [doubt(0), doubt(1), doubt(2)]))
    assert {one.index: one.state for one in desk.outcomes} == {0: COMPLETED, 1: UNCONFIRMED}
    assert desk.again_at == {2: 100}
    assert search.confirmed == [(100, [0, 1, 2])]


@pytest.mark.parametrize(("before", "attempts"), [(0, 1), (2, 1), (1, 3), (6, 1)])
def test_what_is_sent_again_brings_its_calls_along(before: int, attempts: int) -> None:
    desk = settled(Search(), (0, [doubt(0, before=before, attempts=attempts)]))
    ((_, entry),) = desk.sent_again
    assert entry == Entry(0, an_import("runs/0"), attempts=before + attempts)
    assert desk.log == ["waiting [0]", "again import 0", "settled import 1"]


@pytest.mark.parametrize(("before", "attempts"), [(7, 1), (0, 8), (5, 4)])
def test_eight_calls_without_an_answer_are_enough(before: int, attempts: int) -> None:
    desk = settled(Search(), (0, [doubt(3, before=before, attempts=attempts), doubt(4, before=2)]))
    (outcome,) = desk.outcomes
    assert (outcome.index, outcome.state, outcome.attempts) == (3, FAILED, before + attempts)
    message = f"sent {before + attempts} times and never done; the last time: hung up"
    assert outcome.error == ErrorRecord(code="unanswered", message=message)
    assert desk.again_at == {4: 100}
    assert desk.log[:2] == ["answered 1: {} [3]", "waiting [4]"]


def test_the_eighth_call_may_be_found_done_as_any_other() -> None:
    desk = settled(Search(absent, there), (0, [doubt(0, before=7)]))
    assert desk.outcomes == []
    assert "track job-0" in desk.log


def test_what_was_found_is_noted_for_each_call() -> None:
    def some(doubts: Sequence[Doubt]) -> Found:
        return Found(Made(there(doubts[1:]).made.pending, ended(doubts[:1]).made.outcomes))

    desk = settled(Search(some), (0, [doubt(0, call=4), doubt(1, call=4), doubt(2, call=9)]))
    assert desk.log[:2] == ["answered 4: {1: 'job-1'} [0]", "answered 9: {2: 'job-2'} []"]


def test_nothing_is_handed_on_before_the_journal_holds_it() -> None:
    def some(doubts: Sequence[Doubt]) -> Found:
        made = Made(there(doubts[:1]).made.pending, ended(doubts[1:2]).made.outcomes)
        return Found(made, list(doubts[2:]))

    search = Search(absent, some)
    desk = settled(search, (0, [doubt(0), doubt(1), doubt(2)]), writes=1.0)
    assert desk.log == [
        "answered 1: {0: 'job-0'} [1]",
        "waiting [2]",
        "track job-0",
        "deliver 1",
        "again import 2",
        "settled import 3",
    ]
    assert desk.again_at == {2: 102}


def test_a_journal_that_cannot_be_written_ends_the_run_and_nothing_is_handed_on() -> None:
    async def main() -> None:
        desk = Desk(Search(ended))
        desk.journal.broken = JournalError("the disk is full")
        with pytest.raises(ExceptionGroup) as caught:
            await desk.run((0, [doubt(0)]))
        assert caught.group_contains(JournalError, match="the disk is full")
        assert desk.log == []
        assert desk.reconciler.holding == 1

    run(main())


# Looks that fail ------------------------------------------------------------------------------------------

TROUBLES = [APIError(403, 9001, "no"), NoAnswerError("no"), UnreadableAnswerError("no")]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda error: type(error).__name__)
def test_five_failures_in_a_row_are_enough(trouble: SBTransferError) -> None:
    desk = settled(Search(*[trouble] * 5), (0, [doubt(0), doubt(1)]))
    # Each failure doubles the rest that follows it.
    assert desk.search.times == [10, 30, 70, 150, 310]
    assert [(one.index, one.state) for one in desk.outcomes] == [(0, UNCONFIRMED), (1, UNCONFIRMED)]
    assert desk.outcomes[0].error == ErrorRecord(
        code="ambiguous", message=f"hung up; what became of it cannot be read: {trouble}"
    )
    assert desk.log[0] == "answered 1: {} [0, 1]"


def test_a_look_that_fails_shows_no_absence() -> None:
    desk = settled(Search(NoAnswerError("no"), absent, NoAnswerError("no")), (0, [doubt(0)]))
    assert desk.search.times == [10, 30, 100, 120]
    assert desk.again_at == {0: 120}


def test_failures_are_counted_in_a_row() -> None:
    failure = NoAnswerError("no")
    search = Search(*[failure] * 4, silent, *[failure] * 4, there)
    desk = settled(search, (0, [doubt(0)]))
    # After a look that succeeds, the rests begin anew, too.
    assert search.times == [10, 30, 70, 150, 310, 320, 340, 380, 460, 620]
    assert "track job-0" in desk.log


def test_what_came_up_lately_is_not_given_up_with_the_others() -> None:
    search = Search(*[NoAnswerError("no")] * 5, absent, there)
    desk = settled(search, (0, [doubt(0)]), (300, [doubt(1, call=2)]))
    assert search.times == [10, 30, 70, 150, 310, 400, 410]
    assert [one.index for one in desk.outcomes] == [0]
    assert "track job-1" in desk.log


def test_the_last_word_may_fail_as_any_look() -> None:
    search = Search()
    search.last = [absent, UnreadableAnswerError("no")]
    desk = settled(search, (0, [doubt(0)]))
    assert search.times == [10, 100, 120]
    assert search.confirmed == [(100, [0]), (120, [0])]
    assert desk.again_at == {0: 120}


def test_a_refused_token_ends_the_run() -> None:
    async def main() -> None:
        desk = Desk(Search(UnauthorizedError(401)))
        with pytest.raises(ExceptionGroup) as caught:
            await desk.run((0, [doubt(0)]))
        assert caught.group_contains(UnauthorizedError)
        assert now() == 10
        assert desk.log == []

    run(main())


# What else is going on ------------------------------------------------------------------------------------


def test_rivals_are_the_items_on_their_way_and_those_in_doubt_that_are_not_looked_into() -> None:
    async def main() -> None:
        desk = Desk(Search(there, takes=20, looks=1))
        desk.sending = [Entry(50, an_import())]
        task = asyncio.create_task(desk.run((0, [doubt(0), doubt(1)]), (30, [doubt(2)]), (105, [doubt(3)])))
        await asyncio.sleep(102)
        (beside,) = desk.search.beside
        assert [entry.index for entry in await beside.rivals()] == [50, 2]
        await asyncio.sleep(5)
        desk.sending.append(Entry(51, an_import()))
        assert [entry.index for entry in await beside.rivals()] == [50, 51, 2, 3]
        task.cancel()
        await asyncio.wait({task})

    run(main())


def test_a_look_that_serves_all_has_none_of_them_for_rivals() -> None:
    desk = settled(Search(there), (0, [doubt(0), doubt(1)]))
    assert asyncio.run(desk.search.beside[0].rivals()) == []


def test_jobs_that_the_journal_knows_are_known() -> None:
    async def main() -> None:
        desk = Desk(Search(there))
        await desk.run((0, [doubt(0)]))
        assert await desk.search.beside[0].known(["known", "new"]) == {"known"}

    run(main())


def test_an_item_is_itself_when_it_is_sent_again() -> None:
    one = doubt(0)
    one.entry = evolve(one.entry, key="its own name")
    ((_, entry),) = settled(Search(), (0, [one])).sent_again
    assert (entry.index, entry.key, entry.item) == (0, "its own name", one.entry.item)
