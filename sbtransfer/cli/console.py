"""Standard error: all that is said to a person goes there, since standard output is for data."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TextIO, cast

from attrs import define
from rich.console import Console
from rich.text import Text


@define
class _Stderr:
    """Standard error, whose other end may be closed: a transfer does not end for want of a listener."""

    stream: TextIO

    @property
    def encoding(self) -> str:
        return self.stream.encoding

    def isatty(self) -> bool:
        return self.stream.isatty()

    def write(self, text: str) -> int:
        try:
            return self.stream.write(text)
        except OSError:
            self._give_up()
            return len(text)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        # What is left in buffers goes nowhere, and does not change the exit code when Python flushes them.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stream.fileno())
        os.close(nowhere)


def standard_error() -> Console:
    """Return standard error as a console; NO_COLOR and the like are honoured."""
    stream = sys.stderr or io.StringIO()
    return Console(file=cast("IO[str]", _Stderr(stream)), highlight=False)


def plain(text: str) -> str:
    """Return text without control characters: the platform's words must not steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def say(console: Console, text: str, style: str = "", *, whole: bool = False) -> None:
    """Write lines: wrapped between words on a terminal, and as they are for logs and pipes.

    A `whole` line is left to the terminal to wrap, so that a command can be copied from it.
    """
    for line in text.splitlines():
        console.print(Text(plain(line), style), soft_wrap=whole or not console.is_terminal)


class _ToConsole(logging.Handler):
    """Logs by way of the console, so that they go above a progress bar and not through it."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        say(self._console, self.format(record), "dim")


@contextmanager
def logs(console: Console, *, verbose: bool) -> Iterator[None]:
    """While the block lasts, show the debug log if `verbose`, else nothing of what is logged anywhere."""
    root, own = logging.getLogger(), logging.getLogger("sbtransfer")
    handler = _ToConsole(console) if verbose else logging.NullHandler()
    level = own.level
    root.addHandler(handler)
    if verbose:
        own.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        own.setLevel(level)
        root.removeHandler(handler)
