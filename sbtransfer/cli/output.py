"""Standard output for data, and files that are there as a whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TextIO

import click

from sbtransfer.cli.console import plain
from sbtransfer.cli.results import exists
from sbtransfer.errors import SBTransferError, SettingsError


class Target(Protocol):
    """What takes text."""

    def write(self, text: str, /) -> object:
        """Take some more."""


class OutputError(SBTransferError):
    """A file cannot be written any more."""


@contextmanager
def standard_output(option: str = "") -> Iterator[TextIO]:
    """Give standard output for rows: UTF-8 and line ends as they are, whatever the terminal's habits.

    `option` is what could have been given instead.
    """
    if sys.stdout is None:
        raise click.UsageError(f"standard output is closed{f': give {option}' if option else ''}")
    file = TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    try:
        yield file
        file.flush()
    finally:
        file.detach()


class Plain:
    """Text to a terminal, line by line and without control characters."""

    def __init__(self, terminal: Target) -> None:
        self._terminal = terminal

    def write(self, text: str) -> None:
        """Write a whole line, or several."""
        for line in text.splitlines():
            self._terminal.write(f"{plain(line)}\n")


class PartFile:
    """A file for its owner alone that is written as `FILE.part`, and takes its place once it is whole.

    Opening raises `SettingsError` for a file that exists, unless `force`, or that cannot be made; `option`
    is what names another one. Writing raises `OutputError`. What was not published leaves nothing behind.
    """

    def __init__(self, path: Path, *, force: bool, option: str = "--output") -> None:
        self.path = path
        self._force = force
        self._option = option
        # A link stays one.
        self._part = Path(f"{os.path.realpath(path)}.part")

    def __enter__(self) -> Self:
        if self.path.exists() and not self._force:
            raise exists(self.path, self._option)
        try:
            self._part.unlink(missing_ok=True)  # of a command that was killed
            descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise SettingsError(f"{str(self.path)!r} cannot be written: {error.strerror}") from None
        self._file = open(descriptor, "w", encoding="utf-8", newline="")  # noqa: PTH123
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._publish()
        finally:
            self._drop()

    def write(self, text: str) -> None:
        """Write some more."""
        try:
            self._file.write(text)
        except OSError as error:
            raise self._failed(error) from None

    def _publish(self) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(os.path.realpath(self.path))
        except OSError as error:
            raise self._failed(error) from None

    def _drop(self) -> None:
        with suppress(OSError):  # what is dropped need not be whole
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(f"{str(self.path)!r} cannot be written: {error.strerror}")
