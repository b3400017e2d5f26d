"""What a person should know, or do, about a run that does not stand as one hopes."""

from __future__ import annotations

from collections.abc import Iterator

from sbtransfer.cli.units import count
from sbtransfer.cluster.status import RunStatus


def advice_on(run: RunStatus) -> Iterator[str]:
    """Yield a line for each thing."""
    if not run.adds_up:
        yield "THIS DOES NOT ADD UP: items were lost or counted twice. Please report this defect."
    if not run.is_finished and not run.workers and run.state != "own":
        yield f"nobody is at work on it: start 'sbtransfer cluster work' with {run.owner.username}'s token"
    if run.state == "own" and not run.is_finished:
        yield "the journal of one process, which sends its items itself"
    if run.state in ("cancelled", "halted") and run.waiting:
        yield f"{count(run.waiting, 'item')} will not be sent"
    if run.unconfirmed:
        yield "unconfirmed: may have been done; look on the platform before sending them again"
