"""The faults of a simulated platform, as they are given on the command line. Nothing is served here."""

from typing import Any

import pytest
from click.testing import CliRunner, Result

from sbtransfer.cli import cli
from sbtransfer.cli.exits import Exit
from sbtransfer.simulator import Platform


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Platform]:
    """The platforms that the verb would serve."""
    seen: list[Platform] = []

    async def serve(platform: Platform, host: str, port: int, ready: Any) -> None:
        seen.append(platform)
        ready(f"http://{host}:{port}/v2")

    monkeypatch.setattr("sbtransfer.simulator.server.serve", serve)
    return seen


def simulate(*args: str) -> Result:
    return CliRunner().invoke(cli, ("simulate", *args))


def test_without_faults_nothing_is_said_of_them(served: list[Platform]) -> None:
    done = simulate()
    assert done.exit_code == Exit.COMPLETED
    assert "Faults" not in done.stderr
    assert served[0].faults is None


def test_faults_are_named_and_follow_the_seed(served: list[Platform]) -> None:
    given = ("--fault", "late=0.02", "--fault", "html-502", "--fault", "revoked=100")
    done = simulate(*given, "--seed", "7")
    assert done.exit_code == Exit.COMPLETED
    assert "Faults: late=0.02, html-502=0.05, revoked=100\n" in done.stderr
    faults = served[0].faults
    assert faults is not None
    assert (faults.rates, faults.revoked_after, faults.seed) == ({"late": 0.02, "html-502": 0.05}, 100, 7)


def test_all_spreads_its_rate(served: list[Platform]) -> None:
    assert simulate("--fault", "all=0.17").exit_code == Exit.COMPLETED
    faults = served[0].faults
    assert faults is not None
    assert sum(faults.rates.values()) == pytest.approx(0.17)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("lost", "'lost' is no fault: choose from 429, 503, all, empty"),
        ("late=0", "must be above 0 and at most 1"),
        ("late=1.5", "must be above 0 and at most 1"),
        ("late=often", "must be a number"),
        ("revoked", "revoked=100"),
    ],
)
def test_a_fault_that_cannot_be_is_a_usage_error(served: list[Platform], fault: str, message: str) -> None:
    done = simulate("--fault", fault)
    assert done.exit_code == Exit.USAGE
    assert "Invalid value for '--fault'" in done.stderr
    assert message in done.stderr
    assert served == []
