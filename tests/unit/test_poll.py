"""The schedule: which jobs are due, which fill up a call, and what is learned from them."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from sbtransfer import Polling, VolumeImport
from sbtransfer.journal.journal import Sent
from sbtransfer.models import Entry
from sbtransfer.operations.operation import Pending
from sbtransfer.poll import Schedule, _Watch
from sbtransfer.simulator.clock import run

ITEM = VolumeImport(volume="a/b", location="c", project="d/e")


SENT = Sent(call=1, kind="import", begun=0.0, submitted_on=datetime.now(UTC))


def pending(name: str = "job", since: float = 0.0) -> Pending:
    return Pending(name, (Entry(0, ITEM),), SENT, since)


def test_the_schedule_takes_what_is_due_and_fills_up_with_what_nearly_is() -> None:
    schedule = Schedule(Polling(10))
    for name, since in (("old", 0.0), ("near", 1.0), ("far", 6.0)):
        schedule.add([pending(name, since)], since)
    assert schedule.due == 10
    assert schedule.take(7.9, 100) == []
    assert [one.job_id for one in schedule.take(10, 100)] == ["old", "near"]
    assert len(schedule) == 1
    assert schedule.due == 16


def test_the_schedule_takes_no_more_than_a_call_carries() -> None:
    schedule = Schedule(Polling(10))
    for number in range(250):
        schedule.add([pending(str(number))], 0)
    assert [len(schedule.take(20, 100)) for _ in range(4)] == [100, 100, 50, 0]
    assert schedule.due == float("inf")


def test_jobs_that_came_together_are_looked_at_together_or_in_parts() -> None:
    schedule = Schedule(Polling(10))
    together = [pending(str(number)) for number in range(250)]
    schedule.add(together, 0)
    assert len(schedule) == 250
    taken = [schedule.take(10, 100) for _ in range(3)]
    assert [one for part in taken for one in part] == together
    assert [len(part) for part in taken] == [100, 100, 50]
    assert len(schedule) == 0
    schedule.add(taken[0], 10)
    schedule.postpone(taken[1], 10)
    schedule.ended(taken[2], 10)
    assert schedule.experience.ended == 50
    assert [one.looked for one in (taken[0][0], taken[1][0])] == [10, 0]
    assert schedule.take(99, 200) == taken[0] + taken[1]


def test_no_job_is_left_without_a_look_at_its_time_out() -> None:
    schedule = Schedule(Polling(50), oldest=60)
    one = pending()
    schedule.add([one], 0)
    assert schedule.due == 50
    schedule.take(50, 1)
    schedule.add([one], 50)
    assert schedule.due == 60


def test_spare_requests_hasten_the_next_look() -> None:
    schedule = Schedule(Polling(10))
    schedule.add([pending()], 0, spare=1.0)
    assert schedule.due == pytest.approx(1)


def test_the_schedule_plans_from_what_it_saw() -> None:
    schedule = Schedule(Polling(10))
    before = schedule.plan
    for number in range(50):
        one = pending(str(number))
        schedule.add([one], 0)
        assert schedule.take(300, 1) == [one]
        schedule.add([one], 300)
        assert schedule.take(500, 1) == [one]
        schedule.ended([one], 500)
    assert schedule.plan != before
    assert schedule.plan.first > 5 * before.first


def test_a_look_that_showed_nothing_teaches_nothing() -> None:
    schedule = Schedule(Polling(10))
    one = pending()
    schedule.add([one], 0)
    assert schedule.take(10, 1) == [one]
    schedule.postpone([one], 10)
    assert schedule.due == 15
    assert (one.looked, schedule.experience.survival()(8)) == (0, 1.0)
    assert schedule.take(15, 1) == [one]
    schedule.ended([one], 15)
    assert schedule.experience.ended == 1


def test_plans_go_on_being_made_however_much_is_known() -> None:
    schedule = Schedule(Polling(10))
    for number in range(300_000):
        seconds = 20.0 if number < 100_000 else 2000.0
        one = pending()
        schedule.experience.saw_running(0, seconds / 2)
        one.looked = seconds / 2
        schedule.ended([one], seconds)
    assert schedule.plan.first > 50


@pytest.mark.parametrize("how", ["add", "postpone"])
def test_nobody_sleeps_over_jobs_that_come_meanwhile(how: str) -> None:
    """Also over those that were accepted long ago, as are taken up after a doubt or from another process."""

    async def main() -> None:
        nothing: Any = None
        watch = _Watch(nothing, Schedule(Polling(10)))
        loop = asyncio.get_running_loop()
        if how == "add":
            loop.call_at(3, lambda: watch.add([pending(since=3)], 3, 0.0))
        else:
            loop.call_at(3, lambda: watch.postpone([pending(since=3)], 3))
        await watch.change()
        assert loop.time() == 3
        await watch.change()
        assert loop.time() == 13

    run(main())
