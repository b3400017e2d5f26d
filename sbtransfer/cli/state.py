"""Where the journal of a list lies; and the list itself, if it came by standard input."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen

from sbtransfer.errors import SettingsError

ENDING = ".sbtransfer"
WITHOUT_ONE = "; give another place with --journal PATH, or --no-journal"
_DIGITS = 16  # of a list's digest, in a file's name


def journal_beside(work_list: str) -> Path:
    """Return the journal of a list in a file."""
    return Path(f"{work_list}{ENDING}")


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the user's folder for what commands remember, as the XDG base directories have it; make it.

    Raises `SettingsError` if that is not possible.
    """
    given = Path(environ.get("XDG_STATE_HOME") or "")
    try:
        folder = (given if given.is_absolute() else Path.home() / ".local" / "state") / "sbtransfer"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: nobody knows where home is
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(
            f"{given if given.is_absolute() else '~/.local/state'}: {reason}: the journal of a list from"
            f" standard input is kept there{WITHOUT_ONE}"
        ) from None
    return folder


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def journal_of_stream(verb: str) -> Path:
    """Return a new journal's path for a list that is sent as it comes in."""
    return state_folder() / f"{verb}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}{ENDING}"


@frozen
class Kept:
    """A list from standard input that was kept, to be read again, and the journal that goes with it."""

    work_list: Path
    journal: Path
    digest: str


def keep(spooled: Path, verb: str, journal: Path | None) -> Kept:
    """Keep a list beside its journal, for its owner alone; the same list again has the same journal.

    Raises `SettingsError` if it cannot be written.
    """
    digest = digest_of(spooled)
    if journal is None:
        name = state_folder() / f"{verb}-{digest[:_DIGITS]}"
        kept = Kept(name.with_suffix(".list"), name.with_suffix(ENDING), digest)
    else:
        kept = Kept(Path(f"{journal}.{digest[:_DIGITS]}.list"), journal, digest)
    try:
        _copy(spooled, kept.work_list)
    except OSError as error:
        raise SettingsError(
            f"{kept.work_list}: {error.strerror}: standard input is kept there{WITHOUT_ONE}"
        ) from None
    return kept


def _copy(spooled: Path, place: Path) -> None:
    """Copy so that there is never half a list in that place."""
    part = Path(f"{place}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with spooled.open("rb") as source, os.fdopen(descriptor, "wb") as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
