"""Standard error, where all that is said to a person goes, and standard output, which is for data."""

from __future__ import annotations

import io
import os
import sys
from typing import IO, TextIO, cast

from attrs import define
from rich.console import Console
from rich.text import Text


@define
class _Listener:
    """A stream whose other end may be closed: a transfer does not end for want of a listener."""

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
    return Console(file=cast("IO[str]", _Listener(stream)), highlight=False)


def write_line(data: bytes) -> None:
    """Write a line of data in UTF-8 to standard output, at once."""
    if sys.stdout is None:
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    listener = _Listener(sys.stdout)
    listener.write(data.decode() + "\n")
    listener.flush()


def plain(text: str) -> str:
    """Return text without control characters: the platform's words must not steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def say(console: Console, text: str, style: str = "", *, whole: bool = False) -> None:
    """Write lines: wrapped between words on a terminal, and as they are for logs and pipes.

    A `whole` line is left to the terminal to wrap, so that a command can be copied from it.
    """
    for line in text.splitlines():
        console.print(Text(plain(line), style), soft_wrap=whole or not console.is_terminal)
