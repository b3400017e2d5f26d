"""A worker of `benchmarks.cluster`, in a process of its own; endpoint and token are the environment's."""

from __future__ import annotations

import argparse
import asyncio
import logging

from sbtransfer import Limits
from sbtransfer.cluster import Cluster


async def work(database: str, given: argparse.Namespace) -> None:
    """Work until all runs are finished."""
    limits = Limits.unlimited()
    if given.requests:
        limits = Limits(given.requests, given.period, given.files, given.period)
    async with Cluster(database) as cluster:
        await cluster.worker(
            client={"limits": limits, "timeout": given.timeout, "polling": given.lag},
            until_done=True,
            concurrency=given.concurrency,
            ttl=given.ttl,
            every=given.every,
            settle=given.settle,
        ).run()


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database")
    parser.add_argument("--requests", type=int, default=0, help="the limit; 0 for none at all")
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--period", type=float, default=300.0)
    parser.add_argument("--timeout", type=float, default=120.0)
    parser.add_argument("--settle", type=float, default=120.0)
    parser.add_argument("--lag", type=float)
    parser.add_argument("--ttl", type=float, default=30.0)
    parser.add_argument("--every", type=float, default=1.0)
    parser.add_argument("--concurrency", type=int, default=4)
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s: %(message)s")
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    asyncio.run(work(given.database, given))


if __name__ == "__main__":
    main()
