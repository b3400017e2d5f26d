"""One long list of imports, transferred in this process from a server in another: its memory and CPU time."""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from attrs import frozen

from benchmarks.compare.input import TOKEN
from sbtransfer import Client, Limits, VolumeImport

WARM_UP = 200
"""Items that are imported before: they pay for what is loaded and compiled at the first use."""

LOOK = 0.01
"""Seconds of lag that are aimed at: jobs of the server end at once, but only a look shows it."""

PAUSE, EACH = 0.1, 1000
"""A slow consumer sleeps for so many seconds after so many outcomes."""


@frozen
class Case:
    """A list and how it is taken: `slow` by a consumer that sleeps, `endless` until there were enough."""

    items: int
    journal: bool = False
    slow: bool = False
    endless: bool = False

    @property
    def name(self) -> str:
        """What it is, but for its length."""
        told = [name for name in ("journal", "slow", "endless") if getattr(self, name)]
        names = {"journal": "with a journal", "slow": "a slow consumer", "endless": "an endless source"}
        return ", ".join(names[one] for one in told) or "without a journal"


@frozen
class Cost:
    """What a case took: memory in MB, CPU time of this process in microseconds for each item."""

    case: Case
    peak_mb: float
    cpu_us: float
    seconds: float
    most_undelivered: int
    """The most outcomes that were seen waiting for the consumer."""


def measure(case: Case, endpoint: str) -> Cost:
    """Transfer a list; this should be all that its process does."""
    with TemporaryDirectory(prefix="sbtransfer-scale-") as folder:
        asyncio.run(taken(Case(WARM_UP, journal=case.journal), endpoint, Path(folder, "first.sqlite")))
        gc.collect()
        cpu, began = process_time(), perf_counter()
        most = asyncio.run(taken(case, endpoint, Path(folder, "run.sqlite")))
        cpu, seconds = process_time() - cpu, perf_counter() - began
    return Cost(case, peak_mb(), cpu / case.items * 1e6, seconds, most)


async def taken(case: Case, endpoint: str, journal: Path) -> int:
    """Transfer a list and take as many outcomes; return the most that waited to be taken."""
    done, most = 0, 0
    items = imports() if case.endless else islice(imports(), case.items)
    client = Client(endpoint, TOKEN, limits=Limits.unlimited(), polling=LOOK)
    async with client, client.transfer(items, journal=journal if case.journal else None) as run:
        async for outcome in run:
            if not outcome.ok:
                raise SystemExit(f"not transferred: {outcome}")
            done += 1
            if done % EACH == 0:
                most = max(most, run.progress.undelivered)
                if case.slow:
                    await asyncio.sleep(PAUSE)
            if case.endless and done == case.items:
                break
    if done != case.items:
        raise SystemExit(f"{done:,} outcomes of {case.items:,}")
    return most


def imports() -> Iterator[VolumeImport]:
    """Yield imports with locations of an ordinary length, without an end."""
    for number in count():
        yield VolumeImport(
            volume="rfranklin/input",
            location=f"runs/2026-01/lane-{number % 8}/sample-{number:07}.fastq.gz",
            project="rfranklin/my-project",
        )


def peak_mb() -> float:
    """Return the most memory that this process ever held, in MB.

    Linux tells it of the program itself; what `getrusage` tells begins with the size of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        words = status.read_text(encoding="ascii").partition("VmHWM:")[2].split()
        return int(words[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
