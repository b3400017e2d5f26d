import pytest

from sbtransfer.errors import SettingsError
from sbtransfer.exact import ExactBudget
from sbtransfer.limits import Limits


@pytest.mark.parametrize("name", ["requests_period", "drs_period"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_periods_are_over_0(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=rf"Limits\.{name} must be over 0"):
        Limits(**{name: value})


@pytest.mark.parametrize("name", ["requests", "drs_files"])
@pytest.mark.parametrize("value", [0, 0.5, -1, float("nan")])
def test_amounts_are_at_least_1(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=rf"Limits\.{name} must be at least 1"):
        Limits(**{name: value})


@pytest.mark.parametrize("share", [0, -0.5, 1.01, float("nan")])
def test_a_share_is_a_part_of_the_whole(share: float) -> None:
    with pytest.raises(SettingsError, match=r"Limits\.requests_share must be over 0 and at most 1"):
        Limits(requests_share=share)


@pytest.mark.parametrize(
    ("limits", "requests", "files"),
    [
        (Limits(), (1000, 300.0), (500, 300.0)),
        (Limits(requests_share=0.25), (250, 300.0), (500, 300.0)),
        (Limits(requests=10, requests_period=3.0, drs_files=5, drs_period=2.0), (10, 3.0), (5, 2.0)),
        (Limits(requests=3, requests_share=0.1), (1, 300.0), (500, 300.0)),
    ],
)
def test_limits_make_budgets(limits: Limits, requests: tuple[int, float], files: tuple[int, float]) -> None:
    for budget, wanted in ((limits.request_budget(), requests), (limits.file_budget(), files)):
        assert isinstance(budget, ExactBudget)
        assert (budget.capacity, budget.period) == wanted
