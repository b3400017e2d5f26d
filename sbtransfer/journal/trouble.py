"""What the system and SQLite say of a journal, as one error: which file, what happened, what to do."""

from __future__ import annotations

import sqlite3
from os import PathLike

from sbtransfer.errors import JournalError, JournalRefusedError

_RESUME = "then resume the run with the same journal"
_BY_CODE = {
    sqlite3.SQLITE_READONLY_ROLLBACK: "a run was killed while it wrote: resume it, which mends the file",
    sqlite3.SQLITE_FULL: f"make room on that disk, {_RESUME}",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable, or choose another place for the journal",
    sqlite3.SQLITE_CANTOPEN: "check the folder and its permissions, or choose another place for the journal",
    sqlite3.SQLITE_IOERR: f"check the disk, {_RESUME}",
    sqlite3.SQLITE_BUSY: f"end the program that keeps the file locked, {_RESUME}",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: keep it, and restore a copy if there is one",
}


def os_trouble(path: PathLike[str], error: OSError) -> JournalError:
    """Explain why a file of the journal cannot be opened."""
    return JournalError(
        f"{path}: {error.strerror or error}: the journal needs a folder that exists and can be written"
    )


def sqlite_trouble(path: PathLike[str], error: BaseException) -> JournalError:
    """Explain what went wrong in a journal's database."""
    code = getattr(error, "sqlite_errorcode", 0)
    family = code & 0xFF  # the rest is detail (sqlite.org/rescode.html)
    if family == sqlite3.SQLITE_NOTADB:
        return not_ours(path)
    advice = _BY_CODE.get(code) or _BY_CODE.get(family, f"check the file and its disk, {_RESUME}")
    return JournalError(f"{path}: {str(error) or type(error).__name__}: {advice}")


def not_ours(path: PathLike[str]) -> JournalRefusedError:
    """Refuse a file that some other program wrote."""
    return JournalRefusedError(f"{path}: is no journal of this program: give the journal another name")


def not_open(name: str | PathLike[str]) -> JournalError:
    """Refuse to use a journal before it was opened, or after it was closed."""
    return JournalError(f"{name}: the journal is not open: open it first, and again after it was closed")
