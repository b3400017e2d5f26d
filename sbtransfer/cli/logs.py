"""The debug log of a command: on standard error for who watches, in a file for who asks later."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from stat import S_ISREG

import click
from rich.console import Console

from sbtransfer import __version__, events
from sbtransfer.cli.console import plain, say
from sbtransfer.errors import SettingsError

_BEGINS_WITH_A_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:")


class _Lines(logging.Formatter):
    """Lines that begin with the time, in UTC and as ISO 8601 has it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        """Return the time of a record."""
        moment = datetime.fromtimestamp(record.created, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record; further ones are indented, so that none passes for a record."""
        return "\n  ".join(plain(line) for line in super().format(record).splitlines())


class _ToConsole(logging.Handler):
    """Logs by way of the console, so that they go above a progress bar and not through it."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self.setFormatter(_Lines())

    def emit(self, record: logging.LogRecord) -> None:
        say(self._console, self.format(record), "dim")


class _ToFile(logging.Handler):
    """Logs to a file until it takes no more: a transfer does not end for want of its log."""

    def __init__(self, file: FileIO, console: Console) -> None:
        super().__init__()
        self._file: FileIO | None = file
        self._console = console
        self.setFormatter(_Lines())

    def emit(self, record: logging.LogRecord) -> None:
        if self._file is None:
            return
        try:
            self._file.write(f"{self.format(record)}\n".encode(errors="backslashreplace"))
        except OSError as error:
            self._file = None
            say(self._console, f"The log ends here, its file cannot be written: {error.strerror or error}.")


@contextmanager
def logs(console: Console, *, verbose: bool, path: Path | None = None) -> Iterator[None]:
    """While the block lasts, show the debug log if `verbose`, and append it to a file if one is given.

    Without either, nothing of what is logged anywhere is shown. Raises `SettingsError` for a file that cannot
    be used.
    """
    own = logging.getLogger("sbtransfer")
    with ExitStack() as stack:
        handlers: list[logging.Handler] = [_ToConsole(console)] if verbose else []
        if path is not None:
            handlers.append(_ToFile(stack.enter_context(log_file(path)), console))
        for handler in handlers or [logging.NullHandler()]:
            logging.getLogger().addHandler(handler)
            stack.callback(logging.getLogger().removeHandler, handler)
        stack.callback(own.setLevel, own.level)
        if handlers:
            own.setLevel(logging.DEBUG)
        with _begin_and_end():
            yield


@contextmanager
def _begin_and_end() -> Iterator[None]:
    """Log which program began, and what ended it; never what it was given, which may be a secret."""
    context = click.get_current_context(silent=True)
    command = context.command_path if context else "no command"
    events.COMMAND_BEGAN.tell(
        command=command, version=__version__, python=sys.version.split()[0], platform=sys.platform
    )
    try:
        yield
    except click.exceptions.Exit as end:
        events.COMMAND_ENDED.tell(exit_code=end.exit_code, error=None)
        raise
    except BaseException as error:
        events.COMMAND_ENDED.tell(exit_code=None, error=f"ended by {type(error).__name__}: {error}")
        raise


def log_file(path: Path) -> FileIO:
    """Open a file to append a log to, which only its owner may read. Raises `SettingsError`."""
    try:
        file = FileIO(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "a+")
        with ExitStack() as stack:
            stack.callback(file.close)
            ours = _closed_to_others(file.fileno())
            if ours:
                stack.pop_all()
    except OSError as error:
        reason = f"cannot be written: {error.strerror or error}"
    else:
        if ours:
            return file
        reason = "is something else than a log of this program"
    raise SettingsError(f"the log file {str(path)!r} {reason}; give another --log-file")


def _closed_to_others(descriptor: int) -> bool:
    """Let only the owner read a log; return False for what is none: a work list, say, named by mistake."""
    if not S_ISREG(os.fstat(descriptor).st_mode):
        return True
    start = os.pread(descriptor, len("2026-01-31T12:"), 0)
    if start and not _BEGINS_WITH_A_TIME.match(start):
        return False
    os.fchmod(descriptor, 0o600)
    return True
