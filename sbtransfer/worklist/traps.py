"""What goes otherwise than the author of a list may think, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from attrs import frozen

from sbtransfer.worklist.arrivals import Fate

TrapName: TypeAlias = Literal[
    "name_collisions",
    "duplicates",
    "exported_twice",
    "folders_without_slash",
    "maybe_folders",
    "names_with_path",
    "unnamed",
]

_FATES: Mapping[Fate, str] = {
    "fail": "all but one of each may fail",
    "overwrite": "all but the last of each would be overwritten",
    "skip": "all but one of each would be left out",
}


@frozen(kw_only=True)
class Trap:
    """Something in a list that its author may not have meant.

    `items` counts the items that are in it, `message` says what it is, `advice` what to do; `examples` are
    the first of them with their places. One that `stops` keeps a run from starting.
    """

    name: TrapName
    items: int
    message: str
    advice: str
    examples: tuple[str, ...] = ()
    stops: bool = False

    def __str__(self) -> str:
        return f"{self.message}; {self.advice}"


def trap(name: TrapName, items: int, examples: Sequence[str] = (), fates: Sequence[Fate] = ()) -> Trap:
    """Put a trap into words; `fates` are what becomes of items whose place is taken."""
    what, advice = _WORDS[name]
    return Trap(
        name=name,
        items=items,
        message=what(items) + (f": {' or '.join(_FATES[fate] for fate in fates)}" if fates else ""),
        advice=advice,
        examples=tuple(examples),
        stops=name == "name_collisions",
    )


def _says(one: str, many: str) -> Callable[[int], str]:
    return lambda number: f"{number:,} {one if number == 1 else many}"


_WORDS: Mapping[TrapName, tuple[Callable[[int], str], str]] = {
    "name_collisions": (
        _says("item shares a destination name", "items share destination names"),
        "give each a name of its own, or allow it with --allow-name-collisions",
    ),
    "duplicates": (
        _says("item is listed before", "items are listed before"),
        "remove what is listed more than once",
    ),
    "exported_twice": (
        _says("export sends a file that is sent before", "exports send files that are sent before"),
        "an exported file is an alias and cannot be exported again: use --copy-only, or one export a file",
    ),
    "folders_without_slash": (
        _says("location is a folder: others lie in it", "locations are folders: others lie in them"),
        "a folder's location ends in '/': add it, or remove the folder",
    ),
    "maybe_folders": (
        _says("location has no file ending", "locations have no file ending"),
        "if these are folders, their locations must end in '/'",
    ),
    "names_with_path": (
        _says("name holds a path", "names hold a path"),
        "its folders are made in the project",
    ),
    "unnamed": (
        _says("item has no name", "items have no name"),
        "the platform names them, so that names that are taken cannot be seen before",
    ),
}
