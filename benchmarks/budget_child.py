"""One of the processes that take tokens for `benchmarks.budget`."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from random import Random
from typing import Any, TypeAlias

from attrs import astuple, frozen
from psycopg_pool import ConnectionPool
from pyrate_limiter import Limiter, Rate
from pyrate_limiter.buckets import PostgresBucket

from sbtransfer.cluster.budget import SharedBudget
from sbtransfer.cluster.database import Database
from sbtransfer.journal import Owner
from sbtransfer.limits import Limits

Call: TypeAlias = tuple[float, float]
"""When a call was sent, and when it was answered, by the machine's clock."""


@frozen
class Plan:
    """Who takes tokens of which budget, for how long, by how many callers, answered after which times."""

    contender: str
    capacity: int
    period: float
    seconds: float
    callers: int
    quickest: float
    slowest: float

    @property
    def values(self) -> tuple[Any, ...]:
        """What makes an equal plan."""
        return astuple(self)


def ready() -> None:
    """Say so, and wait until all others are."""
    print("ready", flush=True)
    sys.stdin.readline()


def ours(url: str, plan: Plan) -> list[Call]:
    """Take tokens of a shared budget."""

    async def who() -> Owner:
        return Owner(endpoint="https://api.example.org/v2", username="rosa")

    async def caller(budget: Any, until: float, calls: list[Call]) -> None:
        random = Random()
        while time.monotonic() < until:
            try:
                async with asyncio.timeout(max(until - time.monotonic(), 0)):
                    grant = await budget.acquire()
            except TimeoutError:
                return
            sent = time.monotonic()
            if plan.slowest:
                await asyncio.sleep(random.uniform(plan.quickest, plan.slowest))
            ended = time.monotonic()
            grant.answered()
            calls.append((sent, ended))
            if not plan.slowest:
                await asyncio.sleep(0)

    async def main() -> list[Call]:
        calls: list[Call] = []
        async with Database(url) as database:
            shared = SharedBudget(database)
            budget, _ = shared.bind(
                (await who()).endpoint, Limits(requests=plan.capacity, requests_period=plan.period), who
            )
            await shared.session()
            ready()
            until = time.monotonic() + plan.seconds
            await asyncio.gather(*(caller(budget, until, calls) for _ in range(plan.callers)))
            await shared.aclose()
        return calls

    return asyncio.run(main())


def theirs(url: str, plan: Plan) -> list[Call]:
    """Take tokens of pyrate-limiter's bucket, which is for threads."""
    calls: list[Call] = []

    def caller(limiter: Limiter, until: float) -> None:
        random = Random()
        while (left := until - time.monotonic()) > 0:
            if not limiter.try_acquire("rosa", timeout=left):
                return
            sent = time.monotonic()
            if plan.slowest:
                time.sleep(random.uniform(plan.quickest, plan.slowest))
            calls.append((sent, time.monotonic()))

    with ConnectionPool(url, min_size=2, max_size=10) as pool:
        bucket = PostgresBucket(pool, "budget", [Rate(plan.capacity, round(plan.period * 1000))])
        limiter = Limiter(bucket)
        ready()
        until = time.monotonic() + plan.seconds
        threads = [threading.Thread(target=caller, args=(limiter, until)) for _ in range(plan.callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        limiter.dispose(bucket)
    return calls


if __name__ == "__main__":
    url, values = sys.argv[1:]
    plan = Plan(*json.loads(values))
    print(json.dumps((ours if plan.contender == "sbtransfer" else theirs)(url, plan)))
