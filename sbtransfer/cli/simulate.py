"""The verb that serves a simulated platform."""

from __future__ import annotations

import shlex
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import Rate, drs_limit, example, guarded, requests_limit

if TYPE_CHECKING:
    from rich.console import Console

    from sbtransfer.simulator import Faults, Platform, World


def _in_a_directory(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """Refuse at once what could not be written at the end."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no directory {str(path.absolute().parent)!r}", ctx, param)
    return path


def _test_token() -> str:
    from sbtransfer.simulator import Platform

    return Platform().token


@click.command(epilog=example("sbtransfer simulate --speed 300"))
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to serve at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8900, show_default=True, help="0 takes a free one."
)
@click.option(
    "--token",
    default=_test_token,
    metavar="TOKEN",
    help="The token to ask for, if not the well-known test token.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="How many times as fast as the real platform jobs run and limits are lifted.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="The same seed gives the same job times and faults.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND[=RATE]",
    help="Let this share of the calls go wrong, 0.05 by default; may be repeated. KIND is all, reset-after, "
    "late or one of many others, which a wrong one lists. revoked=N refuses the token after N requests.",
)
@click.option(
    "--world",
    "world_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Begin with the projects, volumes and files of this file.",
)
@click.option(
    "--save-world",
    "save_to",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_in_a_directory,
    metavar="FILE",
    help="Write what there is to this file at the end, for --world; only its owner may read it.",
)
@click.option(
    "--strict", is_flag=True, help="Let nothing exist but what was put there, whatever a call may name."
)
@click.option(
    "--forgetful",
    is_flag=True,
    help="Drop jobs, and the files that they brought, some time after their end was shown: for millions.",
)
@requests_limit
@drs_limit
@guarded
def simulate(
    console: Console,
    host: str,
    port: int,
    token: str,
    speed: float,
    seed: int,
    faults: tuple[str, ...],
    world_file: Path | None,
    save_to: Path | None,
    strict: bool,
    forgetful: bool,
    requests_limit: Rate,
    drs_limit: Rate,
) -> Exit:
    """Serve a simulated platform until Ctrl-C.

    It prints the line that makes the other verbs talk to it, so that they can be tried without an account. It
    has the projects rfranklin/my-project and rfranklin/archive, and the volumes rfranklin/input and
    rfranklin/output, unless it is given a world of its own.
    """
    from sbtransfer.simulator import Platform

    platform = Platform(
        token=token,
        speed=speed,
        seed=seed,
        requests_limit=requests_limit.amount,
        requests_period=requests_limit.seconds,
        drs_limit=drs_limit.amount,
        drs_period=drs_limit.seconds,
        log=False,
        faults=_read_faults(faults, seed),
        world=_read_world(world_file, seed, strict=strict),
        forgetful=forgetful,
    )
    done = _serve(console, platform, host, port, _limits_at(speed, requests_limit, drs_limit))
    if save_to is not None:
        _save_world(console, platform, save_to)
    return done


def _read_world(path: Path | None, seed: int, *, strict: bool) -> World:
    """Return the world of a file, or a new one; `strict` makes it strict if it is not."""
    from sbtransfer.simulator import World

    if path is None:
        return World(seed, strict=strict)
    from sbtransfer.simulator.world_file import load

    try:
        world = load(path)
    except (OSError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint="'--world'") from None
    world.strict = world.strict or strict
    return world


def _save_world(console: Console, platform: Platform, path: Path) -> None:
    """Write what there is now; late work that is due is done first."""
    from sbtransfer.cli.console import say
    from sbtransfer.simulator.world_file import save

    now = time.time()
    platform.catch_up(now)
    save(platform.world, path, now)
    say(console, f"The world is in {path}.")


def _read_faults(texts: tuple[str, ...], seed: int) -> Faults | None:
    from sbtransfer.simulator import Faults

    try:
        return Faults.parse(*texts, seed=seed) if texts else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--fault'") from None


def _limits_at(speed: float, requests: Rate, files: Rate) -> str:
    return (
        f"--requests-limit {requests.amount}/{requests.seconds / speed:.9g} "
        f"--drs-limit {files.amount}/{files.seconds / speed:.9g}"
    )


def _serve(console: Console, platform: Platform, host: str, port: int, limits: str) -> Exit:
    from sbtransfer.cli.console import say
    from sbtransfer.cli.loop import run
    from sbtransfer.simulator.server import serve

    def ready(url: str) -> None:
        click.echo(f"export SB_API_ENDPOINT={url} SB_AUTH_TOKEN={shlex.quote(platform.token)}")
        say(console, f"Options for its limits: {limits}")
        if platform.faults is not None:
            say(console, f"Faults: {platform.faults}")
        say(console, "Serving until Ctrl-C.")

    with suppress(KeyboardInterrupt):
        run(serve(platform, host, port, ready), _say_nothing)
    return Exit.COMPLETED


def _say_nothing() -> None:
    """Leave without a word: that is how this verb ends."""
