"""What the tests of the verbs that look at the platform share."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from click.testing import CliRunner, Result

from sbtransfer import Client, Item
from sbtransfer.cli import cli


def invoke(*args: str, stdin: str = "") -> Result:
    """Run a verb in this process; the environment says where the platform is."""
    return CliRunner().invoke(cli, args, input=stdin)


def transferred(items: Iterable[Item]) -> list[str]:
    """Transfer items to their end, and return the ids of their jobs."""

    async def main() -> list[str]:
        async with Client.from_environment(polling=0.05) as client, client.transfer(items) as run:
            return [outcome.job_id or "" async for outcome in run]

    return asyncio.run(main())
