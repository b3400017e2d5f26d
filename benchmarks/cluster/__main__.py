"""Many workers on one list, on a PostgreSQL server that is started for this and gone afterwards.

python -m benchmarks.cluster                     items a second of 1, 2 and 4 workers without limits
python -m benchmarks.cluster kills               3 workers, killed 10 times, the database restarted once
python -m benchmarks.cluster kills --seed 7      at other moments
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from benchmarks.cluster.kills import Kills, Settings
from benchmarks.cluster.throughput import throughput
from tests.postgres import Server as Postgres

SHOWN = 10


def kills(settings: Settings) -> None:
    """Run one list; ends with 1 where something is to be complained of."""
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    with Postgres() as postgres:
        run = Kills(settings, folder)
        asyncio.run(run.to_the_end(postgres, postgres.create("kills")))
    print(run)
    if run.complaints:
        shown = "\n".join(run.complaints[:SHOWN])
        raise SystemExit(f"{len(run.complaints)} complaints; what the workers said is in {folder}:\n{shown}")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("throughput", "kills"), nargs="?", default="throughput")
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--drs", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=float, default=0.05)
    given = parser.parse_args()
    if given.what == "throughput":
        throughput(given.items)
    else:
        kills(
            Settings(
                imports=given.items,
                drs=given.drs,
                kills=given.kills,
                workers=given.workers,
                seed=given.seed,
                faults=given.faults,
            )
        )


if __name__ == "__main__":
    main()
