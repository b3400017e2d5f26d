"""The program that `benchmarks.crash` kills: it transfers the mixed list, with a journal, as anyone would.

It says on its standard output how many outcomes it has seen, those of the journal among them.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from random import Random

from attrs import frozen

from sbtransfer import Client, DRSImport, Item, Limits, VolumeExport, VolumeImport

PROJECT, SOURCE, TARGET = "rfranklin/my-project", "rfranklin/input", "rfranklin/output"
STEP = 25
"""A word on the progress after so many outcomes."""

LATEST = 90.0
"""Seconds after which no late work is done any more, at the real platform's speed."""

SPARE = 2.0
"""Seconds for two busy processes on a small machine; these do not get faster with the platform."""


@frozen
class Scale:
    """The platform's speed, and what the client has to be told because of it."""

    speed: float = 200.0

    @property
    def latest(self) -> float:
        """Seconds after which no late work is done any more."""
        return LATEST / self.speed

    @property
    def settle(self) -> float:
        """Seconds after which a call without an answer has surely done its work."""
        return self.latest + SPARE

    @property
    def timeout(self) -> float:
        """Seconds for one request."""
        return 20 / self.speed + SPARE / 2

    @property
    def limits(self) -> Limits:
        """The standard limits on the platform's clock."""
        return Limits(requests_period=300 / self.speed, drs_period=300 / self.speed)


def mixed(count: int) -> list[Item]:
    """Make a list of all kinds in no order; one in 49 names what does not exist, and will fail."""
    kinds = (imported, imported, moved, moved, copied, brought)
    items = [kinds[n % len(kinds)](n, "missing" if n % 49 == 0 else "there") for n in range(count)]
    Random(count).shuffle(items)
    return items


def imported(n: int, where: str) -> Item:
    """Make an import."""
    return VolumeImport(volume=SOURCE, location=f"{where}/{n}.fastq.gz", project=PROJECT)


def moved(n: int, where: str) -> Item:
    """Make an export that leaves an alias behind: it cannot be done twice."""
    file = "missing" if where == "missing" else f"moved-{n}"
    return VolumeExport(file=file, volume=TARGET, location=f"moved/{n}.bam")


def copied(n: int, where: str) -> Item:
    """Make an export that leaves its file as it is."""
    file = "missing" if where == "missing" else f"copied-{n}"
    return VolumeExport(file=file, volume=TARGET, location=f"copied/{n}.bam", copy_only=True)


def brought(n: int, where: str) -> Item:
    """Make a DRS import under SKIP."""
    return DRSImport(drs_uri=f"drs://data.example/{where}/{n}", project=PROJECT, name=f"brought-{n}")


async def transfer(journal: str, count: int, in_flight: int, scale: Scale) -> None:
    """Transfer the list; endpoint and token are the environment's."""
    async with Client.from_environment(limits=scale.limits, timeout=scale.timeout) as client:
        run = client.transfer(
            mixed(count), journal=journal, max_in_flight=in_flight, linger=0.1, settle=scale.settle
        )
        async with run:
            seen = 0
            async for _ in run:
                seen += 1
                if seen % STEP == 0 or seen == count:
                    print(seen, flush=True)
    if run.summary.unfinished or run.summary.read != count or not run.summary.adds_up:
        raise SystemExit(f"the run does not add up: {run.summary}")


def loop_factory(uvloop: bool) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return how to make the loop, `None` for the way of the standard library."""
    if not uvloop:
        return None
    import uvloop as fast

    return fast.new_event_loop


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="Transfers the mixed list of benchmarks.crash.")
    parser.add_argument("journal")
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--speed", type=float, required=True)
    parser.add_argument("--uvloop", action="store_true")
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=loop_factory(given.uvloop)) as runner:
        runner.run(transfer(given.journal, given.items, given.in_flight, Scale(given.speed)))


if __name__ == "__main__":
    main()
