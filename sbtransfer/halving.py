"""Finding the bad items of a call that was refused as a whole: by halves, and not for ever. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from attrs import define, field

from sbtransfer.errors import APIError
from sbtransfer.models import Entry

Part = Sequence[Entry]

# Two pairs of halves in a row that fail alike: it is not the items that are wrong, it is the call.
_ALIKE_PAIRS = 2


@define(eq=False)
class Halving:
    """The parts of a chunk that are still to be sent, widest first.

    A part that is refused is cut in halves. Where both halves are refused with the same status, code and
    message twice in a row, all that is left fails together with that error.
    """

    _whole: Part
    attempts: int = field(init=False, default=1)
    """How many calls have carried the next part's items, that one included."""
    wholly_refused: bool = field(init=False, default=True)
    """Whether no part was accepted so far."""
    _pairs: deque[tuple[int, Part, Part | None]] = field(init=False)
    _first_refusal: APIError | None = field(init=False, default=None)
    _alike: int = field(init=False, default=0)
    _second: bool = field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self._pairs = deque([(1, self._whole, None)])

    @property
    def next(self) -> Part | None:
        """The part to send now; `None` when none is left."""
        if not self._pairs:
            return None
        self.attempts, first, second = self._pairs[0]
        return second if self._second else first

    def accepted(self) -> None:
        """The part was not refused as a whole."""
        self.wholly_refused = False
        self._step(None)

    def refused(self, error: APIError) -> Part:
        """The part was refused as a whole; return the entries that have failed for good with this error."""
        part = self.next or ()
        attempts = self.attempts
        if len(part) > 1:
            middle = (len(part) + 1) // 2
            self._pairs.append((attempts + 1, part[:middle], part[middle:]))
        self._step(error)
        failed = list(part) if len(part) == 1 else []
        return [*failed, *self._give_up()] if self._alike >= _ALIKE_PAIRS else failed

    def _step(self, error: APIError | None) -> None:
        _, _, second = self._pairs[0]
        if second is not None and not self._second:
            self._first_refusal, self._second = error, True
            return
        if second is not None:
            self._alike = self._alike + 1 if _same(self._first_refusal, error) else 0
        self._second = False
        self._pairs.popleft()

    def _give_up(self) -> list[Entry]:
        left = [entry for _, first, second in self._pairs for entry in (*first, *(second or ()))]
        self._pairs.clear()
        return left


def _same(one: APIError | None, other: APIError | None) -> bool:
    if one is None or other is None:
        return False
    return (one.status, one.code, one.message) == (other.status, other.code, other.message)
