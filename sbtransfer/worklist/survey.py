"""A whole list, looked over before anything is sent: what it holds, where it leads, and its traps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from attrs import define, field, frozen

from sbtransfer.chunks import CHUNK_SIZE
from sbtransfer.items import Item, Kind, VolumeExport
from sbtransfer.worklist.arrivals import is_unnamed, makes_folders
from sbtransfer.worklist.checks import Check, first_pass
from sbtransfer.worklist.ledger import Ledger
from sbtransfer.worklist.places import Problem
from sbtransfer.worklist.rows import Placed
from sbtransfer.worklist.traps import Trap, TrapName, trap

KEPT = 100
"""How many names of each sort a survey keeps: lists have few projects and volumes, and many files."""


@define
class Names:
    """The first names of a sort that a list holds, each once; `more` says whether there are others."""

    first: dict[str, None] = field(factory=dict)
    more: bool = False

    def add(self, name: str | None) -> None:
        """Keep a name while there is room."""
        if name is None or name in self.first:
            return
        if len(self.first) < KEPT:
            self.first[name] = None
        else:
            self.more = True

    def __iter__(self) -> Iterator[str]:
        return iter(self.first)


@frozen(kw_only=True)
class Places:
    """Where the items of a list come from and go to."""

    projects: Names = field(factory=Names)
    parents: Names = field(factory=Names)
    volumes: Names = field(factory=Names)
    files: Names = field(factory=Names)

    def add(self, item: Item) -> None:
        """Take up an item's."""
        if not isinstance(item, VolumeExport):
            self.projects.add(item.project)
            self.parents.add(item.parent)
        else:
            self.files.add(item.file)
        self.volumes.add(getattr(item, "volume", None))


@frozen(kw_only=True)
class Survey:
    """What a list holds: `check` counts its items and bad rows; `calls` is how many creates they take.

    `size` is the sum of what `sized` of the items tell of their size, in bytes.
    """

    kind: Kind
    check: Check
    calls: int
    size: int
    sized: int
    places: Places
    traps: tuple[Trap, ...]

    @property
    def stops(self) -> tuple[Trap, ...]:
        """The traps that keep a run from starting."""
        return tuple(trap for trap in self.traps if trap.stops)


@define
class _Surveyor:
    """Looks at each item as it passes."""

    ledger: Ledger
    places: Places = field(factory=Places)
    size: int = 0
    sized: int = 0
    seen: Counter[TrapName] = field(factory=Counter)
    examples: dict[TrapName, str] = field(factory=dict)

    def watch(self, found: Iterable[Placed | Problem]) -> Iterator[Placed | Problem]:
        """Look at what passes, and let it pass."""
        for one in found:
            if isinstance(one, Placed):
                self._look(one)
            yield one

    def _look(self, placed: Placed) -> None:
        item = placed.item
        self.ledger.add(placed)
        self.places.add(item)
        if item.size is not None:
            self.size, self.sized = self.size + item.size, self.sized + 1
        if makes_folders(item):
            self._saw("names_with_path", placed, getattr(item, "name", ""))
        elif is_unnamed(item):
            self._saw("unnamed", placed, getattr(item, "drs_uri", ""))

    def _saw(self, name: TrapName, placed: Placed, what: str) -> None:
        self.seen[name] += 1
        self.examples.setdefault(name, f"{what!r}: {placed.place}")

    def traps(self) -> Iterator[Trap]:
        """Yield the traps that each item shows by itself, after those that items show together."""
        yield from self.ledger.traps()
        for name, items in sorted(self.seen.items()):
            yield trap(name, items, [self.examples[name]])


def survey(found: Iterable[Placed | Problem], kind: Kind, name: str, limit: int) -> Survey:
    """Look over a list called `name`; `limit` bad rows are told of in words.

    Raises `WorkListError` for a list that cannot be read to its end.
    """
    with Ledger(name) as ledger:
        surveyor = _Surveyor(ledger)
        check = first_pass(surveyor.watch(found), limit)
        return Survey(
            kind=kind,
            check=check,
            calls=ledger.calls(CHUNK_SIZE),
            size=surveyor.size,
            sized=surveyor.sized,
            places=surveyor.places,
            traps=tuple(surveyor.traps()),
        )
