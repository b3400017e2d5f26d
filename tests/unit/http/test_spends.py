"""Spends that outlive the process: kept before they are made, noted when they are answered."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import pytest

from sbtransfer.budget import Grant, Unlimited
from sbtransfer.errors import JournalError
from sbtransfer.exact import ExactBudget
from sbtransfer.http.clock import PlatformClock
from sbtransfer.http.spends import KeptBudget, Spends
from sbtransfer.journal.journal import Spend
from sbtransfer.simulator.clock import run
from tests.support import now

T = TypeVar("T")


class Keeper:
    """Keeps spends, each time after so many seconds."""

    def __init__(self, takes: float = 0.0) -> None:
        self.takes = takes
        self.kept: dict[int, Spend] = {}
        self.writes: list[dict[int, Spend]] = []
        self.broken = False

    async def spent(self, changes: Mapping[int, Spend]) -> None:
        await asyncio.sleep(self.takes)
        if self.broken:
            raise JournalError("the disk is full")
        self.writes.append(dict(changes))
        self.kept |= changes


class Desk:
    """A budget of ten files in a hundred seconds, whose spends two journals keep.

    The platform's clock is a thousand seconds on.
    """

    def __init__(self, takes: float = 0.0) -> None:
        self.spends = Spends(PlatformClock(lambda: 1000 + now()))
        self.exact = ExactBudget(10, 100.0)
        self.budget = KeptBudget.of("files", self.exact, self.spends)
        self.keepers = [Keeper(takes), Keeper()]
        self.spends.keepers += self.keepers

    async def flushed(self) -> dict[int, Spend]:
        await self.spends.flush()
        assert self.keepers[0].kept == self.keepers[1].kept
        return self.keepers[0].kept


def on_the_clock(main: Callable[[], Awaitable[T]]) -> T:
    async def work() -> T:
        return await main()

    return run(work())


def files(amount: int, answered: float | None = None) -> Spend:
    return Spend(budget="files", amount=amount, answered=answered)


def test_tokens_are_kept_before_they_are_spent() -> None:
    async def main() -> None:
        desk = Desk(takes=5.0)
        grant = await desk.budget.acquire(3)
        assert now() == 5
        assert grant.amount == 3
        assert [keeper.kept for keeper in desk.keepers] == [{0: files(3)}] * 2

    on_the_clock(main)


def test_an_answer_is_noted_with_the_next_grant() -> None:
    async def main() -> None:
        desk = Desk()
        first = await desk.budget.acquire(3)
        await asyncio.sleep(7)
        first.answered(refund=1)
        assert desk.keepers[0].kept == {0: files(3)}
        await desk.budget.acquire(2)
        assert desk.keepers[0].writes == [{0: files(3)}, {0: files(2, 1007), 1: files(2)}]
        assert await desk.flushed() == {0: files(2, 1007), 1: files(2)}

    on_the_clock(main)


def test_what_was_written_is_not_written_again() -> None:
    async def main() -> None:
        desk = Desk()
        for _ in range(2):
            (await desk.budget.acquire()).answered()
        await desk.flushed()
        await desk.flushed()
        assert [list(changes) for changes in desk.keepers[0].writes] == [[0], [0, 1], [1], []]

    on_the_clock(main)


@pytest.mark.parametrize(
    ("settle", "left", "kept"),
    [
        (lambda grant: grant.answered(), 6, files(4, 1000)),
        (lambda grant: grant.answered(refund=3), 9, files(1, 1000)),
        (lambda grant: grant.give_back(), 10, files(0, 1000)),
    ],
)
def test_a_grant_is_settled_once(settle: Callable[[Grant], None], left: int, kept: Spend) -> None:
    async def main() -> None:
        desk = Desk()
        grant = await desk.budget.acquire(4)
        before = grant.settled
        settle(grant)
        assert (before, grant.settled) == (False, True)
        await asyncio.sleep(9)
        grant.give_back()
        grant.answered(refund=2)
        assert desk.exact.left == desk.budget.left == left
        assert await desk.flushed() == {0: kept}

    on_the_clock(main)


def test_budgets_of_one_client_share_the_numbers() -> None:
    async def main() -> None:
        desk = Desk()
        requests = KeptBudget.of("requests", ExactBudget(10, 100.0), desk.spends)
        await desk.budget.acquire(2)
        await requests.acquire()
        assert await desk.flushed() == {0: files(2), 1: Spend(budget="requests", amount=1)}

    on_the_clock(main)


def test_a_charge_is_kept_as_answered() -> None:
    async def main() -> None:
        desk = Desk()
        desk.budget.charge(4)
        await asyncio.sleep(1)
        await desk.budget.acquire()
        assert desk.budget.left == 5
        assert await desk.flushed() == {0: files(4, 1000), 1: files(1)}

    on_the_clock(main)


def test_nothing_is_kept_while_there_is_no_one_to_keep_it() -> None:
    async def main() -> None:
        desk = Desk()
        desk.spends.keepers.clear()
        early = await desk.budget.acquire(3)
        desk.budget.charge(2, 30.0)
        assert desk.budget.left == 5
        desk.spends.keepers += desk.keepers
        early.answered()
        await desk.budget.acquire()
        assert await desk.flushed() == {0: files(1)}
        await asyncio.sleep(70)
        assert desk.budget.left == 6

    on_the_clock(main)


def test_a_part_is_granted_and_kept() -> None:
    async def main() -> None:
        desk = Desk()
        await desk.budget.acquire(8)
        grant = await desk.budget.acquire(5, "submit", partial=True)
        assert grant.amount == 2
        assert (await desk.flushed())[1] == files(2)

    on_the_clock(main)


def test_a_keeper_that_cannot_is_let_go_and_holds_up_no_other() -> None:
    async def main() -> None:
        desk = Desk()
        desk.keepers[0].broken = True
        for _ in range(2):
            (await desk.budget.acquire()).answered()
        assert desk.spends.keepers == desk.keepers[1:]
        assert desk.keepers[0].kept == {}
        assert desk.keepers[1].writes == [{0: files(1)}, {0: files(1, 1000), 1: files(1)}]

    on_the_clock(main)


def test_a_keeper_is_let_go_once() -> None:
    desk = Desk()
    for _ in range(2):
        desk.spends.let_go(desk.keepers[0])
    assert desk.spends.keepers == desk.keepers[1:]


def test_a_grant_that_is_cancelled_while_it_is_kept_is_given_back() -> None:
    async def main() -> None:
        desk = Desk(takes=50.0)
        task = asyncio.create_task(desk.budget.acquire(4))
        await asyncio.sleep(5)
        assert desk.exact.left == 6
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        assert desk.exact.left == 10

    on_the_clock(main)


def test_a_keeper_that_leaves_meanwhile_is_no_trouble() -> None:
    async def main() -> None:
        desk = Desk(takes=5.0)
        task = asyncio.create_task(desk.budget.acquire())
        await asyncio.sleep(1)
        desk.spends.keepers.remove(desk.keepers[0])
        await task
        assert desk.keepers[1].kept == {0: files(1)}

    on_the_clock(main)


def test_a_kept_budget_is_otherwise_the_budget_itself() -> None:
    async def main() -> None:
        desk = Desk()
        assert repr(desk.budget) == repr(desk.exact) == "<ExactBudget 10 of 10 free, 0 waiting, 100 s>"
        assert desk.budget.spare == 1
        await desk.budget.acquire(3)
        assert desk.budget.spare == pytest.approx(0.4)
        desk.budget.observe(2, 1.0, 50.0)
        assert desk.budget.left == desk.exact.left == 0  # What is on its way may not be counted in the two.

    on_the_clock(main)


def test_a_budget_without_limits_has_nothing_to_keep() -> None:
    budget, spends = Unlimited(), Spends(PlatformClock())
    assert KeptBudget.of("files", budget, spends) is budget


@pytest.mark.parametrize(
    ("answered", "age"),
    [(None, 0.0), (1000.0, 0.0), (998.0, 0.0), (997.0, 1.0), (900.0, 98.0), (1010.0, 0.0)],
)
def test_tokens_are_as_old_as_they_surely_are(answered: float | None, age: float) -> None:
    spends = Spends(PlatformClock(lambda: 1000.0))
    assert spends.age(files(1, answered)) == age
