"""Random work on an `ExactBudget`, and what must hold of its whole timeline."""

import asyncio
from itertools import pairwise

from attrs import define, frozen
from hypothesis import given, settings, strategies as st

from sbtransfer.budget import WEIGHTS, Share
from sbtransfer.exact import ExactBudget
from sbtransfer.simulator.clock import run
from tests.support import now

PERIOD = 64.0
SOON = PERIOD / 1000
# All times are multiples of this, so that sums of them are exact, and small enough that some are "soon".
TICK = 1 / 64
NEVER = float("inf")


@frozen
class Work:
    """A call: when it comes, what it asks for, and what becomes of it. Times in ticks."""

    comes: int
    amount: int
    share: Share
    partial: bool
    latency: int
    refund: int
    cancelled_after: int | None


@define
class Call:
    """What a call went through, in seconds; `spent` tokens were counted at its answer."""

    work: Work
    came: float
    left: float = NEVER
    """When it stopped waiting: granted or cancelled."""
    granted: int | None = None
    answered: float = NEVER
    spent: int = 0

    def holds(self, when: float) -> int:
        """How many tokens are not free because of this call."""
        if self.granted is None or when < self.left:
            return 0
        if when < self.answered:
            return self.granted
        return self.spent if when < self.answered + PERIOD else 0

    def waits(self, when: float) -> bool:
        return self.came <= when < self.left


def ticks(most: int) -> st.SearchStrategy[int]:
    """Few different times, so that much happens at the same one, and some that are all but the same."""
    coarse = st.integers(0, most).map(lambda count: count * 64)
    return st.one_of(coarse, coarse.map(lambda count: count + 2), st.just(0))


def works(
    capacity: int, shares: list[Share], partial: st.SearchStrategy[bool], most: int
) -> st.SearchStrategy[list[Work]]:
    work = st.builds(
        Work,
        comes=ticks(150),
        amount=st.integers(1, min(capacity, most)),
        share=st.sampled_from(shares),
        partial=partial,
        latency=ticks(90),
        refund=st.one_of(st.just(0), st.integers(0, capacity)),
        cancelled_after=st.one_of(st.none(), ticks(100)),
    )
    return st.lists(work, min_size=4, max_size=25)


async def carry_out(work: Work, budget: ExactBudget, calls: list[Call]) -> None:
    await asyncio.sleep(work.comes * TICK)
    call = Call(work, now())
    calls.append(call)
    try:
        grant = await budget.acquire(work.amount, work.share, partial=work.partial)
    except asyncio.CancelledError:
        call.left = now()
        raise
    call.left, call.granted = now(), grant.amount
    try:
        await asyncio.sleep(work.latency * TICK)
        call.spent = grant.amount - min(work.refund, grant.amount)
    finally:
        call.answered = now()
        grant.answered(refund=grant.amount - call.spent)


def timeline(capacity: int, plan: list[Work]) -> list[Call]:
    """Carry out a plan to its end; return the calls in the order in which they came."""

    async def main() -> list[Call]:
        loop = asyncio.get_running_loop()
        budget = ExactBudget(capacity, PERIOD)
        calls: list[Call] = []
        tasks = [asyncio.create_task(carry_out(work, budget, calls)) for work in plan]
        for work, task in zip(plan, tasks, strict=True):
            if work.cancelled_after is not None:
                loop.call_at((work.comes + work.cancelled_after) * TICK, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(PERIOD)
        assert budget.left == capacity
        assert "0 waiting" in repr(budget)
        return calls

    return run(main())


def moments(calls: list[Call]) -> list[float]:
    """A moment between each two at which something happens."""
    changes = {
        when for call in calls for when in (call.came, call.left, call.answered, call.answered + PERIOD)
    }
    return [(one + other) / 2 for one, other in pairwise(sorted(changes - {NEVER}))]


def check_window(capacity: int, calls: list[Call]) -> None:
    """The server counts a call at any moment between leave and answer: no window may hold too much."""
    spends = [call for call in calls if call.spent]
    for first in spends:
        # The fullest windows begin with an answer that is just about to leave the server.
        begins, ends = first.answered, first.answered + PERIOD
        assert sum(call.spent for call in spends if call.left < ends and call.answered >= begins) <= capacity


def check_order(calls: list[Call]) -> None:
    for share in WEIGHTS:
        leave = [call.left for call in calls if call.work.share == share and call.granted is not None]
        assert leave == sorted(leave)


def check_amounts(calls: list[Call]) -> None:
    for call in calls:
        if call.granted is not None:
            assert call.granted == call.work.amount or (
                call.work.partial and 0 < call.granted < call.work.amount
            )


def heads(calls: list[Call], when: float) -> list[Call]:
    """The first waiter of each share."""
    waiting = [call for call in calls if call.waits(when)]
    return [
        next(call for call in waiting if call.work.share == share)
        for share in WEIGHTS
        if any(call.work.share == share for call in waiting)
    ]


def waits_with_reason(call: Call, calls: list[Call], free: int, when: float) -> bool:
    if free == 0:
        return True
    if not call.work.partial:
        return free < call.work.amount
    soon = sum(other.spent for other in calls if when < other.answered + PERIOD <= when + SOON)
    return free < call.work.amount and soon > 0


def check_use(capacity: int, calls: list[Call]) -> None:
    """Whoever waits, waits because those whose turn it is cannot have their tokens."""
    for when in moments(calls):
        free = capacity - sum(call.holds(when) for call in calls)
        assert free >= 0
        first = heads(calls, when)
        assert not first or any(waits_with_reason(call, calls, free, when) for call in first)


plans_of_one_share = st.integers(1, 12).flatmap(
    lambda capacity: st.tuples(st.just(capacity), works(capacity, ["submit"], st.just(False), 12))
)
plans_of_all_shares = st.integers(1, 12).flatmap(
    lambda capacity: st.tuples(st.just(capacity), works(capacity, list(WEIGHTS), st.just(False), 12))
)
plans_of_requests = st.integers(1, 12).flatmap(
    lambda capacity: st.tuples(st.just(capacity), works(capacity, list(WEIGHTS), st.just(False), 1))
)
plans_in_part = st.integers(1, 12).flatmap(
    lambda capacity: st.tuples(st.just(capacity), works(capacity, ["submit"], st.booleans(), 12))
)


def check(capacity: int, plan: list[Work]) -> None:
    calls = timeline(capacity, plan)
    check_window(capacity, calls)
    check_order(calls)
    check_amounts(calls)
    check_use(capacity, calls)


@settings(max_examples=150, deadline=None)
@given(plans_of_one_share)
def test_calls_of_all_sizes_in_one_share(given_plan: tuple[int, list[Work]]) -> None:
    check(*given_plan)


@settings(max_examples=150, deadline=None)
@given(plans_of_all_shares)
def test_calls_of_all_sizes_in_all_shares(given_plan: tuple[int, list[Work]]) -> None:
    check(*given_plan)


@settings(max_examples=100, deadline=None)
@given(plans_of_requests)
def test_requests_leave_nothing_unused(given_plan: tuple[int, list[Work]]) -> None:
    capacity, plan = given_plan
    calls = timeline(capacity, plan)
    check_window(capacity, calls)
    check_order(calls)
    for when in moments(calls):
        if heads(calls, when):
            assert sum(call.holds(when) for call in calls) == capacity


@settings(max_examples=150, deadline=None)
@given(plans_in_part)
def test_calls_that_take_a_part(given_plan: tuple[int, list[Work]]) -> None:
    check(*given_plan)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(list(WEIGHTS)), min_size=2, max_size=4, unique=True), st.integers(1, 15))
def test_busy_shares_are_served_by_their_weight(shares: list[Share], capacity: int) -> None:
    async def main() -> list[Share]:
        budget = ExactBudget(capacity, PERIOD)
        served: list[Share] = []

        async def client(share: Share) -> None:
            while True:
                (await budget.acquire(1, share)).answered()
                served.append(share)

        for _ in range(capacity):
            (await budget.acquire()).answered()
        clients = [asyncio.create_task(client(share)) for share in shares for _ in range(capacity)]
        await asyncio.sleep(PERIOD * 20 + 1)
        for one in clients:
            one.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        return served

    served = run(main())
    assert len(served) == capacity * 20
    total = sum(WEIGHTS[share] for share in shares)
    for share in shares:
        assert abs(served.count(share) - len(served) * WEIGHTS[share] / total) <= 4
