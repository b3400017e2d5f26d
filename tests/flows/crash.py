"""A crash on a virtual clock: what a process that is killed leaves behind, and nothing else."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

from sbtransfer import Client, Limits, Outcome
from sbtransfer.settings import TokenSource
from sbtransfer.simulator import Platform
from tests.flows.simulated import Script, ScriptedTransport, honest


def left_behind(journal: Path, to: Path) -> Path:
    """Copy a journal as it lies on the disk now, with the log that SQLite recovers from."""
    for ending in ("", "-wal"):
        part = Path(f"{journal}{ending}")
        if part.exists():
            shutil.copyfile(part, f"{to}{ending}")
    return to


def listed(items: Any, client: Client) -> Any:
    """Return a list, or what a function makes of the client: a volume's or a project's items."""
    return items(client) if callable(items) else items


async def killed_after(
    seconds: float,
    platform: Platform,
    items: Any,
    journal: Path,
    script: Script = honest,
    limits: Limits | None = None,
    **options: Any,
) -> list[Outcome]:
    """Transfer for so many seconds, then die; the journal is as death found it. Return what was delivered.

    Requests that were on their way by then still arrive; nothing else is sent.
    """
    delivered: list[Outcome] = []
    transport = ScriptedTransport(platform, script)
    dying = journal.with_name(f"{journal.name}.dying")
    left_behind(journal, dying)

    async def take(client: Client) -> None:
        async with client.transfer(listed(items, client), journal=dying, **options) as run:
            async for outcome in run:
                delivered.append(outcome)

    async with Client(platform.base_url, platform.token, transport=transport, limits=limits) as client:
        task = asyncio.create_task(take(client))
        await asyncio.wait({task}, timeout=seconds)
        left_behind(dying, journal)
        task.cancel()
        await asyncio.wait({task})
    dying.unlink(missing_ok=True)
    if not task.cancelled():
        await task
    return delivered


async def resumed(
    platform: Platform,
    items: Any,
    journal: Path,
    script: Script = honest,
    token: TokenSource | None = None,
    limits: Limits | None = None,
    **options: Any,
) -> tuple[list[Outcome], ScriptedTransport]:
    """Transfer with the journal to the end; return what was delivered and the way it went."""
    transport = ScriptedTransport(platform, script)
    async with Client(
        platform.base_url, token or platform.token, transport=transport, limits=limits
    ) as client:
        async with client.transfer(listed(items, client), journal=journal, **options) as run:
            outcomes = [outcome async for outcome in run]
        assert run.summary.adds_up
        assert run.summary.read == len(items) if isinstance(items, list) else True
    return outcomes, transport
