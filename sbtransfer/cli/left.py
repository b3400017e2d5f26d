"""What is left of the platform's limits, as lines or as JSON."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import orjson
from attrs import frozen

from sbtransfer.cli.connection import Connection
from sbtransfer.cli.console import plain
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.loop import run
from sbtransfer.cli.output import standard_output
from sbtransfer.cli.preflight import known_user, rate_limit_of
from sbtransfer.cli.progress import clock
from sbtransfer.client import Client
from sbtransfer.limits import Limits
from sbtransfer.resources import RateLimit


@frozen
class Left:
    """What is left at a moment `now`, in Unix seconds; `user` is `None` where no request was left to ask."""

    endpoint: str
    user: str | None
    requests: RateLimit
    now: float

    @property
    def seconds(self) -> int:
        """How long it takes until the window starts anew."""
        return max(0, round(self.requests.reset - self.now))

    def facts(self) -> dict[str, Any]:
        """Return all of it by name."""
        resets_on = datetime.fromtimestamp(self.requests.reset, UTC)
        return {
            "endpoint": self.endpoint,
            "user": self.user,
            "requests": {
                "limit": self.requests.limit,
                "remaining": self.requests.remaining,
                "resets_on": resets_on.isoformat(timespec="seconds"),
                "resets_in": self.seconds,
            },
            "drs_files": {"limit": Limits().drs_files, "period": Limits().drs_period, "remaining": None},
        }

    def lines(self) -> list[str]:
        """Return all of it as a person reads it; the clock is this machine's."""
        moment = datetime.fromtimestamp(self.requests.reset, UTC).astimezone()
        user = "not asked: no request is left" if self.user is None else self.user
        return [
            f"platform:  {self.endpoint}",
            f"user:      {plain(user)}",
            f"requests:  {self.requests.remaining:,} of {self.requests.limit:,} left; "
            f"the window starts anew in {clock(self.seconds)}, at {moment:%H:%M:%S}",
            f"DRS files: {Limits().drs_files} in {Limits().drs_period / 60:g} minutes; "
            "the platform does not tell how many are left",
        ]


def show(connection: Connection, *, as_json: bool) -> Exit:
    """Write what is left to standard output."""
    with standard_output() as file:
        left = run(_ask(connection), lambda: None)
        lines = [orjson.dumps(left.facts()).decode()] if as_json else left.lines()
        file.writelines(f"{line}\n" for line in lines)
    return Exit.COMPLETED


async def _ask(connection: Connection) -> Left:
    settings = connection.settings()
    async with Client(settings.endpoint, settings.token, timeout=connection.timeout) as client:
        requests = await rate_limit_of(client, connection.connect_timeout)
        user = None
        if requests.remaining:  # else the question would wait for the next window
            user = (await known_user(client, connection.connect_timeout)).username
            requests = await client.rate_limit()
        return Left(settings.endpoint, user, requests, time.time())
