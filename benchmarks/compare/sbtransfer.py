"""`sbtransfer` as its users use it: its own settings, but for the limits and how soon jobs are seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.compare.input import TOKEN, rows
from sbtransfer import Client, Limits, VolumeImport


async def imported(
    endpoint: str, count: int, look: float, journal: Path | None = None, in_flight: int | None = None
) -> int:
    """Import so many items; return how many were completed.

    A sleep of `look` seconds between looks sees half of the jobs within half of that.
    """
    completed = 0
    items = (VolumeImport(**row) for row in rows(count))
    options: dict[str, Any] = {} if in_flight is None else {"max_in_flight": in_flight}
    client = Client(endpoint, TOKEN, limits=Limits.unlimited(), polling=look / 2)
    async with client, client.transfer(items, journal=journal, **options) as run:
        async for outcome in run:
            completed += outcome.ok
    return completed
