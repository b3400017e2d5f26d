"""The simulator's faults, each alone and all together: no item is lost, and none is done twice."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from sbtransfer import Item, Outcome, OutcomeState, UnauthorizedError
from sbtransfer.simulator import Durations, FaultKind, Faults, Platform, is_create
from sbtransfer.simulator.clock import run
from sbtransfer.simulator.faults import RATED
from sbtransfer.testing import EPOCH
from tests.flows.crash import killed_after, resumed
from tests.flows.simulated import connected, drs, exports, imports, outcomes_of

EACH = 300


def mixed() -> list[Item]:
    lists = (imports(EACH), exports(EACH), drs(EACH))
    return [item for group in zip(*lists, strict=True) for item in group]


def faulty(seed: int, **rates: float) -> Platform:
    named = {kind.replace("_", "-"): rate for kind, rate in rates.items()}
    return Platform(durations=Durations(median=15, p99=60, seed=seed), faults=Faults(named, seed))


def assert_done_once(platform: Platform, outcomes: list[Outcome], items: list[Item]) -> None:
    """Each item has an outcome, and the platform has a job for each; both are of the same things."""
    assert sorted(outcome.index for outcome in outcomes) == list(range(len(items)))
    assert all(outcome.item == items[outcome.index] for outcome in outcomes)
    platform.catch_up(EPOCH + asyncio.get_running_loop().time() + 1000)  # what is late has its time, too
    for kind in ("imports", "exports", "drs"):
        created = Counter(platform.created(kind))
        assert {one: times for one, times in created.items() if times > 1} == {}, kind
        assert len(created) == EACH, kind
    assert_files_belong(platform, outcomes)


def assert_files_belong(platform: Platform, outcomes: list[Outcome]) -> None:
    """What an outcome names is what the platform made of that very item."""
    for outcome in outcomes:
        item = outcome.item
        if outcome.state is OutcomeState.COMPLETED and item.kind != "export":
            name = getattr(item, "name", None) or getattr(item, "location", "").rpartition("/")[2]
            assert platform.world.files[outcome.file_id or ""].name == name


@pytest.mark.parametrize("kind", RATED)
def test_each_fault_alone(kind: FaultKind) -> None:
    items = mixed()

    async def main() -> None:
        platform = faulty(3, **{kind: 0.2})
        async with connected(platform, timeout=60.0) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert platform.faults_log
        assert_done_once(platform, outcomes, items)
        assert Counter(outcome.state for outcome in outcomes) == {OutcomeState.COMPLETED: 3 * EACH}

    run(main())


@pytest.mark.parametrize("kind", RATED)
def test_each_fault_on_every_first_create(kind: FaultKind) -> None:
    items = mixed()

    async def main() -> None:
        platform = Platform(
            durations=Durations(median=15, p99=60), faults=Faults({kind: 0.3}, 1, only=is_create)
        )
        async with connected(platform, timeout=60.0) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_done_once(platform, outcomes, items)

    run(main())


@pytest.mark.parametrize("seed", range(6))
def test_all_faults_together(seed: int) -> None:
    items = mixed()

    async def main() -> None:
        platform = faulty(seed, all=0.3)
        async with connected(platform, timeout=60.0) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_done_once(platform, outcomes, items)
        assert all(outcome.state is not OutcomeState.FAILED for outcome in outcomes)

    run(main())


@pytest.mark.parametrize("seed", range(4))
def test_all_faults_together_and_crashes(tmp_path: Path, seed: int) -> None:
    items, journal = mixed(), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = faulty(seed, all=0.2)
        for seconds in (3.0, 20.0, 75.0, 200.0, 7.0):
            await killed_after(seconds, platform, items, journal)
        outcomes, _ = await resumed(platform, items, journal)
        assert_done_once(platform, outcomes, items)

    run(main())


def test_a_token_that_is_revoked_half_way(tmp_path: Path) -> None:
    items, journal = mixed(), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = Platform(faults=Faults({}, revoked_after=7))
        with pytest.raises(UnauthorizedError):
            await resumed(platform, items, journal)
        created = [one for kind in ("imports", "exports", "drs") for one in platform.created(kind)]
        assert 0 < len(created) < 3 * EACH
        platform.accept_token("e" * 32)
        outcomes, _ = await resumed(platform, items, journal)
        assert_done_once(platform, outcomes, items)

    run(main())


def test_a_token_that_is_renewed_goes_on_at_once() -> None:
    items = mixed()

    async def main() -> None:
        platform = Platform(durations=Durations(median=15, p99=60), faults=Faults({}, revoked_after=7))

        async def token() -> str:
            if any(status == 401 for _, _, _, status in platform.requests_log):
                platform.accept_token("e" * 32)
            return platform.token

        async with connected(platform, token=token) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_done_once(platform, outcomes, items)

    run(main())
