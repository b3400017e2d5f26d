"""One budget for many processes, in PostgreSQL: ours, and pyrate-limiter's; measure both, take the better.

    python -m benchmarks.budget                 about two minutes
    python -m benchmarks.budget --seconds 2     quicker, and less exact

Cost: 1, 2 and 4 processes with 16 callers each take single tokens as quickly as they may, of a budget that
never binds. Transactions are the server's own count. Window: 4 processes take of 500 in 2 seconds, and each
call is answered after 20 to 200 ms. A server may count a call at any moment from its sending to its answer:
shown is the most that any window of 2 seconds held, counted at the sending, in between, at the answer, and at
whichever moment is worst for each. The server of the database is started for this, and removed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from random import Random

import psycopg
from attrs import frozen

from benchmarks.budget_child import Call, Plan
from sbtransfer.cluster.database import Database
from sbtransfer.cluster.schema import migrate
from tests.postgres import Server

CONTENDERS = ("pyrate-limiter", "sbtransfer")
NEVER_BINDS = ((1_000_000, 300.0), (1_000, 0.04))
BINDS = (500, 2.0)
LATENCY = (0.02, 0.2)


@frozen
class Taken:
    """What some processes have taken."""

    calls: list[Call]
    transactions: int
    seconds: float


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0, help="for how long each takes tokens")
    seconds = parser.parse_args().seconds
    with Server() as server:
        print(
            f"{'budget':>20} {'':16} {'processes':>9} {'tokens/s':>10} {'transactions per 1,000 tokens':>30}"
        )
        for limits in NEVER_BINDS:
            for contender in CONTENDERS:
                for processes in (1, 2, 4):
                    plan = Plan(contender, *limits, seconds, 16, 0.0, 0.0)
                    print(cost(plan, processes, take(server, plan, processes)))
        print(f"\n{'':16} {'tokens':>7} {'sending':>8} {'between':>8} {'answer':>7} {'worst':>6}")
        for contender in CONTENDERS:
            plan = Plan(contender, *BINDS, max(seconds, 3 * BINDS[1]), 64, *LATENCY)
            print(windows(plan, take(server, plan, 4)))


def cost(plan: Plan, processes: int, taken: Taken) -> str:
    """Return a line of the first table."""
    tokens = len(taken.calls)
    return (
        f"{plan.capacity:>10,} in {plan.period:>4g} s {plan.contender:16} {processes:>9}"
        f" {tokens / taken.seconds:>10,.0f} {1000 * taken.transactions / max(tokens, 1):>26,.1f}"
    )


def windows(plan: Plan, taken: Taken) -> str:
    """Return a line of the second table."""
    random = Random(1)
    between = [random.uniform(sent, ended) for sent, ended in taken.calls]
    most = [
        fullest([(when, when) for when in times], plan.period)
        for times in ([sent for sent, _ in taken.calls], between, [ended for _, ended in taken.calls])
    ]
    worst = fullest(taken.calls, plan.period)
    return f"{plan.contender:16} {len(taken.calls):>7,} {most[0]:>8} {most[1]:>8} {most[2]:>7} {worst:>6}"


def fullest(calls: Sequence[Call], period: float) -> int:
    """Return the most calls that any window may have held, each counted within its two moments."""
    return max(
        sum(ended >= begins and sent < begins + period for sent, ended in calls) for _, begins in calls
    )


def take(server: Server, plan: Plan, processes: int) -> Taken:
    """Let some processes carry out a plan, in a database of its own."""
    url = server.create("budgets")
    try:
        asyncio.run(initialise(url))
        before = committed(url)
        command = (sys.executable, "-m", "benchmarks.budget_child", url, json.dumps(plan.values))
        children = [
            subprocess.Popen(  # noqa: S603 -- this very interpreter
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(processes)
        ]
        calls = [call for told in together(children) for call in json.loads(told)]
        time.sleep(1.0)  # The server's counts come a moment late.
        return Taken(calls, committed(url) - before, plan.seconds)
    finally:
        server.drop("budgets")


def together(children: Sequence[subprocess.Popen[str]]) -> list[str]:
    """Let all begin at once, when each is ready; return what they tell."""
    for child in children:
        (child.stdout or sys.stdin).readline()
    for child in children:
        print("go", file=child.stdin, flush=True)
    return [child.communicate()[0] for child in children]


async def initialise(url: str) -> None:
    """Make the tables of the cluster."""
    database = await Database(url).open(checked=False)
    await database.transaction(migrate)
    await database.aclose()


def committed(url: str) -> int:
    """Return how many transactions the server has done in a database."""
    query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
    with psycopg.connect(url) as connection:
        ((count,),) = connection.execute(query).fetchall()
        return int(count)


if __name__ == "__main__":
    main()
