"""What several processes have spent, and how much of it any window held."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from sbtransfer.budget import Budget
from sbtransfer.cluster.budget import SharedBudget
from sbtransfer.cluster.database import Database
from sbtransfer.journal import Owner
from sbtransfer.limits import Limits

Call: TypeAlias = tuple[float, float, int]
"""When a call was sent, when it was answered, and how many tokens it came to."""

ROOT = Path(__file__).parents[3]
CHILD = (sys.executable, "-W", "error", "-m", "tests.unit.cluster.windows")
ROSA = Owner(endpoint="https://api.example.org/v2", username="rosa")


async def rosa() -> Owner:
    return ROSA


def fullest(calls: Sequence[Call], period: float) -> int:
    """Return the most tokens that any window held.

    The server may have counted each at any moment from its sending to its answer: as is worst.
    """
    return max(
        sum(amount for sent, ended, amount in calls if ended >= begins and sent < begins + period)
        for _, begins, _ in calls
    )


async def spend(
    budget: Budget, amount: int, latency: float, *, partial: bool = False
) -> tuple[float, float, int]:
    grant = await budget.acquire(amount, partial=partial)
    sent = time.monotonic()
    await asyncio.sleep(random.uniform(0, latency))
    ended = time.monotonic()
    grant.answered()
    return sent, ended, grant.amount


async def main(url: str, capacity: int, period: float, ttl: float, count: int, latency: float) -> None:
    """Spend single tokens as quickly as may be, and tell when; with a count of 0, hold half of all."""
    async with Database(url) as database:
        shared = SharedBudget(database, ttl)
        budget, _ = shared.bind(ROSA.endpoint, Limits(requests=capacity, requests_period=period), rosa)
        if not count:
            await budget.acquire(capacity // 2)
            print("held", flush=True)  # noqa: T201
            await asyncio.sleep(3600)
        for sent, ended, amount in await asyncio.gather(*(spend(budget, 1, latency) for _ in range(count))):
            print(f"{sent!r} {ended!r} {amount}")  # noqa: T201
        await shared.aclose()


async def started(
    url: str, capacity: int, period: float, *, ttl: float = 30.0, count: int = 0, latency: float = 0.0
) -> asyncio.subprocess.Process:
    """Start a process that does so."""
    arguments = (url, capacity, period, ttl, count, latency)
    return await asyncio.create_subprocess_exec(
        *CHILD, *map(str, arguments), cwd=ROOT, stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
    )


async def told(process: asyncio.subprocess.Process) -> list[Call]:
    out, _ = await process.communicate()
    assert process.returncode == 0
    lines = [line.split() for line in out.decode().splitlines()]
    return [(float(sent), float(ended), int(amount)) for sent, ended, amount in lines]


if __name__ == "__main__":
    url, capacity, period, ttl, count, latency = sys.argv[1:]
    asyncio.run(main(url, int(capacity), float(period), float(ttl), int(count), float(latency)))
