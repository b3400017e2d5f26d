"""A table's cells to the values of fields: text is all that a table can hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sbtransfer.worklist.json_lists import read_json
from sbtransfer.worklist.places import shown

_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_cell(field: str, text: str) -> Any:
    """Return the value of a field's cell. Raises `ValueError` saying what is wrong with it."""
    return _READERS.get(field, str)(text)


def promised(field: str, text: str) -> Any:
    """Return the `size` or `md5` that a manifest's own column tells, `None` if it means something else."""
    if field == "md5" and not re.fullmatch(r"\s*[0-9a-fA-F]{32}\s*", text):
        return None
    try:
        return read_cell(field, text)
    except ValueError:
        return None


def _flag(text: str) -> bool:
    flag = _FLAGS.get(text.strip().lower())
    if flag is None:
        raise ValueError(f"must be true or false (or yes, no, 1, 0), not {shown(text)}")
    return flag


def _size(text: str) -> int:
    if not re.fullmatch(r"\s*[0-9]{1,18}\s*", text):
        raise ValueError(f"must be a whole number of bytes, not {shown(text)}")
    return int(text)


def _tags(text: str) -> tuple[str, ...]:
    return tuple(tag for tag in map(str.strip, text.split(";")) if tag)


def _object(text: str) -> dict[str, Any]:
    try:
        value = read_json(text)
    except ValueError as error:
        raise ValueError(f'must be a JSON object such as {{"name": "value"}} ({error})') from error
    if not isinstance(value, dict):
        raise ValueError(f'must be a JSON object such as {{"name": "value"}}, not {shown(text)}')
    return value


_READERS: Mapping[str, Callable[[str], Any]] = {
    "overwrite": _flag,
    "autorename": _flag,
    "preserve_folder_structure": _flag,
    "copy_only": _flag,
    "size": _size,
    "md5": str.strip,
    "tags": _tags,
    "properties": _object,
    "metadata": _object,
}
