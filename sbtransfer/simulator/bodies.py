"""Reads JSON bodies: whatever has the wrong shape refuses the whole call with a 400.

Only shape is checked here. An item of the right shape that asks for something impossible is refused alone, by
the rules of its kind.
"""

from collections.abc import Mapping
from sys import intern
from typing import Any

import orjson

from sbtransfer.simulator.refusals import Code, RefusalError

MAX_BATCH = 100  # items in a bulk create, ids in a bulk get
REPEATED = ("project", "parent", "volume")  # few different ones in millions of items, so each is kept once


def malformed(message: str) -> RefusalError:
    """Return the refusal of a call whose body cannot be understood."""
    return RefusalError(400, Code.BAD_REQUEST, message)


def read_body(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object that a body holds."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise malformed(f"The body is not JSON: {error}.") from None
    return _as_object(value, "The body")


def read_batch(record: Mapping[str, Any], field: str) -> list[Any]:
    """Return a list of 1 to 100 entries."""
    batch = record.get(field)
    if not isinstance(batch, list):
        raise malformed(f"{field!r} must be a list.")
    if not 1 <= len(batch) <= MAX_BATCH:
        raise malformed(f"{field!r} must hold 1 to {MAX_BATCH} entries, not {len(batch)}.")
    return batch


def read_ids(body: bytes, field: str) -> list[str]:
    """Return the ids that a bulk get asks for."""
    ids = read_batch(read_body(body), field)
    if not all(isinstance(one, str) for one in ids):
        raise malformed(f"{field!r} must hold strings.")
    return ids


def read_items(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the items of a bulk create."""
    return [_as_object(item, f"items[{place}]") for place, item in enumerate(read_batch(record, "items"))]


def section(record: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Return a required object within a record."""
    return _as_object(record.get(field), repr(field))


def optional_section(record: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """Return an object within a record, an empty one where it is absent."""
    return {} if record.get(field) is None else section(record, field)


def text(record: Mapping[str, Any], field: str) -> str:
    """Return a required string."""
    value = optional_text(record, field)
    if value is None:
        raise malformed(f"{field!r} is required.")
    return value


def optional_text(record: Mapping[str, Any], field: str) -> str | None:
    """Return a string, None where it is absent."""
    value = record.get(field)
    if value is None:
        return None
    if isinstance(value, str) and value:
        return intern(value) if field in REPEATED else value
    raise malformed(f"{field!r} must be a string with at least one character.")


def optional_flag(record: Mapping[str, Any], field: str) -> bool | None:
    """Return a boolean, None where it is absent."""
    value = record.get(field)
    if value is None or isinstance(value, bool):
        return value
    raise malformed(f"{field!r} must be true or false.")


def _as_object(value: Any, what: str) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise malformed(f"{what} must be a JSON object.")
