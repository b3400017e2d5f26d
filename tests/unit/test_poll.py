"""When a job is looked at: pure functions of its age and of what is known, and the schedule over them."""

from datetime import UTC, datetime

import pytest

from sbtransfer import Polling, SettingsError, VolumeImport
from sbtransfer.models import Entry
from sbtransfer.operations.operation import Carriage, Pending
from sbtransfer.poll import Experience, Schedule

ITEM = VolumeImport(volume="a/b", location="c", project="d/e")


def pending(name: str = "job", since: float = 0.0) -> Pending:
    return Pending(name, (Entry(0, ITEM),), Carriage(datetime.now(UTC)), since)


def looks(polling: Polling, usual: float | None, count: int) -> list[float]:
    ages, age = [], 0.0
    for _ in range(count):
        age = polling.next_look(age, usual)
        ages.append(age)
    return ages


def test_looks_grow_apart_with_age_up_to_a_limit() -> None:
    assert looks(Polling(first=4, growth=1.5, longest=10), None, 8) == [
        4,
        6,
        9,
        13.5,
        20.25,
        30.25,
        40.25,
        50.25,
    ]


def test_what_is_usual_decides_the_first_look() -> None:
    assert looks(Polling(first=2, growth=1.5), 100.0, 3) == [50, 75, 112.5]
    assert looks(Polling(first=2, growth=1.5, longest=30), 1e6, 2) == [30, 45]


@pytest.mark.parametrize("wrong", [{"first": 0}, {"growth": 1.0}, {"first": 5, "longest": 4}])
def test_schedules_that_never_look_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match="looks never come"):
        Polling(**wrong)


def test_experience_is_the_running_median_and_comes_with_the_tenth_job() -> None:
    experience = Experience()
    for seconds in [10, 1000] * 4 + [100]:
        experience.learn(seconds)
    assert experience.usual is None
    experience.learn(100)
    assert experience.usual == pytest.approx(100)


def test_old_experience_fades() -> None:
    experience = Experience()
    for _ in range(1000):
        experience.learn(10)
    for _ in range(5000):
        experience.learn(1000)
    assert experience.usual == pytest.approx(1000, rel=0.05)


def test_the_schedule_takes_what_is_due_and_fills_up_with_what_nearly_is() -> None:
    schedule = Schedule(Polling(first=10))
    for name, since in (("old", 0.0), ("near", 1.0), ("far", 6.0)):
        schedule.add(pending(name, since), since)
    assert schedule.due == 10
    assert schedule.take(7.9, 100) == []
    assert [one.job_id for one in schedule.take(10, 100)] == ["old", "near"]
    assert len(schedule) == 1
    assert schedule.due == 16


def test_the_schedule_takes_no_more_than_a_call_carries() -> None:
    schedule = Schedule(Polling(first=10))
    for number in range(250):
        schedule.add(pending(str(number)), 0)
    assert [len(schedule.take(20, 100)) for _ in range(4)] == [100, 100, 50, 0]
    assert schedule.due == float("inf")


def test_no_job_is_left_without_a_look_at_its_time_out() -> None:
    schedule = Schedule(Polling(first=10, growth=10, longest=1e6), oldest=60)
    one = pending()
    schedule.add(one, 0)
    assert schedule.due == 10
    schedule.take(10, 1)
    schedule.add(one, 10)
    assert schedule.due == 60


def test_the_schedule_learns_the_middle_of_what_is_known() -> None:
    schedule = Schedule(Polling(first=10))
    for _ in range(10):
        one = pending()
        schedule.add(one, 0)
        schedule.take(10, 1)
        schedule.add(one, 10)
        schedule.ended(one, 30)
    assert schedule.experience.usual == pytest.approx(20)
