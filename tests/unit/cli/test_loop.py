import asyncio
import os
import signal
import sys
from collections.abc import Iterator

import pytest

from sbtransfer.cli.loop import run


@pytest.fixture(params=["asyncio", "uvloop"], autouse=True)
def loop_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    else:
        monkeypatch.setitem(sys.modules, "uvloop", None)  # an import that fails, as where it is not installed
    return str(request.param)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def unheard() -> None:
    pytest.fail("nobody is leaving")


def test_the_fastest_loop_is_used(loop_kind: str) -> None:
    async def work() -> str:
        return type(asyncio.get_running_loop()).__module__.partition(".")[0]

    assert run(work(), unheard) == loop_kind


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_the_work_leave(number: int) -> None:
    told: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            told.append("left in order")

    with pytest.raises(KeyboardInterrupt):
        run(work(), lambda: told.append("leaving"))
    assert told == ["leaving", "left in order"]


def test_the_second_signal_ends_the_leaving() -> None:
    told: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run(work(), lambda: told.append("leaving"))
    assert told == ["leaving"]


def test_the_third_signal_is_the_systems() -> None:
    async def work() -> None:
        for _ in range(2):
            try:
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass
        left.append(signal.getsignal(signal.SIGINT))
        raise asyncio.CancelledError

    left: list[object] = []
    with pytest.raises(KeyboardInterrupt):
        run(work(), lambda: None)
    assert left == [signal.default_int_handler]


def test_a_signal_that_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def work() -> str:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.01)
        return "done"

    assert run(work(), unheard) == "done"


def test_errors_come_out_as_they_are() -> None:
    async def work() -> None:
        raise LookupError("x")

    with pytest.raises(LookupError):
        run(work(), unheard)
