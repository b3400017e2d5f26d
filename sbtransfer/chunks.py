"""Items to chunks of at most a hundred that may share one call. Pure: time comes in as a number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from attrs import define, field

from sbtransfer.models import Chunk, Entry

CHUNK_SIZE = 100
"""The most items that a bulk call takes."""


@define(eq=False)
class _Open:
    since: float
    entries: list[Entry]


@define(eq=False)
class Chunker:
    """Collects entries by their call key, and hands out each chunk once, when it is sealed.

    A chunk is sealed when it is full, `linger` seconds after its first entry (`due`), when room is needed
    (`seal_oldest`), and at the end of the list (`flush`).
    """

    linger: float
    size: int = CHUNK_SIZE
    holding: int = field(init=False, default=0)
    """How many entries are in open chunks."""
    _open: OrderedDict[tuple[Hashable, ...], _Open] = field(init=False, factory=OrderedDict)

    def add(self, entry: Entry, now: float) -> Chunk | None:
        """Put an entry in the chunk of its key; return that chunk if it is full now."""
        key = entry.item.call_key
        chunk = self._open.get(key)
        if chunk is None:
            chunk = self._open[key] = _Open(now, [])
        chunk.entries.append(entry)
        self.holding += 1
        return self._seal(key) if len(chunk.entries) >= self.size else None

    def seal_oldest(self) -> Chunk:
        """Seal the chunk whose first entry came first; there must be one."""
        return self._seal(next(iter(self._open)))

    def due(self, now: float) -> list[Chunk]:
        """Seal the chunks that have lingered long enough."""
        due = []
        while (deadline := self.deadline) is not None and deadline <= now:
            due.append(self.seal_oldest())
        return due

    def flush(self) -> list[Chunk]:
        """Seal all that is left."""
        return [self.seal_oldest() for _ in range(len(self._open))]

    @property
    def deadline(self) -> float | None:
        """When the oldest open chunk has lingered long enough; `None` if no chunk is open."""
        if not self._open:
            return None
        return next(iter(self._open.values())).since + self.linger

    def _seal(self, key: tuple[Hashable, ...]) -> Chunk:
        entries = self._open.pop(key).entries
        self.holding -= len(entries)
        return Chunk(entries[0].item.kind, key, tuple(entries))
