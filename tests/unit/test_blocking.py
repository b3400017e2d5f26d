"""Transfers without a loop of one's own: however a run is left, nothing of it stays."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from attrs import Factory, define, field

import sbtransfer
from sbtransfer import (
    Client,
    Item,
    JournalReader,
    Limits,
    Outcome,
    Progress,
    SettingsError,
    SQLiteJournal,
    UnauthorizedError,
    UsageError,
    VolumeImport,
    blocking,
)
from sbtransfer.http.transport import Request, Response
from sbtransfer.simulator import Durations, Platform
from sbtransfer.testing import ServedPlatform, SimulatedTransport

SPEED = 1000.0
LIMITS = Limits(requests_period=300 / SPEED, drs_period=300 / SPEED)
PATIENCE = 30.0


class MineError(Exception):
    """The user's own."""


def imports(count: int) -> list[Item]:
    return [
        VolumeImport(volume="rfranklin/input", location=f"runs/{n}.fastq.gz", project="rfranklin/my-project")
        for n in range(count)
    ]


@define
class Place:
    """A platform, and what leads to it. Its jobs take moments, or for ever."""

    transport: SimulatedTransport
    threads: set[threading.Thread] = field(factory=lambda: set(threading.enumerate()))
    options: dict[str, Any] = Factory(lambda self: self._options(), takes_self=True)

    def _options(self) -> dict[str, Any]:
        platform = self.transport.platform
        return {
            "endpoint": platform.base_url,
            "token": platform.token,
            "transport": self.transport,
            "limits": LIMITS,
            "linger": 0.01,
        }

    def transfer(self, items: Any, **options: Any) -> blocking.BlockingRun:
        return blocking.transfer(items, **(self.options | options))

    def assert_nothing_left(self) -> None:
        assert set(threading.enumerate()) <= self.threads
        assert self.transport.open == 0
        assert self.transport.closed


class Scripted(SimulatedTransport):
    """A network that answers some paths in its own way."""

    answers: dict[str, Response]

    async def send(self, request: Request) -> Response:
        for path, answer in self.answers.items():
            if request.url.endswith(path):
                return answer
        return await super().send(request)


@pytest.fixture
def quick() -> Place:
    platform = Platform(durations=Durations(median=10.0, p99=30.0, pending=1.0), speed=SPEED)
    return Place(SimulatedTransport(platform, 0.002))


@pytest.fixture
def slow() -> Place:
    """Its jobs never end while a test lasts."""
    return Place(SimulatedTransport(Platform(durations=Durations(median=1e6, p99=1e6)), 0.002))


def refusing(status: int = 401) -> Place:
    transport = Scripted(Platform(), 0.002)
    transport.answers = {"": Response(status, {}, b'{"code": 1, "message": "no"}')}
    return Place(transport)


# What comes out ------------------------------------------------------------------------------------------


def test_each_item_has_its_outcome(quick: Place) -> None:
    items = imports(250)
    with quick.transfer(items, total=250) as run:
        outcomes = list(run)
        assert run.summary.completed == 250
        assert run.progress.total == 250
    assert sorted(outcome.index for outcome in outcomes) == list(range(250))
    assert all(outcome.item is items[outcome.index] and outcome.ok for outcome in outcomes)
    quick.assert_nothing_left()


def test_a_bare_loop_starts_lazily_and_cleans_up_at_its_end(quick: Place) -> None:
    run = quick.transfer(imports(120), total=120)
    assert set(threading.enumerate()) <= quick.threads
    assert run.progress == Progress(total=120)
    assert run.summary.read == 0
    assert len(list(run)) == 120
    quick.assert_nothing_left()
    assert list(run) == []
    assert (run.progress.completed, run.progress.undelivered, run.summary.completed) == (120, 0, 120)
    assert "120 read" in repr(run)


def test_over_a_socket_and_with_a_journal(tmp_path: Path) -> None:
    platform = Platform(durations=Durations(median=10.0, p99=30.0, pending=1.0), speed=SPEED)
    journal, threads = tmp_path / "move.sqlite", set(threading.enumerate())
    with ServedPlatform(platform) as served:
        options: dict[str, Any] = {"endpoint": served.url, "token": platform.token, "limits": LIMITS}
        states = [one.state for one in blocking.transfer(imports(150), journal=journal, **options)]
        again = list(blocking.transfer(imports(150), journal=journal, **options))
    assert states == ["COMPLETED"] * 150
    assert [outcome.resumed for outcome in again] == [True] * 150
    assert len(platform.created("imports")) == 150
    assert set(threading.enumerate()) <= threads


def test_an_async_list_will_do(quick: Place) -> None:
    async def items() -> AsyncIterator[Item]:
        for item in imports(120):
            await asyncio.sleep(0)
            yield item

    assert quick.transfer(items()).wait().completed == 120
    quick.assert_nothing_left()


def test_the_list_is_read_in_a_thread_of_its_own_with_the_users_context(quick: Place) -> None:
    name: ContextVar[str] = ContextVar("name")
    name.set("mine")
    seen = set()

    def items() -> Iterator[Item]:
        for item in imports(5):
            seen.add((threading.current_thread() is threading.main_thread(), name.get()))
            yield item

    quick.transfer(items()).wait()
    assert seen == {(False, "mine")}


def test_a_slow_loop_slows_the_reading(quick: Place) -> None:
    read = []

    def items() -> Iterator[Item]:
        for number, item in enumerate(imports(2000)):
            read.append(number)
            yield item

    ahead = []
    with quick.transfer(items(), max_in_flight=100) as run:
        for taken, _ in enumerate(run, 1):
            ahead.append(len(read) - taken)
            if taken % 100 == 0:
                until(lambda: run.progress.waiting == run.progress.under_way == 0)
                ahead.append(len(read) - taken)
                assert run.progress.undelivered == len(read) - taken
    assert taken == 2000
    assert max(ahead) <= 110


def until(condition: Any) -> None:
    """Wait for something that other threads do."""
    settled = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if condition():
            return
        settled.wait(0.01)
    pytest.fail("it never came")


# How it ends ---------------------------------------------------------------------------------------------


def test_break_leaves_nothing_and_frees_the_journal(slow: Place, tmp_path: Path) -> None:
    journal = tmp_path / "move.sqlite"
    with slow.transfer(imports(1000), journal=journal) as run:
        until(lambda: run.progress.under_way)
    slow.assert_nothing_left()
    assert run.summary.unfinished == 1000
    with slow.transfer(imports(1000), journal=journal) as run:
        until(lambda: run.progress.under_way == 1000)
    slow.assert_nothing_left()
    with JournalReader(journal) as kept:
        assert kept.counts().under_way == 1000


def test_a_bare_loop_that_is_left_is_closed_at_once(quick: Place) -> None:
    closed = []

    def items() -> Iterator[Item]:
        try:
            yield from imports(100_000)
        finally:
            closed.append(threading.current_thread() is not threading.main_thread())

    for _ in quick.transfer(items(), max_in_flight=500):
        break
    quick.assert_nothing_left()
    assert closed == [True]


def test_garbage_is_closed(quick: Place) -> None:
    class Held:
        def __init__(self) -> None:
            self.itself = self
            self.run = quick.transfer(imports(100_000), max_in_flight=500)
            next(self.run)

    Held()
    gc.collect()
    quick.assert_nothing_left()


def test_the_users_exception_is_its_own_and_leaves_nothing(quick: Place) -> None:
    with pytest.raises(MineError) as caught:
        with quick.transfer(imports(1000)) as run:
            for _ in run:
                raise MineError
    assert caught.value.__context__ is None
    quick.assert_nothing_left()


def test_the_users_exception_is_never_masked_by_a_failed_run() -> None:
    place = refusing()
    with pytest.raises(MineError):
        with place.transfer(imports(3)) as run:
            until(lambda: "ended" in repr(run))
            raise MineError
    place.assert_nothing_left()


def test_a_failed_run_says_so_once() -> None:
    place = refusing()
    with pytest.raises(UnauthorizedError, match="no") as caught:
        with place.transfer(imports(3)) as run:
            until(lambda: "ended" in repr(run))
    assert caught.value.__context__ is None
    with place.transfer(imports(3)) as run:
        with pytest.raises(UnauthorizedError, match="no"):
            next(run)
        assert list(run) == []
    with pytest.raises(UnauthorizedError):
        list(place.transfer(imports(3)))
    place.assert_nothing_left()


@pytest.mark.parametrize("error", [MineError("row 250"), SystemExit(3)])
def test_an_exception_of_the_list_comes_bare(quick: Place, error: BaseException) -> None:
    def items() -> Iterator[Item]:
        yield from imports(250)
        raise error

    outcomes = []
    with pytest.raises(type(error)) as caught:
        for outcome in quick.transfer(items()):
            outcomes.append(outcome)  # noqa: PERF402  what came before the error counts
    assert caught.value is error
    assert len(outcomes) == (250 if isinstance(error, MineError) else 0)
    quick.assert_nothing_left()


def test_settings_that_cannot_work_are_refused_at_once(quick: Place) -> None:
    with pytest.raises(SettingsError, match="https only"):
        blocking.transfer([], endpoint="http://api.example/v2", token="t")
    with pytest.raises(SettingsError, match="max_in_flight"):
        quick.transfer([], max_in_flight=0)


def test_what_was_closed_is_told_so(quick: Place, slow: Place) -> None:
    never = quick.transfer(imports(3))
    never.close()
    with pytest.raises(UsageError, match="closed before it started"):
        next(never)
    run = slow.transfer(imports(3))
    closing = threading.Timer(0.1, run.close)
    closing.start()
    with pytest.raises(UsageError, match="closed before its end"):
        next(run)
    closing.join()
    slow.assert_nothing_left()


def test_a_run_is_entered_once_and_stopped_once_started(quick: Place) -> None:
    with pytest.raises(UsageError, match="has not started"):
        quick.transfer([]).stop()
    with quick.transfer(imports(3)) as run:
        with pytest.raises(UsageError, match="started already"):
            run.__enter__()
        run.wait()
        run.stop()  # which does nothing any more


# Threads and loops ---------------------------------------------------------------------------------------


def test_it_works_in_a_running_loop(quick: Place) -> None:
    async def notebook() -> int:
        with quick.transfer(imports(120)) as run:
            return len(list(run))

    assert asyncio.run(notebook()) == 120
    quick.assert_nothing_left()


def test_two_at_once_and_in_other_threads(quick: Place) -> None:
    first, second = quick.transfer(imports(120)), quick.transfer(imports(130))
    pairs = list(zip(first, second, strict=False))
    assert len(pairs) == 120
    second.close()
    with ThreadPoolExecutor(3) as threads:
        runs = [quick.transfer(imports(110)) for _ in range(3)]
        assert [s.completed for s in threads.map(blocking.BlockingRun.wait, runs)] == [110] * 3
    quick.assert_nothing_left()


def test_threads_share_the_outcomes_of_one_run(quick: Place) -> None:
    with quick.transfer(imports(500)) as run, ThreadPoolExecutor(4) as threads:
        taken: list[list[Outcome]] = list(threads.map(list, [run] * 4))
    indexes = [outcome.index for outcomes in taken for outcome in outcomes]
    assert sorted(indexes) == list(range(500))
    quick.assert_nothing_left()


def test_another_thread_may_look_and_stop(quick: Place) -> None:
    with quick.transfer(imports(100_000), max_in_flight=500) as run:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(until, lambda: run.progress.completed).result()
            thread.submit(run.stop).result()
        taken = len(list(run))
        assert run.summary.adds_up
        assert taken == run.summary.completed < 1000
    quick.assert_nothing_left()


def test_a_list_may_look_at_its_own_run_but_not_wait_for_it(quick: Place) -> None:
    seen: list[object] = []

    def items() -> Iterator[Item]:
        yield from imports(120)
        seen.append(run.progress.read)
        for wait in (run.close, run.wait):
            with pytest.raises(UsageError, match="its own work list"):
                wait()

    run = quick.transfer(items())
    assert run.wait().completed == 120
    assert seen == [120]


@pytest.mark.parametrize("way", ["sync", "async", "both"])
def test_a_token_may_be_asked_for_in_any_way(quick: Place, way: str) -> None:
    token, asked = quick.transport.platform.token, []

    def sync() -> str:
        asked.append(threading.current_thread())
        return token

    async def asynchronous() -> str:
        asked.append(threading.current_thread())
        return token

    async def asynchronous_later() -> str:
        await asyncio.sleep(0.01)
        return token

    def both() -> Coroutine[None, None, str]:
        asked.append(threading.current_thread())
        return asynchronous_later()

    ways = {"sync": sync, "async": asynchronous, "both": both}
    assert quick.transfer(imports(3), token=ways[way]).wait().completed == 3
    assert len(asked) == 1
    quick.assert_nothing_left()


# A program of one's own ----------------------------------------------------------------------------------

PROGRAM = """
import sys
from sbtransfer import Limits, VolumeImport, blocking
items = (VolumeImport(volume="rfranklin/input", location=f"runs/{n}.fastq.gz", project="rfranklin/my-project")
         for n in range(100_000))
run = blocking.transfer(
    items, journal="move.sqlite", max_in_flight=1000, limits=Limits(requests_period=3, drs_period=3)
)
"""
ENDINGS = {
    "an exception": "next(run)\nraise RuntimeError('mine')",
    "the end": "next(run)",
    "Ctrl-C in a bare loop": "for outcome in run: print('one', flush=True); import time; time.sleep(0.02)",
    "Ctrl-C while it waits": (
        "with run:\n"
        "    for outcome in run:\n"
        "        if outcome.index > 50: print('one', flush=True)\n"
        "        if run.progress.read > 900: raise SystemExit('too late')\n"
    ),
    "Ctrl-C and a stop": (
        "with run:\n"
        "    next(run)\n"
        "    try:\n"
        "        print('one', flush=True)\n"
        "        for outcome in run: pass\n"
        "    except KeyboardInterrupt:\n"
        "        run.stop()\n"
        "        summary = run.wait()\n"
        "assert summary.adds_up and summary.unfinished == summary.read - summary.completed, summary\n"
        "sys.exit('stopped')\n"
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_program_may_end_in_any_way(ending: str, tmp_path: Path) -> None:
    durations = Durations(median=10.0, p99=30.0, pending=1.0)
    with ServedPlatform(Platform(durations=durations, speed=100.0)) as served:
        environment = os.environ | {
            "SB_API_ENDPOINT": served.url,
            "SB_AUTH_TOKEN": served.platform.token,
            "PYTHONPATH": str(Path(sbtransfer.__file__).parents[1]),
            "no_proxy": "127.0.0.1",
        }
        program = subprocess.Popen(
            [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM + ENDINGS[ending]],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if "Ctrl-C" in ending:
            assert program.stdout is not None
            assert program.stdout.readline() == "one\n"
            program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=PATIENCE)
    said = {"an exception": "RuntimeError: mine", "the end": "", "Ctrl-C and a stop": "stopped"}
    last = errors.strip().splitlines()[-1] if errors else ""
    assert last == said.get(ending, "KeyboardInterrupt"), errors
    assert "Exception ignored" not in errors
    with JournalReader(tmp_path / "move.sqlite") as kept:
        assert kept.counts().recorded > 0
        assert kept.counts().in_doubt == 0


IMPATIENT = """
import asyncio, threading
from sbtransfer import VolumeImport, blocking
from sbtransfer.simulator import Platform
from sbtransfer.testing import SimulatedTransport

class Hanging(SimulatedTransport):
    async def send(self, request):
        if request.url.endswith("/create"):
            print("sent", flush=True)
            await asyncio.sleep(1e6)
        return await super().send(request)

def tell():
    while not run._background.left: pass
    print("left", flush=True)

platform = Platform()
items = [VolumeImport(volume="rfranklin/input", location="a", project="rfranklin/my-project")]
run = blocking.transfer(items, endpoint=platform.base_url, token=platform.token, transport=Hanging(platform),
                        grace=1e6, linger=0)
threading.Thread(target=tell, daemon=True).start()
for outcome in run: pass
"""


def test_a_second_interrupt_waits_for_no_answer() -> None:
    program = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", IMPATIENT],
        cwd=Path(sbtransfer.__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    for said in ("sent\n", "left\n"):
        assert program.stdout.readline() == said
        program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=PATIENCE)
    assert errors.endswith("KeyboardInterrupt\n")
    assert "Exception ignored" not in errors


# Its signature -------------------------------------------------------------------------------------------


def test_the_options_are_those_of_the_client() -> None:
    """All but a session and a budget, which belong to a loop of somebody else."""
    mine = dict(inspect.signature(blocking.transfer).parameters)
    theirs = {
        **inspect.signature(Client.transfer).parameters,
        **inspect.signature(Client).parameters,
    }
    assert set(mine) == set(theirs) - {"self", "session", "budget"}
    assert {name: one.default for name, one in mine.items()} == {name: theirs[name].default for name in mine}


def test_a_journal_of_ones_own_is_left_open(quick: Place, tmp_path: Path) -> None:
    journal = SQLiteJournal(tmp_path / "move.sqlite")
    assert quick.transfer(imports(3), journal=journal).wait().completed == 3
    assert journal.owner is None
