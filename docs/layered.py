"""Where the boxes of a picture of layers go: few crossings, short lines, and always the same. Pure.

Arrows point down. One that passes a row without ending there has a place in it as a box has, so that no line
runs through a box; arrows to the same box share their way from where they meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import TypeAlias

from attrs import frozen

Arrow: TypeAlias = tuple[str, str]
"""Who uses, and what."""

_SWEEPS = 24


@frozen(order=True)
class Node:
    """A box, or the place in a row where the arrows to a box pass."""

    name: str
    row: int
    is_box: bool = True


@frozen
class Layout:
    """The middles of all boxes, and the points that each arrow passes on its way down."""

    places: Mapping[str, tuple[float, int]]
    ways: Mapping[Arrow, Sequence[tuple[float, int]]]
    width: float


def direct(arrows: Iterable[Arrow]) -> set[Arrow]:
    """Leave out each arrow that others imply already: from a box to what is used by what it uses."""
    used: dict[str, set[str]] = {}
    for user, one in arrows:
        used.setdefault(user, set()).add(one)

    def below(name: str) -> set[str]:
        return {far for near in used.get(name, ()) for far in ({near} | below(near))}

    return {
        (user, one)
        for user, nearest in used.items()
        for one in nearest
        if not any(one in below(other) for other in nearest)
    }


def rows_of(layers: Mapping[str, int], arrows: Iterable[Arrow]) -> dict[str, int]:
    """Return the row of each box, counted from below: within a layer, users stand above what they use."""
    beside: dict[str, set[str]] = {name: set() for name in layers}
    for user, one in arrows:
        if layers[user] == layers[one]:
            beside[user].add(one)

    def depth(name: str) -> int:
        return 1 + max(map(depth, beside[name]), default=-1)

    rows: dict[str, int] = {}
    start = 0
    for layer in sorted(set(layers.values())):
        depths = {name: depth(name) for name, its in layers.items() if its == layer}
        rows |= {name: start + its for name, its in depths.items()}
        start += max(depths.values()) + 1
    return rows


def lay_out(rows: Mapping[str, int], arrows: Iterable[Arrow], box: float, line: float) -> Layout:
    """Return the places of boxes that take `box` of a row each, among lines that take `line`."""
    ways = {arrow: _way(arrow, rows) for arrow in sorted(arrows)}
    nodes = sorted({Node(*place) for place in rows.items()} | {node for way in ways.values() for node in way})
    gaps = {node: box if node.is_box else line for node in nodes}
    links = {pair for way in ways.values() for pair in pairwise(way)}
    beside: dict[Node, list[Node]] = {node: [] for node in nodes}
    for upper, lower in sorted(links):
        beside[upper].append(lower)
        beside[lower].append(upper)
    x = _settled([[n for n in nodes if n.row == row] for row in range(max(rows.values()) + 1)], beside, gaps)
    left = min(x[node] - gaps[node] / 2 for node in nodes)
    return Layout(
        {name: (x[Node(name, row)] - left, row) for name, row in rows.items()},
        {arrow: [(x[node] - left, node.row) for node in way] for arrow, way in ways.items()},
        max(x[node] + gaps[node] / 2 for node in nodes) - left,
    )


def _way(arrow: Arrow, rows: Mapping[str, int]) -> list[Node]:
    (user, top), (used, bottom) = ((end, rows[end]) for end in arrow)
    between = (Node(used, row, is_box=False) for row in range(top - 1, bottom, -1))
    return [Node(user, top), *between, Node(used, bottom)]


def _settled(
    rows: Sequence[list[Node]], beside: Mapping[Node, Sequence[Node]], gaps: Mapping[Node, float]
) -> dict[Node, float]:
    """Order the nodes of each row by what they are linked to, and move them there as far as there is room."""
    x = {node: float(place) for row in rows for place, node in enumerate(row)}

    def wish(node: Node, among: Iterable[Node]) -> float:
        linked = [x[other] for other in among]
        return fmean(linked) if linked else x[node]

    for sweep in range(_SWEEPS):
        side = -1 if sweep % 2 else 1
        for row in rows if sweep % 2 else reversed(rows):
            wishes = {n: wish(n, (other for other in beside[n] if other.row == n.row + side)) for n in row}
            row.sort(key=lambda node: (wishes[node], node))
            x |= _spread(row, wishes, gaps)
    for _ in range(_SWEEPS):
        for row in rows:
            x |= _spread(row, {node: wish(node, beside[node]) for node in row}, gaps)
    return x


def _spread(
    row: Sequence[Node], wishes: Mapping[Node, float], gaps: Mapping[Node, float]
) -> dict[Node, float]:
    """Put the nodes of a row as near as can be to where they wish to be, in order and without overlap."""
    offsets = [0.0]
    for before, node in pairwise(row):
        offsets.append(offsets[-1] + (gaps[before] + gaps[node]) / 2)
    blocks: list[tuple[float, int]] = []  # of nodes that touch: their mean wish, and how many they are
    for node, offset in zip(row, offsets, strict=True):
        mean, count = wishes[node] - offset, 1
        while blocks and blocks[-1][0] >= mean:
            other, others = blocks.pop()
            mean, count = (mean * count + other * others) / (count + others), count + others
        blocks.append((mean, count))
    starts = [mean for mean, count in blocks for _ in range(count)]
    return {node: start + offset for node, start, offset in zip(row, starts, offsets, strict=True)}
