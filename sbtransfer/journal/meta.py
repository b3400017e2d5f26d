"""What a journal says of itself: whose it is, of which list, since when; and the notes of its users."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from os import PathLike
from sqlite3 import Connection
from typing import Any

from sbtransfer.errors import JournalRefusedError
from sbtransfer.journal.journal import Owner

_NOTE = "note:"


def put(connection: Connection, name: str, value: Any) -> None:
    """Keep a JSON value."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))


def get(connection: Connection, name: str) -> Any:
    """Return a value, `None` if it is not known."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else json.loads(row[0])


def begin(connection: Connection, owner: Owner) -> None:
    """Write down whose the new journal is."""
    put(connection, "endpoint", owner.endpoint)
    put(connection, "username", owner.username)
    put(connection, "created_on", datetime.now(UTC).isoformat())


def owner(connection: Connection) -> Owner:
    """Return whose it is."""
    return Owner(endpoint=get(connection, "endpoint"), username=get(connection, "username"))


def check_owner(kept: Owner, owner: Owner, name: str | PathLike[str]) -> None:
    """Raise `JournalRefusedError` unless both are the same user of the same platform."""
    if kept != owner:
        raise JournalRefusedError(
            f"{name}: this journal belongs to {kept.username} at {kept.endpoint}, not to {owner.username} at"
            f" {owner.endpoint}: go on as that user, or begin a journal with another name"
        )


def created_on(connection: Connection) -> datetime:
    """Return when it was begun."""
    return datetime.fromisoformat(get(connection, "created_on"))


def fill_in(connection: Connection, source: Mapping[str, Any] | None) -> None:
    """Keep the list's description, unless one is known."""
    if source is not None and get(connection, "source") is None:
        put(connection, "source", dict(source))


def note(connection: Connection, name: str, value: Any) -> None:
    """Keep a user's value."""
    put(connection, _NOTE + name, value)


def notes(connection: Connection) -> dict[str, Any]:
    """Return the users' values by name."""
    rows = connection.execute("SELECT name, value FROM meta WHERE name GLOB ? ORDER BY name", (f"{_NOTE}*",))
    return {name.removeprefix(_NOTE): json.loads(value) for name, value in rows}
