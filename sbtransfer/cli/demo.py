"""The verb that shows the main job without an account, against a simulated platform in this process."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
import orjson
from attrs import frozen

from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import example, guarded
from sbtransfer.items import Kind

if TYPE_CHECKING:
    from rich.console import Console

    from sbtransfer import Client, Summary

SPEED = 300  # five minutes pass in a second
PROJECT = "rfranklin/my-project"


@frozen
class Plan:
    """A work list, and which of its items are meant to fail."""

    kind: Kind
    path: Path
    items: int
    bad: frozenset[int]

    @property
    def results(self) -> Path:
        """Where the results go."""
        return self.path.with_suffix(".results.jsonl")

    def came_true(self) -> bool:
        """Return whether the results have every item once, and the planted ones alone as failed."""
        rows = [orjson.loads(line) for line in self.results.read_text("utf-8").splitlines()]
        ends = {row["index"]: row["state"] for row in rows}
        expected = {n: "FAILED" if n in self.bad else "COMPLETED" for n in range(self.items)}
        return len(rows) == self.items and ends == expected


def plan_drs(folder: Path) -> Plan:
    """Write a DRS manifest, as portals do, with files of a host that nobody knows."""
    bad = frozenset({250, 1100})
    hosts = ("unknown.example" if n in bad else "data.example" for n in range(1200))
    rows = [(f"drs://{host}/{n:04}", f"sample-{n:04}.bam", PROJECT) for n, host in enumerate(hosts)]
    return _written(Plan("drs", folder / "drs_manifest.csv", 1200, bad), ("drs_uri", "name", "project"), rows)


def plan_imports(folder: Path) -> Plan:
    """Write a list of imports, with volumes that nobody has and objects that are not on the volume."""
    no_volume, no_object = frozenset({17, 2500, 4983}), frozenset({1234, 4321})
    rows = [
        (
            "rfranklin/nowhere" if n in no_volume else "rfranklin/input",
            f"runs/{'missing' if n in no_object else 'lane-1'}/{n:04}.fastq.gz",
            PROJECT,
        )
        for n in range(5000)
    ]
    plan = Plan("import", folder / "imports.csv", 5000, no_volume | no_object)
    return _written(plan, ("volume", "location", "project"), rows)


def _written(plan: Plan, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Plan:
    with plan.path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((header, *rows))
    return plan


@click.command(epilog=example("sbtransfer demo"))
@guarded
def demo(console: Console) -> Exit:
    """Show a whole transfer without an account.

    Starts a simulated platform, 300 times as fast as the real one, brings 1,200 files in by DRS and 5,000
    from a volume, within the limits, and shows what becomes of the few bad items among them.
    """
    from sbtransfer.cli.console import say
    from sbtransfer.cli.loop import run
    from sbtransfer.cli.telling import leaving

    with TemporaryDirectory(prefix="sbtransfer-demo-") as folder:
        plans = (plan_drs(Path(folder)), plan_imports(Path(folder)))
        summaries = run(_transfer(console, plans), partial(leaving, console))
        as_planned = all(s.adds_up for s in summaries) and all(plan.came_true() for plan in plans)
    console.print()
    planted = sum(len(plan.bad) for plan in plans)
    if as_planned:
        say(console, f"As planned: the {planted} bad items failed, all others were completed.", "bold")
        return Exit.COMPLETED
    say(console, f"NOT as planned: the {planted} bad items should have failed, and no others.", "bold red")
    return Exit.INCOMPLETE


async def _transfer(console: Console, plans: Sequence[Plan]) -> list[Summary]:
    """Transfer the lists one after the other, from a platform that is there for them alone."""
    from sbtransfer import Client, Limits
    from sbtransfer.cli.console import say
    from sbtransfer.simulator import Durations, Platform
    from sbtransfer.simulator.server import Server

    platform = Platform(speed=SPEED, durations=Durations(cap=1200), log=False)
    limits = Limits(requests_period=300 / SPEED, drs_period=300 / SPEED)
    async with Server(platform) as server, Client(server.url, platform.token, limits=limits) as client:
        say(console, f"A simulated platform, {SPEED} times as fast as the real one, with its limits:")
        say(console, "1,000 requests and 500 DRS files in five minutes, which take a second here.")
        return [await _transfer_one(console, client, plan) for plan in plans]


async def _transfer_one(console: Console, client: Client, plan: Plan) -> Summary:
    from sbtransfer import WorkList
    from sbtransfer.cli.move import Move, move
    from sbtransfer.cli.results import Results
    from sbtransfer.cli.telling import Words

    work_list = WorkList(plan.path, plan.kind)
    check = work_list.check()
    check.raise_for_problems()
    console.print()
    what = Move(
        kind=plan.kind,
        begin=lambda client: client.transfer(work_list, total=check.items),
        total=check.items,
        results=Results(plan.results, plan.kind),
    )
    return await move(client, what, Words(console, plan.kind))
