"""The short version of `benchmarks.crash`: real processes, killed with -9 while much else goes wrong."""

from pathlib import Path

from benchmarks.crash.__main__ import crash
from benchmarks.crash.run import Settings


async def test_ten_kills_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    tally = await crash(Settings(kills=10, items=600, seed=11, in_flight=300), tmp_path)
    assert tally.kills == 10
    assert tally.complaints == []
    assert (tally.lost, tally.twice) == (0, 0)
    assert all(run.ok for run in tally.runs)
