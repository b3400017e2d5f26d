"""Which format a list has, and the reader for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Literal, TypeAlias

from sbtransfer.worklist.json_lists import read_json, read_json_lines, read_json_list
from sbtransfer.worklist.places import Problem
from sbtransfer.worklist.rows import Header, Row
from sbtransfer.worklist.sources import Opening
from sbtransfer.worklist.tables import read_table
from sbtransfer.worklist.text import chunks, lines

Format: TypeAlias = Literal["csv", "tsv", "json", "jsonl"]

FORMATS: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}


def format_by_ending(path: PurePath) -> Format | None:
    """Return the format that a file's name promises, with or without `.gz`; `None` if it promises none."""
    name = path.name.lower().removesuffix(".gz")
    return FORMATS.get(PurePath(name).suffix)


def sniff(head: bytes) -> Format:
    """Return the format that a list's first line shows."""
    line = head.lstrip()
    if line.startswith(b"["):
        return "json"
    if line.startswith(b"{"):
        return "jsonl" if _is_json_line(line) else "json"
    return "tsv" if b"\t" in line else "csv"


def _is_json_line(line: bytes) -> bool:
    try:
        return "items" not in read_json(line.decode())
    except ValueError:
        return False  # an object that goes on after its first line


def read_rows(opening: Opening, name: str, format: Format | None) -> Iterator[Header | Row | Problem]:  # noqa: A002
    """Yield a list's rows in the given format, or in the one that its first line shows."""
    match format or sniff(opening.head):
        case "csv":
            return read_table(lines(opening.stream, name), name, ",")
        case "tsv":
            return read_table(lines(opening.stream, name), name, "\t")
        case "json":
            return read_json_list(chunks(opening.stream, name), name)
        case "jsonl":
            return read_json_lines(lines(opening.stream, name), name)
