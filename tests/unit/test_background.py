"""What only the thread behind a blocking run knows of; how runs are left is in `test_blocking.py`."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from sbtransfer import Client, Item, UsageError, background
from sbtransfer.background import Background
from sbtransfer.simulator import Durations, Platform
from sbtransfer.testing import SimulatedTransport
from tests.support import an_import


def endless() -> Iterator[Item]:
    for n in range(1_000_000):
        yield an_import(f"runs/{n}", volume="rfranklin/input", project="rfranklin/my-project")


def a_run(items: Iterator[Item]) -> Background:
    platform = Platform(durations=Durations(median=1e6, p99=1e6))
    client = Client(platform.base_url, platform.token, transport=SimulatedTransport(platform))
    return Background(client, client.transfer(items, max_in_flight=200), most=10, grace=1.0)


def test_one_that_is_abandoned_in_its_own_thread_ends_all_the_same() -> None:
    def items() -> Iterator[Item]:
        yield from endless()

    one = a_run(items())
    one.start()
    one.ask(one.abandon)  # as when garbage is collected there
    assert one.outbox.get(timeout=30) is None
    one.close()
    assert (one.ended, one.left) == (True, True)
    assert one.take_failure() is None


def test_all_that_run_end_before_the_interpreter_does() -> None:
    runs = [a_run(endless()) for _ in range(3)]
    for one in runs[:2]:
        one.start()
    background._end_all()
    assert [one.ended for one in runs] == [True, True, False]
    assert runs[0].progress.read == runs[0].summary.read > 0
    assert runs[2].progress.read == 0


def test_where_no_thread_can_start_nothing_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    one = a_run(endless())
    with pytest.raises(RuntimeError, match="new thread"):
        one.start()
    one.close()
    assert not one.started
    with pytest.raises(UsageError, match="closed before it started"):
        one.start()


def test_a_question_that_fails_fails_for_the_one_who_asked() -> None:
    one = a_run(endless())
    one.start()
    with pytest.raises(ZeroDivisionError):
        one.ask(lambda: 1 / 0)
    assert one.ask(asyncio.get_running_loop).is_running()
    one.close()
    assert one.ask(lambda: 3) == 3
