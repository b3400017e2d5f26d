import pytest

from sbtransfer.simulator.durations import Durations


def test_half_are_below_the_median_and_99_in_100_below_p99() -> None:
    durations = Durations(median=90, p99=1200, seed=7)
    times = sorted(durations.draw() for _ in range(20_000))
    assert times[10_000] == pytest.approx(90, rel=0.05)
    assert times[19_800] == pytest.approx(1200, rel=0.1)
    assert min(times) > 0


def test_the_defaults_are_those_of_the_platform_we_measure_against() -> None:
    assert (Durations().median, Durations().p99) == (90, 1200)


def test_the_same_seed_gives_the_same_times() -> None:
    first, again, other = Durations(seed=1), Durations(seed=1), Durations(seed=2)
    times = [first.draw() for _ in range(50)]
    assert [again.draw() for _ in range(50)] == times
    assert [other.draw() for _ in range(50)] != times


def test_equal_median_and_p99_are_exactly_constant() -> None:
    durations = Durations(median=12.3, p99=12.3)
    assert {durations.draw() for _ in range(100)} == {12.3}


def test_jobs_may_take_no_time_at_all() -> None:
    assert Durations(median=0, p99=0).draw() == 0


def test_none_is_longer_than_the_cap() -> None:
    durations = Durations(cap=300)
    times = [durations.draw() for _ in range(2000)]
    assert max(times) == 300
    assert sum(time == 300 for time in times) < 400


def test_speed_divides_every_time() -> None:
    slow = Durations(cap=300, pending=2, seed=3)
    fast = slow.faster(100)
    assert (fast.pending, fast.cap) == (0.02, 3)
    assert [fast.draw() * 100 for _ in range(20)] == pytest.approx([slow.draw() for _ in range(20)])


def test_a_faster_copy_does_not_disturb_the_sequence() -> None:
    durations, untouched = Durations(seed=3), Durations(seed=3)
    durations.faster(2).draw()
    assert durations.draw() == untouched.draw()


@pytest.mark.parametrize(
    "settings",
    [
        {"median": 10, "p99": 5},
        {"median": 0, "p99": 5},
        {"median": -1, "p99": -1},
        {"cap": 0},
        {"pending": -1},
    ],
)
def test_impossible_times_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"p99|median|cap|pending"):
        Durations(**settings)  # type: ignore[arg-type]
