"""Lists of indexes as short text: `0-99,105` is what most calls carry."""

from __future__ import annotations

from collections.abc import Iterable


def pack(indexes: Iterable[int]) -> str:
    """Write indexes in their order; neighbours that ascend are drawn together."""
    runs: list[list[int]] = []
    for index in indexes:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def spans(text: str) -> list[tuple[int, int]]:
    """Read the first and the last index of each run."""
    parts = (run.partition("-") for run in text.split(",") if run)
    return [(int(first), int(last or first)) for first, _, last in parts]


def unpack(text: str) -> list[int]:
    """Read indexes in the order in which they were written."""
    return [index for first, last in spans(text) for index in range(first, last + 1)]
