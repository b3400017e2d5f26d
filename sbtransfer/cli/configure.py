"""The verb that keeps an endpoint and its token for all others."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from sbtransfer.cli.completion import known_profiles
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import Seconds, example, guarded
from sbtransfer.settings import PLATFORM_TITLES, PLATFORMS

if TYPE_CHECKING:
    from rich.console import Console

    from sbtransfer.profiles import Profile, Written

_LONGEST_TOKEN = 65_536


@frozen(kw_only=True)
class Wanted:
    """What is to be written; what is `None` is asked for, where there is someone to ask."""

    name: str
    platform: str | None
    endpoint: str | None
    token_stdin: bool
    no_check: bool
    force: bool
    connect_timeout: float

    @property
    def asks(self) -> bool:
        """Whether there is someone to ask."""
        return not self.token_stdin and _at_a_terminal()

    def check(self) -> None:
        """Raise a usage error for options that do not go together, or that leave open what nobody can say."""
        if self.endpoint and self.platform:
            raise click.UsageError("give --endpoint or --platform, not both")
        if self.token_stdin and _at_a_terminal():
            raise click.UsageError("standard input is a terminal: without --token-stdin you are asked unseen")
        if not self.asks and not self.token_stdin:
            raise click.UsageError("standard input is no terminal: give the token there, with --token-stdin")
        if not self.asks and not self.endpoint and not self.platform:
            raise click.UsageError("give --platform or --endpoint")


def _at_a_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


@click.command(epilog=example("sbtransfer configure --platform cavatica"))
@click.option(
    "--profile",
    "name",
    default="default",
    show_default=True,
    metavar="NAME",
    shell_complete=known_profiles,
    help="The profile to write.",
)
@click.option("--platform", type=click.Choice(tuple(PLATFORMS)), help="The platform by its name.")
@click.option("--endpoint", metavar="URL", help="The base URL of a platform, instead of --platform.")
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input, for scripts.")
@click.option("--no-check", is_flag=True, help="Write without asking the platform.")
@click.option("--force", is_flag=True, help="Replace a profile of that name.")
@click.option("--connect-timeout", type=Seconds(above=0), default=30.0, hidden=True)
@guarded
def configure(console: Console, **given: Any) -> Exit:
    """Keep an endpoint and a token in ~/.sevenbridges/credentials, once the platform has taken them.

    On a terminal it asks for what is not given, and for the token without showing it. The token is on the
    platform's page Developer, Authentication token. Nobody else may read the file; all else in it stays.
    """
    wanted = Wanted(**given)
    wanted.check()
    return write(console, wanted)


def write(console: Console, wanted: Wanted) -> Exit:
    """Ask for what is missing, ask the platform, and write the profile."""
    from sbtransfer.cli.console import say
    from sbtransfer.profiles import CREDENTIALS_FILE, checked_name, write_profile

    path, name = CREDENTIALS_FILE.expanduser(), checked_name(wanted.name)
    with nothing_written():
        _check_not_overwritten(path, name, wanted)
        profile = _profile(console, wanted)
        user = None if wanted.no_check else _owner(profile, wanted.connect_timeout)
        written = write_profile(path, name, profile)
    say(console, "\n".join(told(name, profile, user, written)))
    say(console, f"Try it: {next_command(name, user)}", whole=True)
    return Exit.COMPLETED


@contextmanager
def nothing_written() -> Iterator[None]:
    """Note on errors that the file is as it was."""
    from sbtransfer.errors import SBTransferError

    try:
        yield
    except SBTransferError as error:
        error.add_note("Nothing was written.")
        raise


def _check_not_overwritten(path: Path, name: str, wanted: Wanted) -> None:
    from sbtransfer.errors import SettingsError
    from sbtransfer.profiles import profile_names

    if name not in profile_names(path) or wanted.force:
        return
    there = f"{path} has a profile [{name}]"
    if not wanted.asks:
        raise SettingsError(f"{there}: give another --profile, or --force to replace it")
    if not click.confirm(f"{there}. Replace it?", err=True):
        raise SettingsError(f"{there}, which stays: give another --profile")


# What is asked for ---------------------------------------------------------------------------------------


def _profile(console: Console, wanted: Wanted) -> Profile:
    from sbtransfer.profiles import Profile
    from sbtransfer.settings import checked_endpoint, checked_token

    if wanted.endpoint:
        endpoint = checked_endpoint(wanted.endpoint)
    else:
        endpoint = PLATFORMS[wanted.platform] if wanted.platform else _asked_endpoint(console)
    if wanted.token_stdin:
        return Profile(endpoint, checked_token(_line_of_stdin()))
    return Profile(endpoint, click.prompt("Token (not shown)", hide_input=True, err=True, value_proc=_token))


def _asked_endpoint(console: Console) -> str:
    from sbtransfer.cli.console import say

    say(console, "The platforms:")
    for name, title in PLATFORM_TITLES.items():
        say(console, f"  {name:10}{title}, {PLATFORMS[name]}")
    endpoint: str = click.prompt("Platform (a name, or the URL of another)", err=True, value_proc=_endpoint)
    return endpoint


def _endpoint(text: str) -> str:
    """Return the endpoint that an answer names; click asks again after a usage error."""
    from sbtransfer.errors import SettingsError
    from sbtransfer.settings import checked_endpoint

    try:
        return PLATFORMS.get(text.strip()) or checked_endpoint(text)
    except SettingsError as error:
        raise click.UsageError(f"{error}; or one of {', '.join(PLATFORMS)}") from None


def _token(text: str) -> str:
    from sbtransfer.errors import SettingsError
    from sbtransfer.settings import checked_token

    try:
        return checked_token(text)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def _line_of_stdin() -> str:
    # Bytes that are no text become what no token may hold.
    return sys.stdin.buffer.readline(_LONGEST_TOKEN).decode("ascii", "replace")


def _owner(profile: Profile, seconds: float) -> str:
    """Return who the token belongs to. Raises what says why the platform does not take it."""
    from sbtransfer.cli.loop import run
    from sbtransfer.cli.preflight import known_user
    from sbtransfer.client import Client
    from sbtransfer.errors import APIError

    async def ask() -> str:
        async with Client(profile.api_endpoint, profile.auth_token) as client:
            return (await known_user(client, seconds)).username

    try:
        return run(ask(), lambda: None)
    except APIError as error:
        advice = f"{profile.api_endpoint} refuses this token: was it copied whole, and is it this platform's?"
        raise type(error)(error.status, error.code, advice, error.more_info) from None


# What is said --------------------------------------------------------------------------------------------


def told(name: str, profile: Profile, user: str | None, written: Written) -> Iterator[str]:
    """Yield what was done."""
    whom = f"as {user}" if user else "which was not asked about the token"
    yield f"Wrote the profile [{name}] to {written.path}: {profile.api_endpoint}, {whom}."
    for path in written.mended:
        yield f"{path} was open to others, and is now yours alone."


def next_command(name: str, user: str | None) -> str:
    """Return a command to try the profile with."""
    owner = user or "OWNER"
    places = f"--volume {owner}/VOLUME --project {owner}/PROJECT"
    in_the_way = any(os.environ.get(one) for one in ("SB_API_ENDPOINT", "SB_AUTH_TOKEN"))
    profile = f" --profile {name}" if in_the_way or name != "default" else ""
    return f"sbtransfer import files.csv {places}{profile}"
