"""Whose turn it is; what budgets make of it is in `test_exact.py`."""

import asyncio

import pytest

from sbtransfer.budget import WEIGHTS, Share, Unlimited
from sbtransfer.errors import UsageError
from sbtransfer.waiting_line import Waiter, WaitingLine


async def serve(line: WaitingLine) -> Waiter | None:
    waiter = line.first
    if waiter is not None:
        line.serve(waiter, await Unlimited().acquire(waiter.amount))
    return waiter


async def test_first_come_first_served_within_a_share() -> None:
    line = WaitingLine()
    waiters = [line.join(amount, "submit", partial=False) for amount in (5, 1, 9)]
    assert [await serve(line) for _ in range(4)] == [*waiters, None]
    assert [waiter.granted.result().amount for waiter in waiters] == [5, 1, 9]


async def test_shares_are_served_by_their_weight() -> None:
    line, served = WaitingLine(), list[Share]()
    for share in WEIGHTS:
        for _ in range(44):
            line.join(1, share, partial=False)
    for _ in range(44):
        waiter = await serve(line)
        assert waiter is not None
        served.append(waiter.share)
    assert {share: served.count(share) for share in WEIGHTS} == {
        "submit": 16,
        "poll": 16,
        "recover": 8,
        "list": 4,
    }


async def test_who_was_cancelled_is_passed_over_and_leaves() -> None:
    line = WaitingLine()
    first, second = (line.join(1, "submit", partial=False) for _ in range(2))
    first.granted.cancel()
    assert line.first is second
    assert list(line) == [second]
    line.leave(first)
    line.leave(second)
    assert len(line) == 0
    assert not line


async def test_who_leaves_with_a_grant_gives_it_back() -> None:
    class Grant:
        amount, settled, given = 1, False, 0

        def answered(self, *, refund: int = 0) -> None:
            raise AssertionError

        def give_back(self) -> None:
            self.given += 1

    line, grant = WaitingLine(), Grant()
    waiter = line.join(1, "poll", partial=False)
    line.serve(waiter, grant)
    line.leave(waiter)
    assert grant.given == 1


async def test_all_can_be_let_go_with_an_error() -> None:
    line = WaitingLine()
    waiters = [line.join(1, share, partial=False) for share in WEIGHTS]
    waiters[0].granted.cancel()
    line.fail(UsageError("over"))
    assert len(line) == 0
    for waiter in waiters[1:]:
        with pytest.raises(UsageError, match="over"):
            await waiter.granted
        line.leave(waiter)
    await asyncio.sleep(0)


async def test_patience_begins_when_it_is_first_asked_for() -> None:
    waiter = WaitingLine().join(5, "submit", partial=True)
    assert waiter.patience(10.0, 300.0) == pytest.approx(10.3)
    assert waiter.patience(50.0, 300.0) == pytest.approx(10.3)
