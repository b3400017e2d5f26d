"""What a journal held before a command took it up."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import frozen

from sbtransfer.cli.shared import same
from sbtransfer.cli.verbs import VERBS
from sbtransfer.errors import JournalError, JournalRefusedError, SettingsError
from sbtransfer.items import Kind
from sbtransfer.journal import Counts, JournalReader, Owner


@frozen(kw_only=True)
class Known:
    """A journal at one moment: whose it is, of which list, and how its items stand.

    `notes` are the command line's own: `kind`, `results` (the results file), `digest` (SHA-256 of the list's
    bytes) and `unchecked` (the list was sent as it was read).
    """

    path: Path
    owner: Owner
    created_on: datetime
    source: Mapping[str, Any] | None
    notes: Mapping[str, Any]
    counts: Counts

    @property
    def kind(self) -> Kind | None:
        """The kind of its items; `None` where a program wrote it and did not say."""
        named = (self.source or {}).get("kind", self.notes.get("kind"))
        return named if named in VERBS else None

    @property
    def results(self) -> Path | None:
        """The results file that its runs have written."""
        return Path(self.notes["results"]) if self.notes.get("results") else None

    @property
    def is_finished(self) -> bool:
        """Whether the whole list was read and every item has an outcome."""
        counts = self.counts
        return counts.total is not None and counts.total == (
            counts.completed + counts.failed + counts.unconfirmed
        )

    @property
    def is_complete(self) -> bool:
        """Whether every item of the whole list was completed."""
        return self.counts.completed == self.counts.total

    def check_not_overwritten(self, path: Path) -> None:
        """Raise `SettingsError` for rows that would take the place of the journal or of its list."""
        work_list = (self.source or {}).get("path")
        if same(path, self.path) or (work_list and same(path, work_list)):
            raise SettingsError(f"{str(path)!r} is the journal or its work list: give the rows another file")


@contextmanager
def usable(advice: str = "") -> Iterator[None]:
    """Turn the error of a journal that cannot be opened into one of a wrong setting, with some advice."""
    try:
        yield
    except JournalRefusedError:
        raise  # it has its own words of what to do
    except JournalError as error:
        raise SettingsError(f"{error}{advice}") from error


def look(path: Path) -> Known:
    """Read what a journal holds. Raises `JournalRefusedError`, or `SettingsError` if it cannot be read."""
    with usable(), JournalReader(path) as journal:
        return Known(
            path=path,
            owner=journal.owner,
            created_on=journal.created_on,
            source=journal.source,
            notes=journal.notes,
            counts=journal.counts(),
        )


def look_if_there(path: Path) -> Known | None:
    """Read what a journal holds; `None` if there is none, or one in which nothing was ever written."""
    if not os.path.exists(path) or (path.is_file() and not path.stat().st_size):  # noqa: PTH110  never raises
        return None
    return look(path)
