"""What one, two and four workers get done when no limit binds, and what does."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from attrs import frozen

from benchmarks.cluster.hosts import Hosts
from benchmarks.compare.client import counts
from benchmarks.compare.input import TOKEN, rows
from benchmarks.compare.turns import Setting, served
from sbtransfer import Client, VolumeImport
from sbtransfer.cluster import Cluster
from tests.postgres import Server as Postgres

TICKS = os.sysconf("SC_CLK_TCK")


@frozen
class Figures:
    """One turn: how long it took, and the CPU seconds of all that took part."""

    workers: int
    items: int
    submitted: float
    seconds: float
    workers_cpu: float
    database_cpu: float
    platform_cpu: float

    def __str__(self) -> str:
        share = 100 / (self.seconds * (os.cpu_count() or 1))
        return (
            f"{self.workers:>8} {self.items / self.seconds:>9,.0f} {self.submitted:>9.1f}"
            f" {self.seconds:>9.1f} {self.workers_cpu / self.items * 1e6:>11.0f}"
            f" {self.database_cpu / self.items * 1e6:>12.0f}"
            f" {self.workers_cpu * share:>9.0f} % {self.database_cpu * share:>9.0f} %"
            f" {self.platform_cpu * share:>8.0f} %"
        )


HEAD = (
    f"{'workers':>8} {'items/s':>9} {'submit s':>9} {'s':>9} {'worker us':>11} {'database us':>12}"
    f" {'workers':>11} {'database':>11} {'platform':>10}   (shares of all cores)"
)


async def turn(postgres: Postgres, items: int, workers: int, folder: Path) -> Figures:
    """Let so many workers import so many items, that one create and one look each take."""
    url = postgres.create(f"throughput_{workers}")
    await Cluster.init(url)
    setting = Setting.of(items, 0)
    with served(setting) as endpoint:
        began = monotonic()
        async with Cluster(url) as cluster:
            async with Client(endpoint, TOKEN) as client:
                run = await cluster.submit((VolumeImport(**row) for row in rows(items)), client)
            submitted = monotonic() - began
            options = ["--every", "0.05", "--lag", str(setting.look)]
            hosts = Hosts(url, endpoint, TOKEN, folder, options)
            before, database, platform = _children(), cpu_of(postgres), counts(endpoint)["cpu"]
            began = monotonic()
            for _ in range(workers):
                await hosts.start()
            try:
                await hosts.ended()
            finally:
                await hosts.close()
            seconds = monotonic() - began
            status = await cluster.status(run)
        if not status.ok or hosts.failed:
            raise SystemExit(f"{status}\n{hosts.last_words()}")
        return Figures(
            workers,
            items,
            submitted,
            seconds,
            _children() - before,
            cpu_of(postgres) - database,
            counts(endpoint)["cpu"] - platform,
        )


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_of(postgres: Postgres) -> float:
    """Return the CPU seconds of a database server: its processes', and those that have ended."""
    mine = str(postgres.folder)
    total = 0
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and (folder / "cwd").resolve().is_relative_to(mine):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                total += sum(map(int, fields[11:15]))
        except OSError:
            continue
    return total / TICKS


def throughput(items: int, numbers: Sequence[int] = (1, 2, 4)) -> None:
    """Print a line for each number of workers."""
    print(f"{items:,} imports, no limits, {os.cpu_count()} cores\n\n{HEAD}", flush=True)
    with Postgres() as postgres, TemporaryDirectory() as folder:
        for workers in numbers:
            print(asyncio.run(turn(postgres, items, workers, Path(folder))), flush=True)
