"""What a journal costs: memory, disk and CPU for each item, with one and without.

    python -m benchmarks.journal            # 10,000 and 1,000,000 items, a few minutes
    python -m benchmarks.journal --items 10000 100000

Each run is a process of its own. The platform is a transport that keeps nothing and answers every create with
jobs that have ended, so that all memory and all time is the library's. Limits are off.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import orjson
from attrs import asdict, define, field, frozen
from multidict import CIMultiDict

from sbtransfer import Client, Item, JournalReader, Limits, VolumeImport
from sbtransfer.http.transport import Request, Response

ENDPOINT = "http://127.0.0.1:8900/v2"


@frozen
class Cost:
    """What one run took."""

    items: int
    journal: bool
    peak_mb: float
    cpu_us: float
    disk_bytes: float
    resume_seconds: float


@define(eq=False)
class Forgetful:
    """A platform that does everything at once and remembers nothing."""

    jobs: int = field(init=False, default=0)

    async def send(self, request: Request) -> Response:
        """Answer a create, or one of the two questions before it."""
        if request.url.endswith("/create"):
            answer: dict[str, Any] = {
                "items": [
                    {"resource": self._done(item)} for item in orjson.loads(request.body or b"")["items"]
                ]
            }
        elif request.url.endswith("/user"):
            answer = {"username": "rfranklin"}
        else:
            answer = {"rate": {"limit": 1000, "remaining": 1000, "reset": 4e9}}
        return Response(200, CIMultiDict(), orjson.dumps(answer))

    async def aclose(self) -> None:
        """Do nothing."""

    def _done(self, item: dict[str, Any]) -> dict[str, Any]:
        self.jobs += 1
        job_id = f"{self.jobs:024x}"
        return {
            **item,
            "id": job_id,
            "state": "COMPLETED",
            "result": {"id": job_id},
            "finished_on": "2026-01-01T00:00:00Z",
        }


def items(count: int) -> Iterator[Item]:
    """Yield imports with locations of an ordinary length."""
    for number in range(count):
        yield VolumeImport(
            volume="rfranklin/input",
            location=f"runs/2026-01/lane-{number % 8}/sample-{number:07}.fastq.gz",
            project="rfranklin/my-project",
        )


async def transfer(count: int, journal: Path | None) -> None:
    """Transfer so many items."""
    client = Client(ENDPOINT, "0" * 32, limits=Limits.unlimited(), transport=Forgetful())
    async with client, client.transfer(items(count), journal=journal, deliver_known=False) as run:
        summary = await run.wait()
    if summary.completed != count:
        raise SystemExit(f"{summary}")


def measure(count: int, *, journal: bool) -> Cost:
    """Transfer in this process, and again with the journal if there is one."""
    with TemporaryDirectory(prefix="sbtransfer-journal-") as folder:
        path = Path(folder) / "run.sqlite" if journal else None
        began = process_time()
        asyncio.run(transfer(count, path))
        cpu = process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        disk, resumed = 0, 0.0
        if path is not None:
            disk, again = path.stat().st_size, perf_counter()
            asyncio.run(transfer(count, path))
            resumed = perf_counter() - again
            with JournalReader(path) as kept:
                assert kept.counts().completed == count  # noqa: S101
    return Cost(count, journal, peak, cpu / count * 1e6, disk / count, resumed)


def in_its_own_process(count: int, *, journal: bool) -> Cost:
    """Measure in a fresh process, whose peak of memory is its own."""
    command = [sys.executable, "-m", "benchmarks.journal", "--one", str(count), str(int(journal))]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
    return Cost(**json.loads(told.stdout))


def main() -> None:
    """Print a table of all runs, and how much more memory the longest list took than the shortest."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", nargs="+", type=int, default=[10_000, 1_000_000])
    parser.add_argument("--one", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        count, journal = options.one
        cost = measure(count, journal=bool(journal))
        print(json.dumps(asdict(cost)))
        return
    print("     items  journal  peak MB  CPU us/item  disk bytes/item  resumed in s")
    for journal in (False, True):
        costs = [in_its_own_process(count, journal=journal) for count in options.items]
        for one in costs:
            print(
                f"{one.items:>10,}  {'yes' if journal else 'no':>7}  {one.peak_mb:7.1f}  {one.cpu_us:11.1f}"
                f"  {one.disk_bytes:15.1f}  {one.resume_seconds:12.1f}"
            )
        print(f"memory: {costs[-1].peak_mb - costs[0].peak_mb:+.1f} MB for {costs[-1].items:,} items")


if __name__ == "__main__":
    main()
