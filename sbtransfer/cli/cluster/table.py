"""How runs stand, as people and programs read it: a table, a block of lines, or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from sbtransfer.cli.cluster.advice import advice_on
from sbtransfer.cli.console import plain
from sbtransfer.cli.units import count, moment
from sbtransfer.cluster.status import RunStatus

COUNTS = ("waiting", "in_doubt", "under_way", "completed", "failed", "unconfirmed")
"""The counts that add up to the total, in the order of an item's way."""

COLUMNS = ("run", "name", "state", "submitted", "total", *(name.replace("_", " ") for name in COUNTS))
_WORDS = 4  # columns of words; the rest are numbers, which stand to the right
STYLES = {"running": "cyan", "completed": "green", "finished": "red", "cancelled": "yellow", "halted": "red"}


def state_of(run: RunStatus) -> str:
    """Return a run's state in a word: how it ended, once it has."""
    if run.state == "running" and run.is_finished:
        return "completed" if run.ok else "finished"
    return run.state


def json_line(run: RunStatus) -> str:
    """Return all that is known of a run as a line of JSON."""
    return orjson.dumps(as_dict(run), default=str).decode()


def as_dict(run: RunStatus) -> dict[str, Any]:
    """Return a run as JSON has it."""
    return {
        "run": run.id,
        "name": run.name,
        "endpoint": run.owner.endpoint,
        "user": run.owner.username,
        "state": state_of(run),
        "trouble": run.trouble,
        "submitted_at": run.submitted_at.isoformat(),
        "total": run.total,
        **{name: getattr(run, name) for name in COUNTS},
        "workers": run.workers,
        "finished": run.is_finished,
        "ok": run.ok,
        "adds_up": run.adds_up,
    }


def cells(run: RunStatus, *, grouped: bool = True) -> tuple[str, ...]:
    """Return a run as the cells of a table; numbers are `grouped` for people only."""
    form = "," if grouped else ""
    numbers = (format(getattr(run, name), form) for name in COUNTS)
    total = "" if run.total is None else format(run.total, form)
    return str(run.id), plain(run.name or ""), state_of(run), moment(run.submitted_at), total, *numbers


def tabbed(run: RunStatus) -> str:
    """Return a run as a line of cells, for other commands."""
    return "\t".join(cells(run, grouped=False))


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows of cells as lines with columns below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        words = [cell.ljust(width) for cell, width in zip(row[:_WORDS], widths, strict=False)]
        numbers = [cell.rjust(width) for cell, width in zip(row[_WORDS:], widths[_WORDS:], strict=True)]
        yield "  ".join((*words, *numbers)).rstrip()


def block(run: RunStatus) -> Iterator[str]:
    """Yield the lines that tell a person of one run."""
    named = "" if run.name is None else f" ({run.name})"
    yield plain(f"run {run.id}{named}: {state_of(run)}")
    yield plain(f"  owner      {run.owner.username} at {run.owner.endpoint}")
    yield f"  submitted  {moment(run.submitted_at)}"
    yield f"  items      {equation(run)}"
    yield f"  workers    {run.workers:,}"
    if run.trouble:
        yield plain(f"  trouble    {' '.join(run.trouble.split())}")
    for line in advice_on(run):
        yield f"  note       {line}"


def equation(run: RunStatus) -> str:
    """Return the counts as the sum that they must be."""
    counts = " + ".join(f"{getattr(run, name):,} {name.replace('_', ' ')}" for name in COUNTS)
    return f"{counts} = {'not known yet' if run.total is None else f'{run.total:,}'}"


def line(run: RunStatus) -> str:
    """Return how far a run is, in one line."""
    counts = ", ".join(
        f"{getattr(run, name):,} {name.replace('_', ' ')}" for name in COUNTS if getattr(run, name)
    )
    of = "" if run.total is None else f" of {run.total:,}"
    state = state_of(run)
    return plain(f"run {run.id}: {run.ended:,}{of} ended; {counts or 'nothing yet'}") + (
        f"; {count(run.workers, 'worker')}" if state == "running" else f"; {state}"
    )
