"""What a volume holds: objects by location, listed as object stores list them."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import md5

import attrs

_AFTER_ALL = chr(0x10FFFF)  # sorts after every character that a location can hold


@attrs.frozen(kw_only=True)
class Object:
    """One object: its size in bytes, its checksum where the storage knows it, and since when it is there."""

    size: int
    md5: str | None = None
    since: float = -math.inf


@attrs.frozen
class ObjectPage:
    """One page of a volume's contents; `next` is where the following page begins, None on the last."""

    objects: tuple[tuple[str, Object], ...]
    folders: tuple[str, ...]
    next: str | None


class Objects:
    """Objects by location. Several volumes may share one, as several volumes may lead to one bucket.

    A location shows the latest of the objects that have come to it, so that one that is to be replaced stays
    until then.
    """

    def __init__(self, objects: Mapping[str, Object] | None = None) -> None:
        self._objects: dict[str, tuple[Object, ...]] = {
            location: (entry,) for location, entry in (objects or {}).items()
        }
        self._order: list[str] | None = None

    def __len__(self) -> int:
        return len(self._objects)

    def put(self, location: str, entry: Object) -> None:
        """Enter an object, in place of the one that is there when it comes; one from ever replaces all."""
        there = self._objects.get(location, ())
        if not there:
            self._order = None
        others = [one for one in there if one.since != entry.since and entry.since != -math.inf]
        self._objects[location] = tuple(sorted((*others, entry), key=lambda one: one.since))

    def discard(self, location: str, since: float) -> None:
        """Take an object away that came, or was to come, at `since`."""
        there = self._objects.get(location, ())
        others = tuple(one for one in there if one.since != since)
        if others:
            self._objects[location] = others
        elif there:
            del self._objects[location]
            self._order = None

    def get(self, location: str, now: float = math.inf) -> Object | None:
        """Return the object at a location, None if there is none at `now`."""
        there = self._objects.get(location, ())
        return next((one for one in reversed(there) if one.since <= now), None)

    def under(self, prefix: str, now: float = math.inf) -> Iterator[tuple[str, Object]]:
        """Yield all objects whose location begins with `prefix`, in the order of their locations."""
        order = self._sorted()
        for place in range(bisect_left(order, prefix), len(order)):
            location = order[place]
            if not location.startswith(prefix):
                return
            found = self.get(location, now)
            if found is not None:
                yield location, found

    def page(self, prefix: str, start: str | None, limit: int, now: float) -> ObjectPage:
        """Return at most `limit` entries from `start` on: objects, and the folders that hold the others.

        What has a slash after `prefix` shows as its folder only: `a/b` and `a/c/d` under the prefix `a/` show
        as the object `a/b` and the folder `a/c/`.
        """
        order = self._sorted()
        objects: list[tuple[str, Object]] = []
        folders: list[str] = []
        place = bisect_left(order, max(prefix, start or ""))
        while place < len(order) and order[place].startswith(prefix):
            location = order[place]
            folder, slash, _ = location[len(prefix) :].partition("/")
            shown = prefix + folder + slash
            behind = bisect_right(order, shown + _AFTER_ALL, place) if slash else place + 1
            found = self._first(order[place:behind], now)
            if found is not None:
                if len(objects) + len(folders) == limit:
                    return ObjectPage(tuple(objects), tuple(folders), shown)
                if slash:
                    folders.append(shown)
                else:
                    objects.append((location, found))
            place = behind
        return ObjectPage(tuple(objects), tuple(folders), None)

    def _first(self, locations: list[str], now: float) -> Object | None:
        """Return the first object that is at one of the locations."""
        found = (self.get(location, now) for location in locations)
        return next((one for one in found if one is not None), None)

    def _sorted(self) -> list[str]:
        if self._order is None:
            self._order = sorted(self._objects)
        return self._order


@cache
def sequencing_runs() -> Mapping[str, Object]:
    """Return the objects of the volume that every new world has: 3,000 files in folders, and a few beside."""
    entries = {"README.txt": 2_048, "samples/sheet.csv": 51_200, "samples/sheet.tsv": 51_200}
    for run in range(1, 13):
        for sample in range(1, 126):
            for mate in (1, 2):
                location = f"runs/2024-{run:02}/sample-{sample:04}_R{mate}.fastq.gz"
                entries[location] = 1_000_000 * run + 1_000 * sample + mate
    return {location: Object(size=size, md5=checksum(location)) for location, size in entries.items()}


def checksum(location: str) -> str:
    """Return the checksum of a simulated object: nobody reads its bytes, so its location stands for them."""
    return md5(location.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
