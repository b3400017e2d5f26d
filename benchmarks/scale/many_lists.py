"""Many transfers at once on one client, against one that transfers as much, on a virtual clock.

They share the limits and the connections. Each may have as many items under way as it has items, so that the
limits are all that holds work back.
"""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_right
from time import process_time

from attrs import define, field, frozen

from benchmarks.migration import LATENCY, PROJECT, VOLUME, Recorder, log_normal
from sbtransfer import Client, Limits, VolumeImport
from sbtransfer.simulator import Delivery, Platform, Request
from sbtransfer.simulator.clock import run
from sbtransfer.testing import EPOCH

LONGEST_JOB = 300.0


class TimedPlatform(Platform):
    """A platform that tells how much CPU time its answers took."""

    cpu = 0.0

    def receive(self, request: Request, now: float) -> Delivery:
        """Answer, and count the time."""
        began = process_time()
        try:
            return super().receive(request, now)
        finally:
            self.cpu += process_time() - began


@frozen
class Together:
    """What some transfers at once came to; times are the platform's seconds, CPU time is the library's."""

    transfers: int
    items: int
    limited: bool
    ends: list[float]
    nearly_done: float
    """When 95 % of all items were done: the last looks wait for a whole window where it is full."""
    done_by_half: list[int]
    """How many items of each transfer were done when half of all items were."""
    requests: int
    cpu_us: float
    lost: int
    twice: int

    @property
    def requests_per_thousand(self) -> float:
        """Requests for each 1,000 items, submits included."""
        return 1000 * self.requests / (self.transfers * self.items)

    @property
    def spread_of_ends(self) -> float:
        """How much earlier the first transfer ended than the last, as a share of the whole time."""
        return 1 - min(self.ends) / max(self.ends)

    @property
    def spread_by_half(self) -> float:
        """How far the first was ahead of the last when half of all was done, as a share of one transfer."""
        return (max(self.done_by_half) - min(self.done_by_half)) / self.items


@define
class _Seen:
    """What one transfer's consumer saw."""

    indexes: set[int] = field(factory=set)
    times: list[float] = field(factory=list)
    again: int = 0


def measure(transfers: int, items: int, *, limited: bool) -> Together:
    """Run so many transfers of so many items each; this should be all that its process does."""
    platform = TimedPlatform(
        durations=log_normal(LONGEST_JOB),
        start=EPOCH,
        requests_limit=1000 if limited else 10**9,
        log=False,
    )
    transport = Recorder(platform, LATENCY)
    began = process_time()
    seen = run(_all_at_once(transport, transfers, items, Limits() if limited else Limits.unlimited()))
    cpu = process_time() - began - platform.cpu
    created, total = platform.created("imports"), transfers * items
    return Together(
        transfers=transfers,
        items=items,
        limited=limited,
        ends=[one.times[-1] for one in seen],
        nearly_done=moment_of(0.95, [one.times for one in seen]),
        done_by_half=by_half([one.times for one in seen]),
        requests=len(transport.calls),
        cpu_us=cpu / total * 1e6,
        lost=total - min(len(set(created)), sum(len(one.indexes) for one in seen)),
        twice=len(created) - len(set(created)) + sum(one.again for one in seen),
    )


def moment_of(share: float, times: list[list[float]]) -> float:
    """Return by when this share of all moments had come."""
    moments = sorted(moment for one in times for moment in one)
    return moments[math.ceil(len(moments) * share) - 1]


def by_half(times: list[list[float]]) -> list[int]:
    """Return how many of each list's moments had come when half of all had."""
    half = moment_of(0.5, times)
    return [bisect_right(one, half) for one in times]


async def _all_at_once(transport: Recorder, transfers: int, items: int, limits: Limits) -> list[_Seen]:
    platform = transport.platform
    async with Client(platform.base_url, platform.token, transport=transport, limits=limits) as client:
        return await asyncio.gather(*(_one(client, number, items) for number in range(transfers)))


async def _one(client: Client, number: int, items: int) -> _Seen:
    seen, loop = _Seen(), asyncio.get_running_loop()
    source = (
        VolumeImport(
            volume=VOLUME, location=f"runs/{number}/{n}.fastq.gz", project=PROJECT, name=f"{number}-{n}"
        )
        for n in range(items)
    )
    async with client.transfer(source, max_in_flight=items) as transfer:
        async for outcome in transfer:
            if not outcome.ok:
                raise SystemExit(f"not transferred: {outcome}")
            seen.again += outcome.index in seen.indexes
            seen.indexes.add(outcome.index)
            seen.times.append(loop.time())
    return seen
