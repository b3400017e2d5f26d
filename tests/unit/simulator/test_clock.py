import asyncio
import math
import socket
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiolimiter import AsyncLimiter

from sbtransfer.simulator.clock import DeadlockError, VirtualClockLoop, run


def now() -> float:
    return asyncio.get_running_loop().time()


def test_sleeping_moves_the_clock_exactly() -> None:
    async def main() -> list[float]:
        seen = [now()]
        for _ in range(2):
            await asyncio.sleep(300)
            seen.append(now())
        return seen

    assert run(main()) == [0.0, 300.0, 600.0]


def test_a_timer_is_met_to_the_last_bit() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        for when in (0.1, 0.1 + 0.2, 1e6 + 0.1, 1.7e9 + 0.3, 1e12):
            woken = loop.create_future()
            loop.call_at(when, woken.set_result, None)
            await woken
            assert loop.time() == when

    run(main())


def test_tasks_interleave_in_the_order_of_their_timers() -> None:
    async def main() -> list[tuple[str, float]]:
        seen: list[tuple[str, float]] = []

        async def beat(name: str, every: float, times: int) -> None:
            for _ in range(times):
                await asyncio.sleep(every)
                seen.append((name, now()))

        await asyncio.gather(beat("a", 2, 3), beat("b", 3.5, 2))
        return seen

    assert run(main()) == [("a", 2.0), ("b", 3.5), ("a", 4.0), ("a", 6.0), ("b", 7.0)]


def test_timers_that_differ_by_the_smallest_step_run_at_their_own_times() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        seen: list[float] = []
        first = 1.7e9
        for when in (math.nextafter(first, math.inf), first):
            loop.call_at(when, lambda: seen.append(loop.time()))
        await asyncio.sleep(2e9)
        return seen

    assert run(main()) == [1.7e9, math.nextafter(1.7e9, math.inf)]


def test_a_timeout_runs_out_at_once_in_real_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        return now()

    assert run(main()) == 3600.0


def test_a_cancelled_timer_does_not_move_the_clock() -> None:
    async def main() -> float:
        asyncio.get_running_loop().call_later(50, lambda: None).cancel()
        await asyncio.sleep(100)
        return now()

    assert run(main()) == 100.0


def test_a_timer_in_the_past_runs_at_once() -> None:
    async def main() -> float:
        woken = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_at(-5, woken.set_result, None)
        await woken
        return now()

    assert run(main()) == 0.0


def test_time_stands_still_while_a_task_works() -> None:
    async def main() -> float:
        for _ in range(100):
            await asyncio.sleep(0)
        return now()

    assert run(main()) == 0.0


def test_the_clock_may_begin_anywhere() -> None:
    async def main() -> tuple[float, float]:
        began = now()
        await asyncio.sleep(0.25)
        return began, now()

    assert run(main(), start=1.7e9) == (1.7e9, 1.7e9 + 0.25)


def test_a_hundred_thousand_timers_are_cheap_and_in_order() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        seen: list[float] = []
        for number in range(100_000):
            loop.call_at((number * 7919) % 100_000, lambda: seen.append(loop.time()))
        await asyncio.sleep(100_000)
        return seen

    assert run(main()) == [float(number) for number in range(100_000)]


def test_executor_work_is_waited_for_before_time_moves() -> None:
    async def main() -> list[tuple[str, float]]:
        seen: list[tuple[str, float]] = []

        async def sleeper() -> None:
            await asyncio.sleep(5)
            seen.append(("timer", now()))

        task = asyncio.create_task(sleeper())
        await asyncio.to_thread(time.sleep, 0.05)
        seen.append(("work", now()))
        await task
        return seen

    assert run(main()) == [("work", 0.0), ("timer", 5.0)]


def test_time_moves_on_after_executor_work_that_failed_or_was_cancelled() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(max_workers=1) as executor:
            with pytest.raises(ZeroDivisionError):
                await loop.run_in_executor(executor, lambda: 1 / 0)
            release = threading.Event()
            busy = loop.run_in_executor(executor, release.wait)
            queued = loop.run_in_executor(executor, release.wait)
            queued.cancel()
            release.set()
            assert await busy
            await asyncio.sleep(7)
        return now()

    assert run(main()) == 7.0


def test_real_io_that_is_ready_comes_before_time_moves() -> None:
    async def main() -> tuple[bytes, float]:
        left, right = socket.socketpair()
        with left, right:
            reader, writer = await asyncio.open_connection(sock=left)
            sleeping = asyncio.create_task(asyncio.sleep(100))
            right.sendall(b"data")
            data, then = await reader.read(4), now()
            await sleeping
            writer.close()
            await writer.wait_closed()
        return data, then

    assert run(main()) == (b"data", 0.0)


def test_without_timers_real_io_is_waited_for() -> None:
    async def main() -> tuple[bytes, float]:
        left, right = socket.socketpair()
        with left, right:
            left.setblocking(False)
            sender = threading.Timer(0.05, right.sendall, [b"late"])
            sender.start()
            data = await asyncio.get_running_loop().sock_recv(left, 4)
            sender.join()
        return data, now()

    assert run(main()) == (b"late", 0.0)


def test_a_program_that_would_hang_for_ever_is_told_so() -> None:
    async def main() -> None:
        await asyncio.sleep(10)
        await asyncio.create_task(asyncio.Event().wait(), name="forgotten")

    with pytest.raises(DeadlockError, match=r"nothing left to wait for at 10\.0: .*forgotten"):
        run(main())


def test_a_deadlock_of_many_tasks_names_some() -> None:
    async def main() -> None:
        await asyncio.gather(*(asyncio.Event().wait() for _ in range(20)))

    with pytest.raises(DeadlockError, match="and 16 more"):
        run(main())


def test_sleeping_for_ever_is_a_deadlock_too() -> None:
    with pytest.raises(DeadlockError):
        run(asyncio.sleep(math.inf))


def test_a_loop_told_to_run_on_with_nothing_to_do_is_told_so() -> None:
    loop = VirtualClockLoop()
    try:
        with pytest.raises(DeadlockError, match="no task is left"):
            loop.run_forever()
    finally:
        loop.close()


def test_after_a_deadlock_tasks_are_cancelled_and_may_clean_up() -> None:
    cleaned: list[float] = []

    async def main() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(3)
            cleaned.append(now())

    with pytest.raises(DeadlockError):
        run(main())
    assert cleaned == [3.0]


def test_run_returns_the_result_and_leaves_no_task_generator_or_thread() -> None:
    ended: list[str] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            ended.append("generator")

    async def leftover() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("task")

    generators: list[AsyncIterator[int]] = []

    async def main() -> str:
        generators.append(numbers())
        await anext(generators[0])
        leftovers.append(asyncio.create_task(leftover()))
        await asyncio.to_thread(lambda: None)
        return "result"

    leftovers: list[asyncio.Task[None]] = []
    threads = threading.active_count()
    assert run(main()) == "result"
    assert sorted(ended) == ["generator", "task"]
    assert leftovers[0].cancelled()
    assert threading.active_count() == threads


def test_an_exception_comes_out_as_it_is() -> None:
    async def main() -> None:
        await asyncio.sleep(1)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(main())


def test_the_loop_shows_its_time() -> None:
    loop = VirtualClockLoop(start=12.5)
    try:
        assert "time=12.5" in repr(loop)
    finally:
        loop.close()


def test_a_timer_that_is_set_anew_for_this_very_instant_does_not_stop_the_time() -> None:
    """As code does that waits for a remainder which is too small to change the time."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        over = loop.create_future()
        start = loop.time()

        def again() -> None:
            if loop.time() > start:
                over.set_result(None)
            else:
                loop.call_at(loop.time(), again)

        again()
        await over
        return loop.time() - start

    assert 0 < run(main(), start=1e6) < 1e-6


def test_a_leaky_bucket_leaks_in_virtual_time() -> None:
    async def main() -> float:
        limiter = AsyncLimiter(50, 1)
        await asyncio.gather(*(limiter.acquire() for _ in range(1050)))
        return asyncio.get_running_loop().time()

    assert run(main(), start=12345.678) == pytest.approx(12345.678 + 20)
