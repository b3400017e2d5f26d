"""What all budgets promise; the one without limits keeps it without counting."""

from functools import partial

from sbtransfer.budget import Unlimited
from sbtransfer.limits import Limits
from sbtransfer.simulator.clock import run
from tests.support import now


def test_unlimited_grants_everything_at_once() -> None:
    async def main() -> None:
        limits = Limits.unlimited()
        for budget in (limits.request_budget(), limits.file_budget()):
            assert isinstance(budget, Unlimited)
            grants = [await budget.acquire(10**9, "list") for _ in range(1000)]
            assert {grant.amount for grant in grants} == {10**9}
            for settle in (grants[0].answered, grants[1].give_back, partial(grants[2].answered, refund=5)):
                settle()
            budget.observe(0, 1.0, 1e6)
            assert (await budget.acquire(5)).amount == 5
            assert budget.left == float("inf")
        assert now() == 0

    run(main())


def test_an_unlimited_budget_takes_any_charge() -> None:
    async def main() -> None:
        budget = Unlimited()
        budget.charge(10**9, 5.0)
        assert budget.left == float("inf")
        assert not (await budget.acquire()).settled

    run(main())
