import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from sbtransfer.errors import NoAnswerError
from sbtransfer.grace import Grace
from sbtransfer.simulator.clock import run
from tests.support import now


async def answer_after(seconds: float, answer: str = "answer") -> str:
    await asyncio.sleep(seconds)
    return answer


async def cancelled_at(seconds: float, work: Coroutine[Any, Any, str], *further: float) -> str:
    """Cancel some work at these times and return how it ended: its result, or what it raised, and when."""
    task = asyncio.create_task(work)
    for when in (seconds, *further):
        asyncio.get_running_loop().call_at(when, task.cancel)
    try:
        ended = await task
    except asyncio.CancelledError:
        ended = "cancelled"
    except NoAnswerError as error:
        ended = str(error)
    return f"{ended} at {now():g}"


def test_undisturbed_it_is_as_if_it_were_not_there() -> None:
    async def main() -> None:
        grace = Grace(10)
        assert await grace.finish(answer_after(100)) == "answer"
        assert now() == 100
        assert not grace.leaving

    run(main())


def test_errors_pass() -> None:
    async def fail() -> str:
        raise NoAnswerError("hung up")

    async def main() -> None:
        with pytest.raises(NoAnswerError, match="hung up"):
            await Grace(10).finish(fail())

    run(main())


@pytest.mark.parametrize(
    ("seconds", "ended"),
    [(5.0, "answer at 5"), (12.0, "answer at 12"), (12.5, "cancelled at 12"), (1e6, "cancelled at 12")],
)
def test_leaving_waits_for_the_answer_for_as_long_as_the_grace_lasts(seconds: float, ended: str) -> None:
    async def main() -> None:
        grace = Grace(10)
        assert await cancelled_at(2, grace.finish(answer_after(seconds))) == ended
        assert grace.leaving

    run(main())


def test_a_failure_in_time_is_told() -> None:
    async def hang_up() -> str:
        await asyncio.sleep(5)
        raise NoAnswerError("hung up")

    assert run(cancelled_at(2, Grace(10).finish(hang_up()))) == "hung up at 5"


def test_no_grace_at_all() -> None:
    assert run(cancelled_at(2, Grace(0).finish(answer_after(5)))) == "cancelled at 2"


def test_who_insists_is_let_go_at_once() -> None:
    assert run(cancelled_at(2, Grace(10).finish(answer_after(11)), 3)) == "cancelled at 3"


def test_the_call_ends_with_the_one_who_waits_for_it() -> None:
    ends: list[float] = []

    async def call() -> str:
        try:
            return await answer_after(100)
        finally:
            ends.append(now())

    async def main() -> None:
        await cancelled_at(2, Grace(10).finish(call()))
        assert ends == [12.0]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


def test_a_call_that_is_cancelled_itself_is_not_leaving() -> None:
    async def give_up() -> str:
        raise asyncio.CancelledError

    async def main() -> None:
        grace = Grace(10)
        with pytest.raises(asyncio.CancelledError):
            await grace.finish(give_up())
        assert not grace.leaving

    run(main())


def test_it_protects_who_waits_for_an_answer_and_no_one_else() -> None:
    async def main() -> None:
        grace = Grace(10)
        sending = asyncio.create_task(grace.finish(answer_after(5)))
        waiting = asyncio.create_task(answer_after(5))
        assert not grace.protects(sending)
        await asyncio.sleep(1)
        assert grace.protects(sending)
        assert not grace.protects(waiting)
        await asyncio.gather(sending, waiting)
        assert not grace.protects(sending)

    run(main())


def test_all_can_be_let_go_at_once() -> None:
    async def main() -> list[str]:
        grace = Grace(1000)
        leaving = asyncio.create_task(cancelled_at(2, grace.finish(answer_after(100))))
        staying = asyncio.create_task(cancelled_at(500, grace.finish(answer_after(100))))
        await asyncio.sleep(5)
        grace.let_go()
        return list(await asyncio.gather(leaving, staying))

    assert run(main()) == ["cancelled at 5", "cancelled at 5"]


def test_calls_have_their_grace_side_by_side() -> None:
    async def main() -> list[str]:
        grace = Grace(10)
        works = [grace.finish(answer_after(seconds)) for seconds in (3, 11, 13)]
        return list(await asyncio.gather(*(cancelled_at(2, work) for work in works)))

    assert run(main()) == ["answer at 3", "answer at 11", "cancelled at 12"]
