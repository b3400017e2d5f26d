"""The plan of looks: the fewest that keep half of the jobs within the lag."""

import math
from statistics import NormalDist

import pytest

from benchmarks.geometric import fewest_requests, frontier, requests_and_lag
from sbtransfer import Polling, SettingsError
from sbtransfer.experience import Survival
from sbtransfer.polling import Plan

SIGMA = math.log(1200 / 90) / NormalDist().inv_cdf(0.99)


def log_normal(middle: float = 90.0, sigma: float = SIGMA) -> Survival:
    normal = NormalDist(math.log(middle), sigma)
    return Survival([1 - normal.cdf(math.log(0.01 * 1.1 ** (place + 1))) for place in range(240)])


def durations(middle: float = 90.0, count: int = 4000) -> list[float]:
    normal = NormalDist(math.log(middle), SIGMA)
    return [math.exp(normal.inv_cdf((n + 0.5) / count)) for n in range(count)]


def looks(plan: Plan, count: int) -> list[float]:
    ages, age = [], 0.0
    for _ in range(count):
        age = plan.next_look(age)
        ages.append(age)
    return ages


def test_a_plan_looks_first_and_then_as_the_age_grows() -> None:
    assert looks(Plan(first=10, growth=2, longest=50), 6) == [10, 20, 40, 80, 130, 180]


def test_a_look_that_came_early_is_not_the_first_one() -> None:
    plan = Plan(first=100, growth=2, longest=1000)
    assert plan.next_look(40) == 100
    assert plan.next_look(79) == 100
    assert plan.next_look(85) == 170


def test_spare_requests_buy_shorter_waits() -> None:
    plan = Plan(first=100, growth=2, longest=1000)
    assert plan.next_look(0, spare=1.0) == pytest.approx(10)
    assert plan.next_look(100, spare=0.5) == pytest.approx(155)


@pytest.mark.parametrize("lag", [13.0, 19.0, 27.0, 48.0])
def test_no_fixed_geometric_schedule_is_much_better(lag: float) -> None:
    plan = Polling(lag).plan(log_normal())
    requests, median_lag = requests_and_lag(durations(), plan.first, plan.growth)
    assert median_lag <= lag * 1.02
    assert requests <= 1.06 * fewest_requests(frontier(durations(count=1000)), median_lag)


def test_plans_follow_the_jobs() -> None:
    assert Polling(5.0).plan(log_normal(10)).first < Polling(5.0).plan(log_normal(1000)).first


def test_jobs_that_end_at_once_are_looked_at_early() -> None:
    plan = Polling(27.0).plan(log_normal(0.5, 0.3))
    assert plan.first < 10


def test_very_long_jobs_are_never_looked_at_more_often_than_by_a_tenth_of_their_age() -> None:
    plan = Polling(1.0).plan(log_normal(100_000, 0.5))
    assert plan.growth >= 1.1
    # A lag of a second is out of reach; the plan is a sensible one all the same.
    assert plan.first > 10_000
    assert sum(age < 200_000 for age in looks(plan, 60)) < 25


def test_points_by_name_and_by_lag() -> None:
    assert [Polling.thrifty.lag, Polling.balanced.lag, Polling.eager.lag] == [48, 27, 13]
    assert Polling.of(None, 27.0) == Polling.balanced
    assert Polling.of(5, 27.0).lag == 5
    assert Polling.of(Polling.eager, 27.0) is Polling.eager
    assert Polling() == Polling.balanced


@pytest.mark.parametrize("lag", [0, -1, math.inf, math.nan])
def test_a_lag_is_a_time(lag: float) -> None:
    with pytest.raises(SettingsError, match="lag"):
        Polling(lag)


def test_the_fixed_schedules_that_design_names() -> None:
    """Found by search: 32 requests at 48 s, 42 at 27 s, 52 at 19 s, 72 at 13 s."""
    pairs = frontier(durations())
    for lag, requests in ((48, 32), (27, 42), (19, 52), (13, 72)):
        assert fewest_requests(pairs, lag) == pytest.approx(requests, rel=0.04)
