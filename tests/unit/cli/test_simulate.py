"""The faults and worlds of a simulated platform, as the command line gives them. Nothing is served here."""

from pathlib import Path
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


def test_a_world_is_saved_and_begun_with_again(served: list[Platform], tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    assert simulate("--save-world", str(path)).exit_code == Exit.COMPLETED
    done = simulate("--world", str(path), "--strict", "--forgetful")
    assert done.exit_code == Exit.COMPLETED, done.stderr
    first, second = (platform.world for platform in served)
    assert (first.strict, second.strict) == (False, True)
    assert second.projects == first.projects
    assert len(second.volumes["rfranklin/input"].objects) == 3003
    with pytest.raises(RuntimeError, match="forgetful"):
        served[1].created("imports")


def test_a_strict_world_stays_strict(served: list[Platform], tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text('{"strict": true, "projects": [{"id": "rosa/project"}]}')
    assert simulate("--world", str(path)).exit_code == Exit.COMPLETED
    assert served[0].world.strict
    assert list(served[0].world.projects) == ["rosa/project"]


@pytest.mark.parametrize(
    ("text", "message"), [("{", "not JSON"), ('{"projects": [{"id": 1}]}', "projects[0].id")]
)
def test_a_world_that_is_none_is_a_usage_error(
    served: list[Platform], tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "world.json"
    path.write_text(text)
    done = simulate("--world", str(path))
    assert (done.exit_code, served) == (Exit.USAGE, [])
    assert "Invalid value for '--world'" in done.stderr
    assert message in done.stderr


def test_a_world_that_could_not_be_saved_is_refused_at_once(served: list[Platform], tmp_path: Path) -> None:
    done = simulate("--save-world", str(tmp_path / "nowhere" / "world.json"))
    assert (done.exit_code, served) == (Exit.USAGE, [])
    assert "there is no directory" in done.stderr
