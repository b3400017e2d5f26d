import asyncio
from collections.abc import Callable

import pytest

from sbtransfer.errors import OutageError
from sbtransfer.http.gate import Gate, backoff
from sbtransfer.simulator.clock import VirtualClockLoop, run
from tests.support import now


class Platform:
    """Answers probes after `latency` seconds: why it is away until `back`, nothing after that."""

    def __init__(self, back: float, latency: float = 0.0) -> None:
        self.back = back
        self.latency = latency
        self.probed: list[float] = []
        self.at_once = 0
        self.most_at_once = 0

    async def probe(self) -> str | None:
        self.probed.append(now())
        assert len(self.probed) < 100, "it probes without end"
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.latency)
        finally:
            self.at_once -= 1
        return "maintenance" if now() < self.back else None


def gate_to(platform: Platform, give_up_after: float = 3600.0, jitter: float = 0.0) -> Gate:
    return Gate(platform.probe, give_up_after, lambda: jitter)


async def enter(gate: Gate) -> float | str:
    """Return when one passed, or what it was told and when."""
    try:
        await gate.enter()
    except OutageError as error:
        return f"{error} at {now():g}"
    return now()


# How long to wait ----------------------------------------------------------------------------------------


def test_waits_double_from_a_second_to_a_minute() -> None:
    waits = [backoff(failures, 0.0) for failures in range(1, 10)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize(("jitter", "part"), [(0.0, 1.0), (0.5, 0.75), (1.0, 0.5)])
def test_jitter_takes_up_to_half_of_a_wait(jitter: float, part: float) -> None:
    assert [backoff(failures, jitter) for failures in (1, 4, 7)] == [part * 1, part * 8, part * 60]


def test_a_very_long_outage_is_no_overflow() -> None:
    assert backoff(10**6, 0.0) == 60.0


# An open gate --------------------------------------------------------------------------------------------


def test_an_open_gate_lets_pass_at_once() -> None:
    async def main() -> None:
        platform = Platform(back=0)
        gate = gate_to(platform)
        assert [await enter(gate) for _ in range(3)] == [0, 0, 0]
        assert platform.probed == []
        assert repr(gate) == "<Gate open>"

    run(main())


# An outage -----------------------------------------------------------------------------------------------


def test_an_outage_is_probed_at_growing_intervals() -> None:
    async def main() -> None:
        platform = Platform(back=200)
        gate = gate_to(platform)
        gate.failed("no connection")
        assert repr(gate) == "<Gate shut: no connection>"
        assert await asyncio.gather(*(enter(gate) for _ in range(5))) == [243.0] * 5
        assert platform.probed == [1, 3, 7, 15, 31, 63, 123, 183, 243]
        assert gate.reason is None

    run(main())


def test_jitter_shortens_each_wait() -> None:
    async def main() -> None:
        platform = Platform(back=4)
        jitters = iter([0.0, 1.0, 0.5])
        gate = Gate(platform.probe, random=lambda: next(jitters))
        gate.failed("no connection")
        assert await enter(gate) == 5.0
        assert platform.probed == [1.0, 2.0, 5.0]

    run(main())


def test_there_is_one_probe_at_a_time() -> None:
    async def main() -> None:
        platform = Platform(back=40, latency=3)
        gate = gate_to(platform)
        gate.failed("no connection")

        async def late(when: float) -> float | str:
            await asyncio.sleep(when)
            return await enter(gate)

        passed = await asyncio.gather(*(late(when) for when in (0, 0, 0, 1, 2, 3.5, 5, 20, 30)))
        # Each probe takes 3 s; then comes the next wait.
        assert platform.probed == [1, 6, 13, 24, 43]
        assert passed == [46.0] * 9
        assert platform.most_at_once == 1

    run(main())


def test_nobody_probes_when_nobody_waits() -> None:
    async def main() -> None:
        platform = Platform(back=500)
        gate = gate_to(platform)
        gate.failed("no connection")
        await asyncio.sleep(1000)
        assert platform.probed == []
        assert await enter(gate) == 1000.0
        assert platform.probed == [1000.0]

    run(main())


def test_failures_under_way_say_nothing_new() -> None:
    async def main() -> None:
        platform = Platform(back=2)
        gate = gate_to(platform)
        for _ in range(30):
            gate.failed("no connection")
        assert gate.resumes_at == 1.0
        await asyncio.sleep(0.5)
        gate.failed("no answer", attempts=20)
        assert gate.resumes_at == 1.0
        assert await enter(gate) == 3.0

    run(main())


def test_a_call_that_failed_more_often_knows_better() -> None:
    async def main() -> None:
        gate = gate_to(Platform(back=0))
        gate.failed("no connection", attempts=4)
        assert gate.resumes_at == 8.0
        assert await enter(gate) == 8.0

    run(main())


def test_a_probe_that_succeeds_does_not_forget_the_failures() -> None:
    async def main() -> None:
        # Probes are answered, and every call fails: waits must grow nevertheless.
        gate = gate_to(Platform(back=0))
        passed: list[float | str] = []
        for _ in range(5):
            gate.failed("no connection")
            passed.append(await enter(gate))
        assert passed == [1, 3, 7, 15, 31]

    run(main())


def test_an_answer_ends_the_outage() -> None:
    async def main() -> None:
        platform = Platform(back=0)
        gate = gate_to(platform)
        for _ in range(4):
            gate.failed("no connection")
            await enter(gate)
        gate.answered()
        await asyncio.sleep(100 - now())
        gate.failed("no connection")
        assert gate.resumes_at == 101.0

    run(main())


def test_an_answer_opens_the_gate_for_all_who_wait() -> None:
    async def main() -> None:
        platform = Platform(back=1000)
        gate = gate_to(platform)
        gate.failed("no connection", attempts=6)
        waiting = asyncio.gather(*(enter(gate) for _ in range(5)))
        asyncio.get_running_loop().call_at(10, gate.answered)
        assert await waiting == [10.0] * 5
        assert platform.probed == []

    run(main())


# A limit -------------------------------------------------------------------------------------------------


def test_a_limit_pauses_everybody_and_is_not_probed() -> None:
    async def main() -> None:
        platform = Platform(back=1e9)
        gate = gate_to(platform)
        gate.limited(120, "rate limit")
        assert repr(gate) == "<Gate shut: rate limit>"
        assert await asyncio.gather(*(enter(gate) for _ in range(5))) == [120.0] * 5
        assert platform.probed == []

    run(main())


def test_a_limit_costs_no_attempt() -> None:
    async def main() -> None:
        gate = gate_to(Platform(back=0), give_up_after=600)
        for _ in range(20):
            gate.limited(300, "rate limit")
            await gate.enter()
        assert now() == 6000.0
        gate.failed("no connection")
        assert gate.resumes_at == 6001.0

    run(main())


@pytest.mark.parametrize(("first", "second", "passes"), [(100, 30, 100.0), (30, 100, 100.0), (50, 50, 50.0)])
def test_the_longer_of_two_limits_holds(first: float, second: float, passes: float) -> None:
    async def main() -> float | str:
        gate = gate_to(Platform(back=0))
        gate.limited(first, "rate limit")
        gate.limited(second, "rate limit")
        return await enter(gate)

    assert run(main()) == passes


def test_a_limit_during_an_outage_delays_the_next_probe() -> None:
    async def main() -> None:
        platform = Platform(back=0)
        gate = gate_to(platform)
        gate.failed("no connection")
        gate.limited(50, "rate limit")
        assert await enter(gate) == 50.0
        assert platform.probed == [50.0]

    run(main())


def test_an_outage_during_a_limit_is_probed_when_the_limit_is_over() -> None:
    async def main() -> None:
        platform = Platform(back=60)
        gate = gate_to(platform)
        gate.limited(50, "rate limit")
        gate.failed("no connection")
        assert await enter(gate) == 65.0
        assert platform.probed == [50, 51, 53, 57, 65]

    run(main())


def test_a_limit_reached_during_a_probe_holds() -> None:
    async def main() -> float | str:
        gate = gate_to(Platform(back=0, latency=5))
        gate.failed("no connection")
        waiting = asyncio.create_task(enter(gate))
        await asyncio.sleep(3)
        gate.limited(100, "rate limit")
        return await waiting

    assert run(main()) == 103.0


# Giving up -----------------------------------------------------------------------------------------------


def test_an_outage_is_given_up_by_who_probes() -> None:
    async def main() -> None:
        platform = Platform(back=1e9)
        gate = gate_to(platform, give_up_after=100)
        gate.failed("no connection")
        assert await enter(gate) == "the platform could not be reached for 123 s: maintenance at 123"
        assert platform.probed == [1, 3, 7, 15, 31, 63, 123]

    run(main())


@pytest.mark.parametrize("latency", [0.0, 2.0])
def test_an_outage_is_given_up_by_everyone_who_waits(latency: float) -> None:
    async def main() -> None:
        gate = gate_to(Platform(back=1e9, latency=latency), give_up_after=100)
        gate.failed("no connection")
        ended = await asyncio.gather(*(enter(gate) for _ in range(5)))
        assert {str(one).partition(" at ")[0] for one in ended} == {str(ended[0]).partition(" at ")[0]}
        assert all(str(one).startswith("the platform could not be reached") for one in ended)

    run(main())


def test_after_giving_up_the_next_call_tries_again() -> None:
    async def main() -> None:
        gate = gate_to(Platform(back=1e9), give_up_after=100)
        gate.failed("no connection")
        await enter(gate)
        assert await enter(gate) == 123.0
        gate.failed("no connection")
        assert gate.resumes_at == 124.0

    run(main())


def test_time_to_give_up_begins_with_the_first_failure() -> None:
    async def main() -> None:
        platform = Platform(back=1e9)
        gate = gate_to(platform, give_up_after=100)
        gate.failed("no connection")
        gate.answered()
        await asyncio.sleep(1000)
        gate.failed("no connection")
        assert await enter(gate) == "the platform could not be reached for 123 s: maintenance at 1123"

    run(main())


# Cancelled while waiting ---------------------------------------------------------------------------------


def test_who_is_cancelled_before_the_probe_holds_up_nobody() -> None:
    async def main() -> None:
        platform = Platform(back=0, latency=3)
        gate = gate_to(platform)
        gate.failed("no connection")
        unlucky, lucky = (asyncio.create_task(enter(gate)) for _ in range(2))
        asyncio.get_running_loop().call_at(0.5, unlucky.cancel)
        assert await lucky == 4.0
        assert unlucky.cancelled()
        assert platform.probed == [1]

    run(main())


def test_a_prober_who_is_cancelled_frees_its_place() -> None:
    async def main() -> None:
        platform = Platform(back=0, latency=3)
        gate = gate_to(platform)
        gate.failed("no connection")
        prober = asyncio.create_task(enter(gate))
        await asyncio.sleep(1.5)
        others = [asyncio.create_task(enter(gate)) for _ in range(3)]
        await asyncio.sleep(0.5)
        prober.cancel()
        assert await asyncio.gather(*others) == [5.0] * 3
        assert prober.cancelled()
        assert platform.probed == [1, 2]
        assert platform.most_at_once == 1

    run(main())


def test_a_probe_that_raises_frees_its_place() -> None:
    async def main() -> None:
        outcomes = iter([ValueError("no token"), None])

        async def probe() -> str | None:
            outcome = next(outcomes)
            if outcome is not None:
                raise outcome
            return None

        gate = Gate(probe, random=lambda: 0.0)
        gate.failed("no connection")
        ended = await asyncio.gather(gate.enter(), gate.enter(), return_exceptions=True)
        assert sorted(map(type, ended), key=str) == [type(None), ValueError]
        assert gate.reason is None

    run(main())


@pytest.mark.parametrize("end", [lambda gate: gate.answered(), lambda gate: None])
def test_nothing_is_left_behind(end: Callable[[Gate], None]) -> None:
    async def main() -> None:
        gate = gate_to(Platform(back=0))
        gate.failed("no connection")
        waiting = [asyncio.create_task(enter(gate)) for _ in range(3)]
        await asyncio.sleep(0.5)
        waiting[0].cancel()
        end(gate)
        await asyncio.gather(*waiting, return_exceptions=True)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualClockLoop)
        assert [timer for timer in loop._scheduled if not timer.cancelled()] == []
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())
