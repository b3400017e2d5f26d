"""Draws `docs/pictures/architecture.svg` from the imports: `python -m docs.architecture`.

Above is the way of an item through the stations, as their files say it in one line: "Chunks to jobs: …".
Below are the rooms in their layers, with an arrow to each room that is used, unless other arrows imply it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from pathlib import Path

from attrs import frozen

from docs.layered import Layout, direct, lay_out, rows_of
from tests.rooms import ARROWS, LAYERS, says

PICTURE = Path(__file__).parent / "pictures" / "architecture.svg"

NAMES = {
    0: "values and errors",
    1: "pure decisions",
    2: "platform and disk",
    3: "what differs by kind",
    4: "stations",
    5: "wiring",
    6: "client",
    7: "front doors",
    8: "for users",
    9: "the command",
}
SHOWN = {"__init__": "sbtransfer", "__main__": "__main__"}

MARGIN, CAPTIONS = 16, 156
BOX, BOX_HEIGHT, BOX_SPACE, LINE_SPACE, ROW = 98, 26, 112, 14, 50
STRIP_TOP, STATION_HEIGHT, STATION_WIDTH = 50, 106, 158

STYLE = """
svg { --paper: #ffffff; --band: #f3f5f8; --ink: #1f2933; --faint: #5b6875; --box: #ffffff; --edge: #8a97a6;
  --line: #8a97a6; --accent: #0b62a8; --accent-box: #e3f0fb; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #14181d; --band: #1b2128; --ink: #e4e9ee; --faint: #9aa7b4; --box: #252c35; --edge: #66727f;
    --line: #66727f; --accent: #7cc0f5; --accent-box: #17344c; }
}
text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); }
.paper { fill: var(--paper); } .band { fill: var(--band); }
.room { fill: var(--box); stroke: var(--edge); } .station { fill: var(--accent-box); stroke: var(--accent); }
.name { font: 13px ui-monospace, "DejaVu Sans Mono", monospace; text-anchor: middle; }
.small { font-size: 12px; fill: var(--faint); }
.label { font-weight: 600; } .thing { font-weight: 600; text-anchor: middle; }
.title { font-size: 15px; font-weight: 600; } .number { font-weight: 600; }
.arrow { fill: none; stroke: var(--line); stroke-width: 1.2; }
.way { stroke: var(--accent); stroke-width: 1.6; }
.head { fill: var(--line); } .way-head { fill: var(--accent); }
"""


@frozen
class Station:
    """A room that turns one thing into another, and how, as its file says it."""

    room: str
    takes: str
    makes: str
    how: str

    @classmethod
    def of(cls, room: str) -> Station | None:
        """Read it off the first line of a room: "Chunks to jobs: one bulk create a chunk …"."""
        found = re.match(r"(?:The )?(\w[\w ]*?) to (?:their one )?(\w+)(?::|,| and) *(.*)", says(room))
        return cls(room, found[1].lower(), found[2].lower(), found[3].rstrip(".")) if found else None


def stations() -> tuple[list[Station], list[Station]]:
    """Return the stations in the order of an item's way, and those that stand beside it."""
    used = [room for user, room in ARROWS if user == "engine" and LAYERS[room] == LAYERS["engine"] - 1]
    found = [station for station in map(Station.of, used) if station is not None]
    way: list[Station] = [one for one in found if one.takes == "work list"]
    while following := [one for one in found if one.takes == way[-1].makes]:
        way += following
    return way, [one for one in found if one not in way]


def draw() -> str:
    """Return the picture."""
    arrows = direct((user, used) for user, used in ARROWS if user != used)
    rows = rows_of(LAYERS, arrows)
    layout = lay_out(rows, arrows, BOX_SPACE, LINE_SPACE)
    width = round(max(2 * MARGIN + CAPTIONS + layout.width, 1080))
    top = STRIP_TOP + 2 * STATION_HEIGHT + 106
    height = top + (max(rows.values()) + 1) * ROW + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<title>The stations and the layers of sbtransfer</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        *_strip(width),
        _text(MARGIN, top - 22, "The rooms and their layers: each imports from below only", "title"),
        *_bands(rows, width, top),
        *_arrows(layout, rows, top),
        *_rooms(layout, rows, top),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>'


# The way of an item ---------------------------------------------------------------------------------------


def _strip(width: int) -> Iterator[str]:
    way, beside = stations()
    yield _text(MARGIN, 30, "The way of an item", "title")
    gap = (width - 2 * MARGIN - len(way) * STATION_WIDTH) / (len(way) + 1)
    middle = STRIP_TOP + STATION_HEIGHT / 2
    for place, thing in enumerate([way[0].takes, *(station.makes for station in way)]):
        x = MARGIN + place * (gap + STATION_WIDTH)
        yield _text(x + gap / 2, middle - 9, thing, "thing")
        yield _way_arrow(x + 4, middle, x + gap - 4, middle)
    for place, station in enumerate(way):
        yield from _station(station, MARGIN + gap + place * (gap + STATION_WIDTH), STRIP_TOP)
    for place, station in enumerate(beside):
        x, y = MARGIN + gap + (1 + place) * (gap + STATION_WIDTH), STRIP_TOP + STATION_HEIGHT + 34
        yield from _station(station, x, y)
        yield _way_arrow(x + STATION_WIDTH / 2, y - 32, x + STATION_WIDTH / 2, y - 4)
        yield _text(x + STATION_WIDTH / 2 + 12, y - 13, station.takes, "label")
        yield _way_arrow(
            x + STATION_WIDTH + 4, y + STATION_HEIGHT / 2, x + STATION_WIDTH + gap - 4, y + STATION_HEIGHT / 2
        )
        yield _text(x + STATION_WIDTH + gap / 2, y + STATION_HEIGHT / 2 - 9, station.makes, "thing")


def _station(station: Station, x: float, y: float) -> Iterator[str]:
    yield (
        f'<rect class="station" x="{x:.0f}" y="{y:.0f}"'
        f' width="{STATION_WIDTH}" height="{STATION_HEIGHT}" rx="5"/>'
    )
    yield _text(x + STATION_WIDTH / 2, y + 20, station.room, "name")
    for number, line in enumerate(textwrap.wrap(station.how, 23)):
        yield _text(x + 10, y + 40 + 16 * number, line, "small")


def _way_arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    line = f'<path class="arrow way" d="M{x:.0f} {y:.0f}L{to_x:.0f} {to_y:.0f}"/>'
    return line + _head(to_x, to_y, "way-head", down=to_y > y)


def _head(x: float, y: float, kind: str, *, down: bool = True) -> str:
    back = "l-4 -7h8z" if down else "l-7 -4v8z"
    return f'<path class="{kind}" d="M{x:.1f} {y:.1f}{back}"/>'


# The layers -----------------------------------------------------------------------------------------------


def _y(row: int, rows: dict[str, int], top: int) -> float:
    return top + (max(rows.values()) - row + 0.5) * ROW


def _bands(rows: dict[str, int], width: int, top: int) -> Iterator[str]:
    for layer, name in NAMES.items():
        its = [rows[room] for room, at in LAYERS.items() if at == layer]
        y, end = _y(max(its), rows, top) - ROW / 2 + 2, _y(min(its), rows, top) + ROW / 2 - 2
        yield (
            f'<rect class="band" x="{MARGIN}" y="{y:.0f}" width="{width - 2 * MARGIN}"'
            f' height="{end - y:.0f}" rx="5"/>'
        )
        yield _text(MARGIN + 10, (y + end) / 2 + 5, str(layer), "number")
        yield _text(MARGIN + 28, (y + end) / 2 + 5, name, "small")


def _arrows(layout: Layout, rows: dict[str, int], top: int) -> Iterator[str]:
    drawn: set[str] = set()
    for way in layout.ways.values():
        points = [(MARGIN + CAPTIONS + x, _y(row, rows, top)) for x, row in way]
        last = len(points) - 2
        for place, ((x, y), (to_x, to_y)) in enumerate(pairwise(points)):
            start = y + BOX_HEIGHT / 2
            end = to_y - BOX_HEIGHT / 2 - (5 if place == last else 0)
            through = f"L{to_x:.1f} {to_y + BOX_HEIGHT / 2:.1f}" if place < last else ""
            bend = (end - start) / 2
            path = (
                f'<path class="arrow" d="M{x:.1f} {start:.1f}C{x:.1f} {start + bend:.1f} {to_x:.1f}'
                f' {end - bend:.1f} {to_x:.1f} {end:.1f}{through}"/>'
            )
            if path not in drawn:  # a way that arrows share is drawn once
                drawn.add(path)
                yield path
        x, y = points[-1]
        yield _head(x, y - BOX_HEIGHT / 2, "head")


def _rooms(layout: Layout, rows: dict[str, int], top: int) -> Iterator[str]:
    way, beside = stations()
    marked = {station.room for station in (*way, *beside)}
    for room, (x, row) in layout.places.items():
        left, y = MARGIN + CAPTIONS + x - BOX / 2, _y(row, rows, top)
        kind = "station" if room in marked else "room"
        yield (
            f'<g><title>{escape(says(room))}</title><rect class="{kind}" x="{left:.1f}"'
            f' y="{y - BOX_HEIGHT / 2:.1f}" width="{BOX}" height="{BOX_HEIGHT}" rx="4"/>'
            f"{_text(left + BOX / 2, y + 4.5, SHOWN.get(room, room), 'name')}</g>"
        )


def main() -> None:
    """Draw it anew."""
    PICTURE.write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
