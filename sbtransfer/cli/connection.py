"""The options that lead to a platform: every verb that asks one has them."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs
import click
from attrs import frozen

from sbtransfer.cli.completion import known_profiles
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import Seconds, Verb, guarded, with_options
from sbtransfer.settings import PLATFORMS, Settings

if TYPE_CHECKING:
    from sbtransfer.client import Client


@frozen(kw_only=True)
class Connection:
    """Which platform is asked, as whom, and how long an answer may take, in seconds."""

    endpoint: str | None
    platform: str | None
    profile: str | None
    timeout: float
    connect_timeout: float

    def settings(self) -> Settings:
        """Find the endpoint and the token. Raises `SettingsError` that says what is missing."""
        endpoint = self.endpoint if self.platform is None else PLATFORMS[self.platform]
        return Settings.load(endpoint, None, self.profile)

    def check(self) -> None:
        """Raise a usage error for options that exclude each other."""
        if self.endpoint and self.platform:
            raise click.UsageError("give --endpoint or --platform, not both")

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """Open a client whose platform was seen to answer, and to take the token, before anything else."""
        from sbtransfer.cli.preflight import known_user
        from sbtransfer.client import Client

        settings = self.settings()
        async with Client(settings.endpoint, settings.token, timeout=self.timeout) as client:
            await known_user(client, self.connect_timeout)
            yield client


def seconds(name: str, default: float, what: str, *, above: float | None = None) -> Any:
    """Return an option of so many seconds."""
    return click.option(
        name, type=Seconds(above=above), default=default, show_default=True, metavar="SECONDS", help=what
    )


PLACE = (
    click.option("--endpoint", metavar="URL", help="The platform's base URL, instead of SB_API_ENDPOINT."),
    click.option(
        "--platform",
        type=click.Choice(tuple(PLATFORMS)),
        help="The platform by its name, instead of its --endpoint.",
    ),
    click.option(
        "--profile",
        metavar="NAME",
        shell_complete=known_profiles,
        help="The profile of ~/.sevenbridges/credentials to use.",
    ),
)
WAITING = (
    seconds("--timeout", 120, "How long to wait for an answer.", above=0),
    click.option("--connect-timeout", type=Seconds(above=0), default=30.0, hidden=True),
)


def connected(verb: Verb) -> Verb:
    """Give a verb the options of its connection, as one `Connection`."""

    @functools.wraps(verb)
    def command(console: object, **given: Any) -> Exit:
        connection = Connection(**taken(Connection, given))
        connection.check()
        code: Exit = verb(console, connection, **given)
        return code

    return with_options((*PLACE, *WAITING), guarded(command))


def taken(options: type[attrs.AttrsInstance], given: dict[str, Any]) -> dict[str, Any]:
    """Take out of what was given to a command what belongs to its options."""
    names = [field.name for field in attrs.fields(options) if field.name in given]
    return {name: given.pop(name) for name in names}
