"""Who takes turns in `benchmarks.compare`. Each imports what it needs when it runs, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen

THREADS = 16


@frozen
class Task:
    """What is to be done: `look` is the sleep between looks, in seconds; journals go to `folder`.

    `in_flight` bounds the items under way at once, for those who can bound them.
    """

    endpoint: str
    count: int
    look: float
    folder: Path
    in_flight: int | None = None


Contender: TypeAlias = Callable[[Task], int]
"""Does the task and returns how many items were completed."""

_Run: TypeAlias = Callable[[Coroutine[Any, Any, int]], int]


def _on_uvloop(work: Coroutine[Any, Any, int]) -> int:
    import uvloop

    return uvloop.run(work)


def _bare(task: Task, run: _Run = asyncio.run) -> int:
    from benchmarks.compare.bare import imported

    return run(imported(task.endpoint, task.count, task.look, task.in_flight))


def _sevenbridges(task: Task, threads: int = 1) -> int:
    from benchmarks.compare.sevenbridges import imported

    return imported(task.endpoint, task.count, task.look, threads)


def _sbtransfer(task: Task, run: _Run = asyncio.run, *, journal: bool = False) -> int:
    from benchmarks.compare.sbtransfer import imported

    path = task.folder / f"{task.count}.sqlite" if journal else None
    return run(imported(task.endpoint, task.count, task.look, path, task.in_flight))


BARE, OFFICIAL, OURS, OURS_KEPT = "bare aiohttp", "sevenbridges-python", "sbtransfer", "sbtransfer, journal"

CONTENDERS: dict[str, Contender] = {
    BARE: _bare,
    f"{BARE}, uvloop": partial(_bare, run=_on_uvloop),
    OFFICIAL: _sevenbridges,
    f"{OFFICIAL}, {THREADS} threads": partial(_sevenbridges, threads=THREADS),
    OURS: _sbtransfer,
    f"{OURS}, uvloop": partial(_sbtransfer, run=_on_uvloop),
    OURS_KEPT: partial(_sbtransfer, journal=True),
    f"{OURS_KEPT}, uvloop": partial(_sbtransfer, run=_on_uvloop, journal=True),
}
