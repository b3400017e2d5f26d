import asyncio
from collections.abc import Callable

import pytest

from sbtransfer.exact import ExactBudget
from sbtransfer.grace import Grace
from sbtransfer.http.admission import Admission
from sbtransfer.simulator.clock import run


async def admitted(requests: ExactBudget, files: ExactBudget) -> Admission:
    return Admission("submit", await requests.acquire(), await files.acquire(7))


def left_after(*settle: Callable[[Admission], None]) -> tuple[list[int], list[int]]:
    """Settle a call of 1 request of 10 and 7 files of 10; return what is left at once, and a period later."""

    async def main() -> tuple[list[int], list[int]]:
        requests, files = ExactBudget(10, 300.0), ExactBudget(10, 300.0)
        admission = await admitted(requests, files)
        for one in settle:
            one(admission)
        at_once = [requests.left, files.left]
        await asyncio.sleep(300)
        return at_once, [requests.left, files.left]

    return run(main())


def give_back(admission: Admission) -> None:
    admission.give_back()


def sent(admission: Admission) -> None:
    admission.sent()


def done(admission: Admission) -> None:
    admission.carried(undone=False)


def undone(admission: Admission) -> None:
    admission.carried(undone=True)


def lost(admission: Admission) -> None:
    admission.lost()


@pytest.mark.parametrize(
    ("settle", "at_once", "later"),
    [
        ([], [9, 3], [9, 3]),
        ([give_back], [10, 10], [10, 10]),
        ([sent], [9, 3], [10, 3]),
        ([sent, give_back], [9, 10], [10, 10]),
        ([sent, done], [9, 3], [10, 10]),
        ([sent, undone], [9, 10], [10, 10]),
        ([sent, done, give_back], [9, 3], [10, 10]),
        ([sent, done, undone], [9, 3], [10, 10]),
        ([sent, undone, done], [9, 10], [10, 10]),
        ([give_back, sent, done], [10, 10], [10, 10]),
        ([sent, sent, done, done, give_back, give_back], [9, 3], [10, 10]),
        ([lost], [9, 3], [10, 10]),
        ([lost, give_back, undone], [9, 3], [10, 10]),
    ],
)
def test_what_is_spent_and_what_is_given_back(
    settle: list[Callable[[Admission], None]], at_once: list[int], later: list[int]
) -> None:
    assert left_after(*settle) == (at_once, later)


def test_a_request_that_was_sent_is_gone() -> None:
    async def main() -> None:
        admission = await admitted(ExactBudget(10, 300.0), ExactBudget(10, 300.0))
        admission.sent()
        assert admission.request is None
        assert admission.files is not None
        assert admission.files.amount == 7

    run(main())


def test_an_admission_without_any_tokens() -> None:
    admission = Admission("list")
    admission.sent()
    admission.carried(undone=False)
    admission.give_back()
    assert (admission.request, admission.files) == (None, None)


def test_leaving_is_what_its_grace_says() -> None:
    grace = Grace(10)
    admission = Admission("submit", grace=grace)
    assert not Admission("submit").leaving
    assert not admission.leaving
    grace.leaving = True
    assert admission.leaving


def test_a_call_that_was_not_sent_is_not_in_doubt() -> None:
    assert not Admission("submit").in_doubt
