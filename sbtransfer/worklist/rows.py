"""What the formats yield: a table's header, and rows that map names to values; and what becomes of a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from sbtransfer.items import Item
from sbtransfer.worklist.places import Place


@frozen
class Header:
    """The column names of a table, each of them once."""

    place: Place
    names: tuple[str, ...]


@frozen
class Row:
    """One item as the list writes it: a table's cells, which are all text, or the values of a JSON object."""

    place: Place
    values: Mapping[str, Any]
    tabular: bool

    @property
    def word(self) -> str:
        """What the list's reader calls a name: a column or a key."""
        return "column" if self.tabular else "key"


@frozen
class Placed:
    """An item, and where the list has it."""

    place: Place
    item: Item
