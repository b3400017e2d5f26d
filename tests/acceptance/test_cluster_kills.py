"""The short version of `benchmarks.cluster kills`: workers killed with -9 and the database restarted."""

from pathlib import Path

from benchmarks.cluster.kills import Kills, Settings
from tests.postgres import Server


async def test_kills_and_a_restart_lose_nothing_and_do_nothing_twice(
    own_postgres: Server, tmp_path: Path
) -> None:
    run = Kills(Settings(imports=2000, drs=600, kills=4, restarts=1, seed=5), tmp_path)
    await run.to_the_end(own_postgres, own_postgres.create("kills"))
    assert run.complaints == []
    assert (run.killed, run.restarted) == (4, 1)
    assert (run.verdict.lost, run.verdict.twice) == (0, 0)
    assert run.status is not None
    assert run.status.completed + run.status.failed + run.status.unconfirmed == 2600
