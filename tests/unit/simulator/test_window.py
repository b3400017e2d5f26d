import pytest

from sbtransfer.simulator.window import Grid, HoldingWindow, RequestWindow


def test_the_first_moment_opens_the_first_window() -> None:
    grid = Grid(period=300)
    assert grid.at(1000.5).opens == 1000.5
    assert (grid.at(1300.4).number, grid.at(1300.5).number) == (0, 1)


@pytest.mark.parametrize("start", [0.1, 1_700_000_000.0, 1_700_000_000.123])
@pytest.mark.parametrize("period", [300.0, 0.3, 1 / 3])
def test_the_moment_in_which_a_window_opens_is_in_it(start: float, period: float) -> None:
    grid = Grid(period, start)
    for number in range(2000):
        opens = start + number * period
        assert grid.at(opens).number == number
        assert grid.at(opens).opens == opens


def test_the_grid_reaches_back_before_its_start() -> None:
    assert Grid(300, start=1000).at(999).number == -1


def test_requests_past_the_limit_are_refused_until_the_next_window() -> None:
    window = RequestWindow(2, Grid(300, start=0))
    assert [window.spend(now) for now in (0, 10, 20, 299.9, 300, 301, 302)] == [
        True,
        True,
        False,
        False,
        True,
        True,
        False,
    ]


def test_an_unused_window_leaves_nothing_to_the_next() -> None:
    window = RequestWindow(2, Grid(300, start=0))
    assert window.remaining(5000) == 2


def test_the_reset_is_never_told_too_early() -> None:
    assert RequestWindow(1, Grid(300, start=0.2)).resets(0.2) == 301
    assert RequestWindow(1, Grid(300, start=0)).resets(0) == 300


def test_what_is_past_the_limit_is_held_for_the_next_windows() -> None:
    window = HoldingWindow(2, Grid(300, start=0))
    assert [window.begin(10) for _ in range(5)] == [10, 10, 300, 300, 600]


def test_nothing_passes_what_is_held() -> None:
    window = HoldingWindow(2, Grid(300, start=0))
    held = [window.begin(10) for _ in range(3)]
    assert held == [10, 10, 300]
    assert [window.begin(now) for now in (20, 20, 400)] == [300, 600, 600]


def test_a_window_that_was_not_full_is_over_all_the_same() -> None:
    window = HoldingWindow(2, Grid(300, start=0))
    assert [window.begin(now) for now in (10, 310, 310, 310)] == [10, 310, 310, 600]
