"""Whole migrations against the simulated platform on a virtual clock: days of platform time in a minute.

    python -m benchmarks.virtual_time                    all scenarios, as tables
    python -m benchmarks.virtual_time --plot run.svg     and the shape of one run as a picture

Every figure but the last is in platform time: none depends on this machine, all come out the same again.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from statistics import median, quantiles
from time import process_time

from benchmarks.geometric import fewest_requests, frontier
from benchmarks.migration import Migration, drs, imports, log_normal
from sbtransfer import Limits, Polling
from sbtransfer.simulator.clock import run

POLITE = Limits(requests_share=0.7)

SCENARIOS: tuple[Callable[[], Migration], ...] = (
    lambda: Migration("100,000 imports, jobs up to 300 s", imports(100_000), log_normal(300)),
    lambda: Migration("100,000 imports, jobs uncapped", imports(100_000), log_normal()),
    lambda: Migration("150,000 imports, jobs up to 300 s", imports(150_000), log_normal(300)),
    lambda: Migration(
        "100,000 imports, max_in_flight 10,000, to 300 s",
        imports(100_000),
        log_normal(300),
        max_in_flight=10_000,
    ),
    lambda: Migration(
        "100,000 imports, max_in_flight 10,000, uncapped",
        imports(100_000),
        log_normal(),
        max_in_flight=10_000,
    ),
    lambda: Migration(
        "100,000 imports, another takes 30 %, to 300 s",
        imports(100_000),
        log_normal(300),
        foreign_requests=1.0,
    ),
    lambda: Migration(
        "  … and is left 30 % by requests_share=0.7",
        imports(100_000),
        log_normal(300),
        POLITE,
        foreign_requests=1.0,
    ),
    lambda: Migration("10,000 DRS files, jobs up to 300 s", drs(10_000), log_normal(300)),
    lambda: Migration("10,000 DRS files, jobs uncapped", drs(10_000), log_normal()),
)
HEAD = (
    f"{'under the standard limits':<48} {'hours':>6} {'/ bound':>8} {'req/1000':>9} {'lag p50':>8} "
    f"{'p95':>6} {'window':>7} {'files':>6} {'use':>8} {'429s':>5} {'CPU s':>6}"
)

POINTS = (("thrifty", 48.0), ("balanced", 27.0), ("a lag of 19 s", 19.0), ("eager", 13.0))
POLLING_HEAD = (
    f"{'polling alone, no limits, 100,000 imports':<48} {'lag p50':>8} {'p95':>6} {'req/1000':>9} "
    f"{'best fixed':>11} {'ratio':>6} {'CPU s':>6}"
)


def migrate(number: int) -> str:
    """Run a scenario under the standard limits; return its line of the table."""
    started = process_time()
    migration = SCENARIOS[number]()
    run(migration.run())
    lags = migration.lags
    files = migration.worst_files if migration.platform.drs_log else 0
    use = migration.use()
    return (
        f"{migration.name:<48} {migration.finished / 3600:>6.2f} "
        f"{migration.finished / migration.lower_bound():>8.3f} {migration.requests_per_thousand:>9.1f} "
        f"{median(lags):>8.1f} {quantiles(lags, n=20)[-1]:>6.0f} {migration.worst_window:>7} "
        f"{files:>6} {'' if math.isnan(use) else f'{use:.3%}':>8} {migration.refused:>5} "
        f"{process_time() - started:>6.1f}"
    )


def poll(number: int) -> str:
    """Run one point of polling; return its line: against the best fixed schedule for the same lag."""
    started = process_time()
    name, lag = POINTS[number]
    migration = Migration(
        name, imports(100_000), log_normal(), Limits.unlimited(), Polling(lag), max_in_flight=10_000
    )
    run(migration.run())
    pairs = frontier([job.finished - job.accepted for job in migration.platform.jobs.values()])
    lags, requests = migration.lags, migration.requests_per_thousand
    best = fewest_requests(pairs, median(lags))
    return (
        f"{name:<48} {median(lags):>8.1f} {quantiles(lags, n=20)[-1]:>6.0f} {requests:>9.1f} "
        f"{best:>11.1f} {requests / best:>6.3f} {process_time() - started:>6.1f}"
    )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="Whole migrations on a virtual clock.")
    parser.add_argument("--plot", metavar="FILE", help="write the shape of one run as PNG or SVG")
    parser.add_argument("--only-plot", action="store_true", help="no tables")
    arguments = parser.parse_args()
    if not arguments.only_plot:
        with ProcessPoolExecutor(2) as processes:
            print(HEAD)
            for line in processes.map(migrate, range(len(SCENARIOS))):
                print(line, flush=True)
            print(f"\n{POLLING_HEAD}")
            for line in processes.map(poll, range(len(POINTS))):
                print(line, flush=True)
    if arguments.plot:
        from benchmarks.plot import draw

        migration = Migration("250,000 imports under the standard limits", imports(250_000), log_normal(1200))
        run(migration.run())
        draw(migration, arguments.plot)


if __name__ == "__main__":
    main()
