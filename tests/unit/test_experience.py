"""What is known of durations: running and ended jobs both count, in constant memory."""

import math
import random
from collections.abc import Callable

import pytest

from sbtransfer.experience import Experience, Survival


def watched(durations: list[float], looks: Callable[[int], float]) -> Experience:
    """Look at each job at the given ages until it has ended."""
    experience = Experience()
    for duration in durations:
        last, number = 0.0, 0
        while True:
            age = looks(number)
            if duration <= age:
                experience.saw_ended(last, age)
                break
            experience.saw_running(last, age)
            last, number = age, number + 1
    return experience


def share_left(durations: list[float], age: float) -> float:
    return sum(duration > age for duration in durations) / len(durations)


def test_nothing_is_known_at_first() -> None:
    survival = Experience().survival()
    assert [survival(age) for age in (0, 1, 100, 1e6)] == [1, 1, 1, 1]


@pytest.mark.parametrize("growth", [1.2, 1.5, 2.0])
def test_the_share_that_is_left_is_found_although_nobody_saw_the_ends(growth: float) -> None:
    random_ = random.Random(4)
    durations = [90 * math.exp(1.1 * random_.gauss()) for _ in range(20_000)]
    survival = watched(durations, lambda number: 20 * growth**number).survival()
    for age in (20, 45, 90, 180, 400, 1200):
        assert survival(age) == pytest.approx(share_left(durations, age), abs=0.06)


def test_jobs_that_are_still_running_count() -> None:
    """Of 1,000 jobs a tenth ended before 10 s. The mean of those would say that all jobs are short."""
    experience = watched([5.0] * 100, lambda _: 10)
    for _ in range(900):
        experience.saw_running(0, 10)
    assert experience.survival()(10) == pytest.approx(0.9, abs=0.01)


def test_behind_what_was_seen_the_share_falls_with_the_age() -> None:
    experience = watched([5.0] * 100 + [50.0] * 100, lambda number: 10 * 2**number)
    for _ in range(20):
        experience.saw_running(0, 100)
    survival = experience.survival()
    assert 0 < survival(1e5) < survival(1e4) < survival(1e3) < survival(100) < 0.2


def test_the_share_never_grows() -> None:
    random_ = random.Random(1)
    survival = watched([random_.expovariate(0.01) for _ in range(500)], lambda n: 7 * 1.7**n).survival()
    shares = [survival(1.05**power) for power in range(250)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] <= 1


def test_old_experience_fades() -> None:
    experience = Experience()
    for _ in range(100_000):
        experience.saw_ended(0, 1)
    for _ in range(300_000):
        experience.saw_running(0, 100)
        experience.saw_ended(100, 110)
    assert experience.ended <= 100_000
    assert experience.survival()(50) > 0.7


def test_ages_of_nothing_and_of_ages() -> None:
    experience = Experience()
    for age in (0.0, 1e-9, 1e30):
        experience.saw_running(0, age)
        experience.saw_ended(0, age)
    assert 0 <= experience.survival()(1e30) <= 1


def test_between_known_ages_the_share_is_interpolated() -> None:
    survival = Survival([1.0] * 100 + [0.5] * 140)
    edges = [0.01 * 1.1**power for power in (100, 100.5, 101)]
    assert [round(survival(edge), 6) for edge in edges] == [1.0, 0.75, 0.5]


def test_the_median_is_the_age_that_half_of_the_jobs_reach() -> None:
    random_ = random.Random(2)
    durations = [90 * math.exp(1.1 * random_.gauss()) for _ in range(5000)]
    assert watched(durations, lambda n: 20 * 1.3**n).survival().median == pytest.approx(90, rel=0.15)
    assert Experience().survival().median > 1e6
