import asyncio
import gc
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from sbtransfer.budget import WEIGHTS, Grant, Share
from sbtransfer.errors import UsageError
from sbtransfer.exact import ExactBudget
from sbtransfer.simulator.clock import VirtualClockLoop, run
from tests.support import now

T = TypeVar("T")
FOREVER = 1e9
_IN_TURN: tuple[Share, ...] = ("poll", "submit")


async def spend(
    budget: ExactBudget,
    amount: int = 1,
    latency: float = 0.0,
    share: Share = "submit",
    *,
    partial: bool = False,
) -> tuple[float, int]:
    """Make one call that is answered after `latency` seconds; return when it had leave, and for how many."""
    grant = await budget.acquire(amount, share, partial=partial)
    granted = now(), grant.amount
    await asyncio.sleep(latency)
    grant.answered()
    return granted


async def at(when: float, work: Coroutine[Any, Any, T]) -> T:
    await asyncio.sleep(when - now())
    return await work


async def drained(*returns: tuple[float, int], capacity: int = 100, period: float = 300.0) -> ExactBudget:
    """A budget without a free token, of which some come back at these times, and the rest much later."""
    budget = ExactBudget(capacity, period)
    rest = capacity - sum(amount for _, amount in returns)
    grants = [(when, await budget.acquire(amount)) for when, amount in (*returns, (FOREVER, rest)) if amount]
    for when, grant in grants:
        asyncio.get_running_loop().call_at(when - period, grant.answered)
    await asyncio.sleep(period)
    return budget


# The window ----------------------------------------------------------------------------------------------


def test_a_token_comes_back_one_period_after_the_answer() -> None:
    async def main() -> list[tuple[float, int]]:
        budget = ExactBudget(500, 300.0)
        latencies = [2.0, 1.0, 4.0, 0.5, 8.0, 1.0, 1.0, 1.0, 1.0, 1.0]
        return list(await asyncio.gather(*(spend(budget, 100, latency) for latency in latencies)))

    first, second = [(0.0, 100)] * 5, [300.5, 301.0, 302.0, 304.0, 308.0]
    assert run(main()) == first + [(when, 100) for when in second]


def test_a_call_without_an_answer_keeps_its_tokens() -> None:
    async def main() -> None:
        budget = ExactBudget(3, 300.0)
        late = await budget.acquire(1)
        (await budget.acquire(2)).answered()
        waiting = asyncio.create_task(spend(budget, 3))
        await asyncio.sleep(10_000)
        assert budget.left == 2
        assert not waiting.done()
        late.answered()
        assert await waiting == (10_300.0, 3)

    run(main())


def test_what_is_left_is_counted() -> None:
    async def main() -> list[int]:
        budget = ExactBudget(10, 300.0)
        left = [budget.left]
        grant = await budget.acquire(4)
        left.append(budget.left)
        await asyncio.sleep(100)
        grant.answered()
        left.append(budget.left)
        await asyncio.sleep(299)
        left.append(budget.left)
        await asyncio.sleep(1)
        return [*left, budget.left]

    assert run(main()) == [10, 6, 6, 6, 10]


def test_it_works_wherever_the_clock_begins() -> None:
    async def main() -> tuple[float, int]:
        budget = ExactBudget(1, 300.0)
        await spend(budget)
        return await spend(budget)

    assert run(main(), start=1e6) == (1e6 + 300, 1)


# Refunds -------------------------------------------------------------------------------------------------


def test_refunded_tokens_are_free_at_once() -> None:
    async def main() -> list[tuple[float, int]]:
        budget = ExactBudget(100, 300.0)
        grant = await budget.acquire(100)
        waiting = [asyncio.create_task(spend(budget, amount)) for amount in (60, 40)]
        await asyncio.sleep(5)
        grant.answered(refund=60)
        return list(await asyncio.gather(*waiting))

    assert run(main()) == [(5.0, 60), (305.0, 40)]


def test_a_call_that_was_never_sent_gives_back_all() -> None:
    async def main() -> tuple[float, int]:
        budget = ExactBudget(100, 300.0)
        grant = await budget.acquire(100)
        asyncio.get_running_loop().call_at(7, grant.give_back)
        return await spend(budget, 100)

    assert run(main()) == (7.0, 100)


def test_a_grant_is_settled_once() -> None:
    async def main() -> None:
        budget = ExactBudget(10, 300.0)
        sent, unsent = await budget.acquire(4), await budget.acquire(6)
        sent.answered()
        unsent.give_back()
        for _ in range(3):
            sent.give_back()
            sent.answered(refund=4)
            unsent.give_back()
            unsent.answered()
        assert budget.left == 6
        await asyncio.sleep(300)
        assert budget.left == 10
        await asyncio.sleep(300)
        assert budget.left == 10

    run(main())


# Whose turn it is ----------------------------------------------------------------------------------------


def test_first_come_first_served_whatever_the_sizes() -> None:
    async def main() -> list[tuple[float, int]]:
        budget = ExactBudget(100, 300.0)
        sizes = [60, 70, 1, 100, 2, 40, 5]
        return list(await asyncio.gather(*(spend(budget, size) for size in sizes)))

    assert run(main()) == [
        (0.0, 60),
        (300.0, 70),
        (300.0, 1),
        (600.0, 100),
        (900.0, 2),
        (900.0, 40),
        (900.0, 5),
    ]


def test_shares_are_served_by_their_weight() -> None:
    async def main() -> Counter[Share]:
        budget = ExactBudget(11, 300.0)
        for _ in range(11):  # So that all wait from the start.
            await spend(budget)
        done: list[Share] = []

        async def client(share: Share) -> None:
            while True:
                (await budget.acquire(1, share)).answered()
                done.append(share)

        clients = [asyncio.create_task(client(share)) for share in WEIGHTS for _ in range(20)]
        await asyncio.sleep(300 * 100 + 1)
        for one in clients:
            one.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        assert len(done) == 11 * 100
        return Counter(done)

    served = run(main())
    assert WEIGHTS == {"submit": 4, "poll": 4, "recover": 2, "list": 1}
    for share, weight in WEIGHTS.items():
        assert abs(served[share] - 100 * weight) <= 2, served


@pytest.mark.parametrize("share", WEIGHTS)
def test_no_share_starves(share: Share) -> None:
    async def main() -> list[tuple[float, int]]:
        budget = ExactBudget(10, 300.0)
        greedy = [
            asyncio.create_task(spend(budget, 1, 0.0, other))
            for other in WEIGHTS
            for _ in range(200)
            if other != share
        ]
        await asyncio.sleep(1)
        mine = [asyncio.create_task(spend(budget, 1, 0.0, share)) for _ in range(2)]
        served = list(await asyncio.gather(*mine))
        for one in greedy:
            one.cancel()
        await asyncio.gather(*greedy, return_exceptions=True)
        return served

    served = run(main())
    # The lightest share has one of eleven turns, of which ten come in a period.
    assert all(when <= 900 for when, _ in served)


def test_a_big_call_is_not_passed_for_ever_by_small_ones_of_another_share() -> None:
    async def main() -> float:
        budget = ExactBudget(100, 300.0)

        async def polls() -> None:
            while True:
                await spend(budget, 1, 1.0, "poll")

        small = [asyncio.create_task(polls()) for _ in range(100)]
        await asyncio.sleep(10)
        when, _ = await spend(budget, 100)
        for one in small:
            one.cancel()
        await asyncio.gather(*small, return_exceptions=True)
        return when

    assert run(main()) <= 1000


def test_no_budget_is_left_unused_while_one_share_waits() -> None:
    async def main() -> list[tuple[float, int]]:
        budget = ExactBudget(10, 300.0)
        return list(await asyncio.gather(*(spend(budget, 1, 0.0, "list") for _ in range(30))))

    assert run(main()) == [(0.0, 1)] * 10 + [(300.0, 1)] * 10 + [(600.0, 1)] * 10


def test_an_idle_share_has_no_claim_on_the_past() -> None:
    async def main() -> list[Share]:
        budget = ExactBudget(8, 300.0)
        for _ in range(10):  # Submits have had 80 tokens while nobody polled.
            await asyncio.gather(*(spend(budget) for _ in range(8)))
            await asyncio.sleep(300)
        order: list[Share] = []

        async def call(share: Share) -> None:
            await spend(budget, 1, 0.0, share)
            order.append(share)

        for _ in range(8):
            await spend(budget)
        async with asyncio.TaskGroup() as group:
            for share in _IN_TURN:
                for _ in range(20):
                    group.create_task(call(share))
        return order

    order = run(main())
    # Polls may be one turn ahead, not the eighty that they have not asked for.
    assert Counter(order[:8]) in (
        {"poll": 4, "submit": 4},
        {"poll": 5, "submit": 3},
        {"poll": 3, "submit": 5},
    )
    assert Counter(order[:24])["poll"] in (11, 12, 13)


# Cancelled waiters ---------------------------------------------------------------------------------------


def test_a_cancelled_waiter_lets_the_next_one_pass() -> None:
    async def main() -> tuple[float, int]:
        budget = ExactBudget(100, 300.0)
        await spend(budget, 50)
        big = asyncio.create_task(spend(budget, 100))
        small = asyncio.create_task(spend(budget, 50))
        await asyncio.sleep(10)
        big.cancel()
        return await small

    assert run(main()) == (10.0, 50)


def test_a_waiter_cancelled_after_its_grant_gives_it_back() -> None:
    async def main() -> None:
        budget = ExactBudget(100, 300.0)
        grant = await budget.acquire(100)
        unlucky = asyncio.create_task(spend(budget, 100))
        lucky = asyncio.create_task(spend(budget, 100))
        await asyncio.sleep(10)
        grant.give_back()  # This grants it to the one who is next,
        unlucky.cancel()  # who is cancelled before he hears of it.
        assert await lucky == (10.0, 100)
        assert unlucky.cancelled()
        await asyncio.sleep(300)
        assert budget.left == 100

    run(main())


def test_a_waiter_cancelled_before_its_grant_is_passed_over() -> None:
    async def main() -> None:
        budget = ExactBudget(100, 300.0)
        grant = await budget.acquire(100)
        unlucky = asyncio.create_task(spend(budget, 100))
        lucky = asyncio.create_task(spend(budget, 100))
        await asyncio.sleep(10)
        unlucky.cancel()  # The tokens come back before its task has heard of that.
        grant.give_back()
        assert await lucky == (10.0, 100)
        assert unlucky.cancelled()
        await asyncio.sleep(300)
        assert budget.left == 100

    run(main())


def test_a_waiter_with_a_timeout() -> None:
    async def main() -> None:
        budget = ExactBudget(1, 300.0)
        await spend(budget)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(299.5):
                await budget.acquire()
        assert await spend(budget) == (300.0, 1)

    run(main())


def test_memory_does_not_grow_with_cancelled_waits() -> None:
    async def cancelled_waits(budget: ExactBudget, count: int) -> None:
        waiting = [asyncio.create_task(budget.acquire()) for _ in range(count)]
        await asyncio.sleep(0)
        for one in waiting:
            one.cancel()
        await asyncio.wait(waiting)

    async def main() -> int:
        budget = ExactBudget(2, 300.0)
        (await budget.acquire()).answered()
        held = await budget.acquire()
        first = asyncio.create_task(budget.acquire(2))  # Stays in front of all who are cancelled.
        await cancelled_waits(budget, 1000)
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(100):
            await cancelled_waits(budget, 1000)
        gc.collect()
        grown = sys.getallocatedblocks() - before
        assert "1 waiting" in repr(budget)
        held.answered()
        assert (await first).amount == 2
        return grown

    assert run(main()) < 5000


# Waking --------------------------------------------------------------------------------------------------


class CountingLoop(VirtualClockLoop):
    """Counts its rounds: a waiter that polls would make many."""

    rounds = 0

    def _run_once(self) -> None:
        self.rounds += 1
        super()._run_once()  # type: ignore[misc]


def test_nobody_polls() -> None:
    async def main() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, CountingLoop)
        budget = ExactBudget(10, 300.0)
        waiting = [asyncio.create_task(spend(budget, 1, 1.0, share)) for share in WEIGHTS for _ in range(25)]
        before = loop.rounds
        await asyncio.gather(*waiting)
        assert now() == 9 * 301 + 1
        return loop.rounds - before

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        # Ten times: tokens come back, ten calls get leave, and they are answered.
        assert runner.run(main()) <= 10 * 8


def test_no_timer_is_left_when_nobody_waits() -> None:
    async def main() -> None:
        budget = ExactBudget(1, 300.0)
        await spend(budget)
        waiting = asyncio.create_task(spend(budget))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait({waiting})
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualClockLoop)
        assert [timer for timer in loop._scheduled if not timer.cancelled()] == []

    run(main())


# Fewer than were asked for -------------------------------------------------------------------------------


def test_a_part_is_taken_rather_than_left_unused() -> None:
    async def main() -> list[tuple[float, int]]:
        budget = ExactBudget(250, 300.0)
        whole = [spend(budget, 100, 0.0, partial=True) for _ in range(2)]
        return [
            await one for one in (*whole, spend(budget, 100, partial=True), spend(budget, 100, partial=True))
        ]

    assert run(main()) == [(0.0, 100), (0.0, 100), (0.0, 50), (300.0, 100)]


def test_without_partial_the_whole_is_waited_for() -> None:
    async def main() -> list[tuple[float, int]]:
        budget = ExactBudget(150, 300.0)
        return [await spend(budget, 100), await spend(budget, 100)]

    assert run(main()) == [(0.0, 100), (300.0, 100)]


def test_a_part_is_taken_while_the_rest_is_on_its_way() -> None:
    async def main() -> tuple[float, int]:
        budget = ExactBudget(100, 300.0)
        await budget.acquire(70)  # Not answered yet: nobody knows when these come back.
        return await spend(budget, 100, partial=True)

    assert run(main()) == (0.0, 30)


def test_what_comes_back_soon_is_waited_for() -> None:
    async def main() -> tuple[float, int]:
        budget = await drained((310.0, 30), (310.25, 70))
        await asyncio.sleep(10)
        return await spend(budget, 100, partial=True)

    assert run(main()) == (310.25, 100)


def test_what_comes_back_later_is_not_waited_for() -> None:
    async def main() -> tuple[float, int]:
        budget = await drained((310.0, 30), (310.5, 70))
        await asyncio.sleep(10)
        return await spend(budget, 100, partial=True)

    assert run(main()) == (310.0, 30)


def test_soon_is_waited_for_even_if_it_is_not_enough() -> None:
    async def main() -> tuple[float, int]:
        budget = await drained((310.0, 30), (310.25, 30), (350.0, 40))
        await asyncio.sleep(10)
        return await spend(budget, 100, partial=True)

    assert run(main()) == (310.25, 60)


@pytest.mark.parametrize("rest", [(350.0, 70), (FOREVER, 70)])
def test_a_part_is_never_nothing(rest: tuple[float, int]) -> None:
    async def main() -> tuple[float, int]:
        budget = await drained((310.0, 30), rest)
        return await spend(budget, 100, partial=True)

    assert run(main()) == (310.0, 30)


def test_more_than_the_budget_holds_can_be_asked_for_in_part() -> None:
    async def main() -> list[tuple[float, int]]:
        budget = ExactBudget(50, 300.0)
        return [await spend(budget, 100, partial=True) for _ in range(2)]

    assert run(main()) == [(0.0, 50), (300.0, 50)]


def test_the_patience_of_one_who_takes_a_part_has_an_end() -> None:
    async def main() -> tuple[float, int]:
        # Every fifth of a second some come back; only for 0.3 s after the first ones is that waited for.
        budget = await drained((310.0, 10), (310.25, 10), (310.5, 10), (310.75, 10))
        await asyncio.sleep(5)
        return await spend(budget, 100, partial=True)

    assert run(main()) == (310.25, 20)


# What the platform leaves --------------------------------------------------------------------------------


async def granted_at(budget: ExactBudget, count: int, latency: float = 0.0) -> list[float]:
    return [when for when, _ in await asyncio.gather(*(spend(budget, 1, latency) for _ in range(count)))]


def test_what_the_platform_leaves_is_a_ceiling_until_its_window_ends() -> None:
    async def main() -> list[float]:
        budget = ExactBudget(10, 300.0)
        budget.observe(3, 1.0, 100.0)
        assert budget.left == 3
        # Answered late, so that the grants count as under way.
        return await granted_at(budget, 12, latency=150.0)

    assert run(main()) == [0.0] * 3 + [100.0] * 7 + [450.0] * 2


def test_what_is_under_way_may_not_be_counted_yet() -> None:
    async def main() -> None:
        budget = ExactBudget(10, 300.0)
        under_way = [await budget.acquire() for _ in range(4)]
        budget.observe(5, 1.0, 100.0)
        assert budget.left == 1
        for grant in under_way:
            grant.give_back()
        assert budget.left == 5

    run(main())


def test_nothing_left_stops_everybody() -> None:
    async def main() -> list[float]:
        budget = ExactBudget(10, 300.0)
        budget.observe(0, 1.0, 100.0)
        assert budget.left == 0
        return await granted_at(budget, 5)

    assert run(main()) == [100.0] * 5


def test_the_platform_does_not_raise_what_we_may_use() -> None:
    async def main() -> None:
        budget = ExactBudget(10, 300.0)
        budget.observe(1000, 1.0, 100.0)
        assert budget.left == 10
        assert await granted_at(budget, 11) == [0.0] * 10 + [300.0]

    run(main())


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ([(5, 1.0), (3, 1.0)], 3),
        ([(3, 1.0), (5, 1.0)], 3),  # An answer that was overtaken by a later one.
        ([(3, 1.0), (8, 2.0)], 8),
        ([(8, 2.0), (3, 1.0)], 8),
        ([(3, 1.0), (8, 2.0), (7, 2.0)], 7),
    ],
)
def test_the_newest_word_counts(words: list[tuple[int, float]], left: int) -> None:
    async def main() -> None:
        budget = ExactBudget(10, 300.0)
        for one, window in words:
            budget.observe(one, window, 100.0)
        assert budget.left == left

    run(main())


def test_a_ceiling_is_lifted_when_the_window_ends() -> None:
    async def main() -> list[int]:
        budget = ExactBudget(10, 300.0)
        budget.observe(2, 1.0, 100.0)
        left = [budget.left]
        for _ in range(2):
            await asyncio.sleep(50)
            left.append(budget.left)
        return left

    assert run(main()) == [2, 2, 10]


def test_waiters_pass_as_soon_as_a_new_window_leaves_more() -> None:
    async def main() -> list[float]:
        budget = ExactBudget(10, 300.0)
        budget.observe(1, 1.0, 100.0)
        asyncio.get_running_loop().call_at(40, budget.observe, 3, 2.0, 300.0)
        return await granted_at(budget, 4, latency=1000.0)

    assert run(main()) == [0.0, 40.0, 40.0, 340.0]


def test_what_is_left_is_never_less_than_nothing() -> None:
    async def main() -> None:
        budget = ExactBudget(10, 300.0)
        for _ in range(4):
            await budget.acquire()
        budget.observe(1, 1.0, 100.0)
        assert budget.left == 0

    run(main())


def test_what_is_spare_is_beyond_half_of_the_budget() -> None:
    async def main() -> list[float]:
        budget = ExactBudget(10, 300.0)
        spare = [budget.spare]
        for amount in (2, 3, 2):
            await budget.acquire(amount)
            spare.append(budget.spare)
        return spare

    assert run(main()) == pytest.approx([1.0, 0.6, 0.0, 0.0])


def test_nothing_is_spare_while_someone_waits() -> None:
    async def main() -> None:
        budget = ExactBudget(10, 300.0)
        await budget.acquire(1)
        waiting = asyncio.create_task(budget.acquire(10))
        await asyncio.sleep(0)
        assert budget.spare == 0
        waiting.cancel()
        await asyncio.wait({waiting})
        assert budget.spare == pytest.approx(0.8)

    run(main())


# Charges ------------------------------------------------------------------------------------------------


def test_a_charge_is_spent_although_nobody_asked_for_it() -> None:
    async def main() -> list[tuple[float, float]]:
        budget = ExactBudget(10, 100)
        (await budget.acquire(6)).answered()
        budget.charge(7)  # Three more than there are.
        timeline = [(0.0, float(budget.left))]
        await asyncio.sleep(50)
        await budget.acquire(4)
        return [*timeline, (asyncio.get_running_loop().time(), float(budget.left))]

    assert run(main()) == [(0.0, 0.0), (100.0, 6.0)]


def test_a_charge_of_some_time_ago_comes_back_so_much_earlier() -> None:
    async def main() -> list[float]:
        budget = ExactBudget(10, 100)
        budget.charge(3)
        budget.charge(2, 30.0)
        budget.charge(4, 250.0)  # It is free again as soon as anybody looks.
        left = [float(budget.left)]
        for pause in (69.0, 1.0, 29.0, 1.0):
            await asyncio.sleep(pause)
            left.append(budget.left)
        return left

    assert run(main()) == [5, 5, 7, 7, 10]


def test_charges_and_answers_come_back_each_at_its_time() -> None:
    async def main() -> list[float]:
        budget = ExactBudget(10, 100)
        budget.charge(4, 20.0)
        (await budget.acquire(3)).answered()
        budget.charge(3, 90.0)
        times = []
        for amount in (3, 4, 3):
            await budget.acquire(amount)
            times.append(now())
        return times

    assert run(main()) == [10, 80, 100]


def test_a_charge_is_no_call_under_way() -> None:
    async def main() -> None:
        budget = ExactBudget(10, 100)
        budget.charge(4)
        budget.observe(6, 1.0, 50.0)
        assert budget.left == 6

    run(main())


def test_a_charge_holds_back_who_waits_already() -> None:
    async def main() -> tuple[float, int]:
        budget = ExactBudget(10, 100)
        (await budget.acquire(8)).answered()
        waiting = asyncio.create_task(spend(budget, 5))
        await asyncio.sleep(10)
        budget.charge(8, 5.0)
        return await waiting

    assert run(main()) == (105, 5)


@pytest.mark.parametrize(
    "settle",
    [lambda grant: grant.answered(), lambda grant: grant.answered(refund=5), lambda grant: grant.give_back()],
)
def test_a_grant_says_whether_it_is_settled(settle: Callable[[Grant], None]) -> None:
    async def main() -> list[bool]:
        grant = await ExactBudget(10, 100).acquire(5)
        before = grant.settled
        settle(grant)
        return [before, grant.settled]

    assert run(main()) == [False, True]


# What cannot be ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("amount", "fewer"), [(101, False), (0, False), (-1, False), (0, True), (-1, True)])
def test_impossible_amounts(amount: int, fewer: bool) -> None:
    async def main() -> None:
        budget = ExactBudget(100, 300.0)
        with pytest.raises(UsageError, match=str(amount)):
            await budget.acquire(amount, partial=fewer)
        assert budget.left == 100

    run(main())


def test_a_budget_shows_its_state() -> None:
    async def main() -> str:
        budget = ExactBudget(10, 300.0)
        await budget.acquire(8)
        waiting = [asyncio.create_task(budget.acquire(5)) for _ in range(2)]
        await asyncio.sleep(0)
        text = repr(budget)
        for one in waiting:
            one.cancel()
        return text

    assert run(main()) == "<ExactBudget 2 of 10 free, 2 waiting, 300 s>"
