"""How a command ends: its exit code, and what it says when something stopped it.

Each code has one meaning for every verb, so that a script can tell what to do next: 1 asks for a look at the
results, 2 for another command or list, 3 for another token, 5 for another try later.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from textwrap import indent
from typing import TYPE_CHECKING

import click

from sbtransfer.cli.advice import advice_for
from sbtransfer.errors import (
    APIError,
    ClusterRefusedError,
    DatabaseAwayError,
    InvalidItemError,
    JournalRefusedError,
    NetworkError,
    SBTransferError,
    SettingsError,
    UsageError,
    WorkListError,
)

if TYPE_CHECKING:
    from rich.console import Console


class Exit(IntEnum):
    """The exit codes of all verbs."""

    COMPLETED = 0
    """All items were completed."""
    INCOMPLETE = 1
    """Some items were not completed, or the run was stopped by an error that has no code of its own."""
    USAGE = 2
    """The command or the work list cannot be used."""
    REFUSED = 3
    """The platform refuses the token, or gives its owner no permission."""
    INTERRUPTED = 4
    """Ctrl-C or SIGTERM ended the run."""
    UNREACHABLE = 5
    """The platform cannot be reached, or the database of a cluster."""


EXIT_CODES = """\
Exit codes: 0 all items completed, 1 some did not, 2 the command or the work list cannot be used,
3 refused (token or permission), 4 interrupted, 5 the platform (or a cluster's database) cannot be reached.
"""


def exit_for(error: BaseException) -> Exit:
    """Return the exit code of a command that an exception stopped."""
    match error:
        case KeyboardInterrupt() | click.Abort():
            return Exit.INTERRUPTED
        case SettingsError() | WorkListError() | InvalidItemError() | UsageError():
            return Exit.USAGE
        case JournalRefusedError() | ClusterRefusedError():
            return Exit.USAGE
        case APIError(status=401 | 403):
            return Exit.REFUSED
        case NetworkError() | DatabaseAwayError():
            return Exit.UNREACHABLE
        case _:
            return Exit.INCOMPLETE


def words_for(error: BaseException) -> str:
    """Return what to tell the user: what happened, what to do, and the notes added to it on its way."""
    match error:
        case KeyboardInterrupt() | click.Abort():
            said = "Interrupted."
        case WorkListError() if error.total > 1:
            said = f"Error: {error.total:,} problems in the work list:\n{indent(str(error), '  ')}"
        case SBTransferError() | OSError():
            said = "; ".join(filter(None, (f"Error: {_what(error)}", advice_for(error))))
        case _:
            said = f"internal error: {type(error).__name__}: {error}; run with --debug to see where"
    return "\n".join((said, *getattr(error, "__notes__", ())))


def _what(error: SBTransferError | OSError) -> str:
    """Return what happened; the system's errors without their numbers."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"


@contextmanager
def told(console: Console, *, debug: bool) -> Iterator[None]:
    """Turn what stops a command into a message and an exit code; with `debug`, show where it came from."""
    from sbtransfer.cli.console import say

    try:
        yield
    except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
        raise  # click has its own good ways for these
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place that turns them into words
        if debug:
            say(console, "".join(traceback.format_exception(error)))
        say(console, words_for(error))
        raise SystemExit(exit_for(error)) from None
