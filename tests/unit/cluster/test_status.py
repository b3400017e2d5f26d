"""Counts of a run: every item in one of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sbtransfer.cluster.database import Database
from sbtransfer.cluster.status import RunStatus, read_run, read_runs
from sbtransfer.errors import ClusterRefusedError
from sbtransfer.journal import Owner
from tests.unit.cluster.runs import ENDPOINT, a_run, ended, execute, has_job, imports, sent


def status(**fields: Any) -> RunStatus:
    known: dict[str, Any] = {
        "id": 1,
        "name": None,
        "owner": Owner(endpoint=ENDPOINT, username="rosa"),
        "state": "running",
        "trouble": None,
        "submitted_at": datetime(2026, 1, 1, tzinfo=UTC),
        "total": 10,
        "notes": {},
    }
    return RunStatus(**known | fields)


async def run_of(database: Database, run: int) -> RunStatus:
    return await database.transaction(lambda connection: read_run(connection, run))


async def test_each_item_is_in_one_count(database: Database) -> None:
    run, other = await a_run(database, imports(7)), await a_run(database, imports(2))
    await sent(database, run, 0)
    await has_job(database, run, 1)
    for index, state in ((2, 0), (3, 0), (4, 1), (5, 2)):
        await has_job(database, run, index)
        await ended(database, run, index, state)
    found = await run_of(database, run)
    assert (found.in_doubt, found.under_way, found.waiting) == (1, 1, 1)
    assert (found.completed, found.failed, found.unconfirmed) == (2, 1, 1)
    assert (found.total, found.ended, found.adds_up) == (7, 4, True)
    assert (found.owner.username, found.state, found.workers) == ("rosa", "running", 0)
    assert [one.id for one in await database.transaction(read_runs)] == [run, other]


async def test_only_workers_that_live_are_counted(database: Database) -> None:
    run = await a_run(database, imports(1))
    for role, seconds in (("worker", 60), ("worker", 60), ("worker", -1), ("client", 60)):
        await execute(
            database,
            "INSERT INTO sessions (owner, host, pid, role, expires_at)"
            " SELECT owner, 'h', 1, %s, clock_timestamp() + make_interval(secs => %s) FROM runs",
            role,
            seconds,
        )
    assert (await run_of(database, run)).workers == 2


async def test_a_run_that_is_not_there_is_refused_with_those_that_are(database: Database) -> None:
    with pytest.raises(ClusterRefusedError, match="no run 7 in this database; nothing was submitted"):
        await run_of(database, 7)
    run = await a_run(database, imports(1))
    with pytest.raises(ClusterRefusedError, match=f"no run 7 in this database; the latest are {run}"):
        await run_of(database, 7)


@pytest.mark.parametrize(
    ("fields", "finished"),
    [
        ({"completed": 10}, True),
        ({"completed": 5, "failed": 3, "unconfirmed": 2}, True),
        ({"completed": 9, "waiting": 1}, False),
        ({"completed": 9, "under_way": 1}, False),
        ({"completed": 9, "in_doubt": 1}, False),
        ({"completed": 5, "waiting": 5, "state": "cancelled"}, True),
        ({"completed": 5, "waiting": 4, "under_way": 1, "state": "cancelled"}, False),
        ({"completed": 5, "waiting": 5, "state": "halted"}, True),
        ({"total": None, "completed": 3, "state": "own"}, False),
        ({"total": 0}, True),
    ],
)
def test_a_run_is_finished_when_no_outcome_can_come(fields: dict[str, Any], finished: bool) -> None:
    assert status(**fields).is_finished is finished


def test_it_is_all_well_when_all_are_completed() -> None:
    assert status(completed=10).ok
    assert not status(completed=9, failed=1).ok
    assert not status(completed=9).adds_up
