import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

from sbtransfer.http.clock import PlatformClock
from sbtransfer.http.transport import Response
from sbtransfer.simulator.clock import run
from tests.support import SERVER_TIME, reply


def dated(after: float) -> Response:
    """An answer that was written so many seconds after the made-up platform's zero, in whole seconds."""
    return reply(Date=formatdate(SERVER_TIME + int(after), usegmt=True))


def times(*answers: tuple[float, Response], until: float, start: float = 0.0) -> list[float]:
    """Let answers come at their times; return the clock after each, since the platform's zero, and later."""

    async def main() -> list[float]:
        clock, shown = PlatformClock(lambda: SERVER_TIME - 50.0), []
        for when, answer in answers:
            await asyncio.sleep(start + when - asyncio.get_running_loop().time())
            clock.observe(answer)
            shown.append(clock.now() - SERVER_TIME)
        await asyncio.sleep(start + until - asyncio.get_running_loop().time())
        return [*shown, clock.now() - SERVER_TIME]

    return run(main(), start=start)


def test_until_an_answer_tells_it_is_this_machines_time() -> None:
    clock = PlatformClock()
    assert abs(clock.now() - time.time()) < 60
    assert PlatformClock(lambda: 7.0).now() == 7.0


@pytest.mark.parametrize("start", [0.0, 12_345.0])
def test_it_goes_on_with_the_loops_time_from_what_an_answer_told(start: float) -> None:
    assert times((3.0, dated(10)), until=23.0, start=start) == [10, 30]


@pytest.mark.parametrize(
    "answer", [reply(), reply(Date=""), reply(Date="yesterday"), reply(Date="Tue, 99 Nov 2023 22:13:20 GMT")]
)
def test_an_answer_without_a_date_tells_nothing(answer: Response) -> None:
    assert times((1.0, answer), until=2.0) == [-50, -50]
    assert times((0.0, dated(10)), (1.0, answer), until=2.0) == [10, 11, 12]


def test_the_quickest_answer_is_believed() -> None:
    slow, quick, slower = (0.0, dated(10)), (1.0, dated(12)), (2.0, dated(10))
    assert times(slow, quick, slower, until=3.0) == [10, 12, 13, 14]


@pytest.mark.parametrize(("back", "shown"), [(4, 20), (5, 20), (6, 14), (3600, -3580)])
def test_a_clock_that_was_set_back_is_followed(back: int, shown: int) -> None:
    assert times((0.0, dated(10)), (10.0, dated(20 - back)), until=10.0) == [10, shown, shown]


def test_it_is_never_ahead_of_the_platform() -> None:
    async def main(seen_after: Callable[[int], float]) -> None:
        clock = PlatformClock()
        for call in range(50):
            written = asyncio.get_running_loop().time() + 0.37
            await asyncio.sleep(seen_after(call))
            clock.observe(dated(written))
            assert clock.now() - SERVER_TIME <= asyncio.get_running_loop().time() + 0.37

    run(main(lambda call: 0.1 + call % 7 / 3))
