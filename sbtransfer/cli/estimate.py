"""How long a list takes at least, under the limits. Pure."""

from __future__ import annotations

from math import ceil

from attrs import frozen

from sbtransfer.cli.options import Rate
from sbtransfer.items import Kind

BULK = 100
"""How many jobs one look at them covers, of imports and exports."""


@frozen(kw_only=True)
class Estimate:
    """What a list costs: `calls` create its jobs, at least `looks` follow them.

    `seconds` pass at least, since the limit of what `bound` names (`requests`, `DRS files`) allows no less;
    where it is `None` the limits are no hindrance.
    """

    calls: int
    looks: int
    seconds: float
    bound: str | None


def estimate(kind: Kind, items: int, calls: int, requests: Rate, files: Rate) -> Estimate:
    """Return what so many items cost that are sent in so many calls.

    Each DRS call is one job, looked at by itself; its files are read to see by their names which is whose.
    """
    looks = 2 * calls if kind == "drs" else ceil(items / BULK)
    times = {"requests": least(calls + looks, requests), "DRS files": least(items, files)}
    if kind != "drs":
        del times["DRS files"]
    bound = max(times, key=lambda name: times[name])
    return Estimate(calls=calls, looks=looks, seconds=times[bound], bound=bound if times[bound] else None)


def least(amount: int, rate: Rate) -> float:
    """Return how many seconds pass between the first and the last of so many, at a rate, at least."""
    return max(amount - 1, 0) // rate.amount * rate.seconds
