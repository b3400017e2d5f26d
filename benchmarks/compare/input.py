"""What every contender of `benchmarks.compare` is given: the same rows, made one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypedDict

TOKEN = "0" * 32
CHUNK = 100
"""The most that a bulk call takes."""


class Row(TypedDict):
    """One import, as a program would have it from a list."""

    volume: str
    location: str
    project: str


def rows(count: int) -> Iterator[Row]:
    """Yield imports with locations of an ordinary length."""
    for number in range(count):
        yield {
            "volume": "rfranklin/input",
            "location": f"runs/2026-01/lane-{number % 8}/sample-{number:07}.fastq.gz",
            "project": "rfranklin/my-project",
        }


def in_chunks(source: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut rows into what a call takes."""
    source = iter(source)
    while chunk := list(islice(source, CHUNK)):
        yield chunk
