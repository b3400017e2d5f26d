"""Lists of files that are read on by tokens, however deep they go.

A scroll shows what was there when it began, each file once, whatever comes or goes meanwhile. So it keeps its
files; only so many scrolls are kept, and the tokens of older ones are refused.
"""

from collections.abc import Sequence
from itertools import count

import attrs

from sbtransfer.simulator.tokens import seal, unknown_token, unseal
from sbtransfer.simulator.world import File

FIRST = "init"  # the official client's word for a scroll that is to begin
OPEN_SCROLLS = 200

Home = tuple[str | None, str | None]


@attrs.frozen(eq=False)
class Scroll:
    """What a scroll shows of a home, and how many entries of the same list were shown before it began."""

    home: Home
    files: Sequence[File]
    before: int = 0

    @property
    def total(self) -> int:
        """How many entries the whole list has."""
        return self.before + len(self.files)


class Scrolls:
    """The scrolls that can be read on."""

    def __init__(self) -> None:
        self._open: dict[str, Scroll] = {}
        self._numbers = count(1)

    def begin(self, scroll: Scroll) -> str:
        """Keep a scroll and return the token of its first page."""
        number = str(next(self._numbers))
        self._open[number] = scroll
        if len(self._open) > OPEN_SCROLLS:
            del self._open[next(iter(self._open))]
        return seal(number, "0")

    def read(self, token: str, home: Home) -> tuple[Scroll, int]:
        """Return the scroll that a token belongs to and the place where it goes on, or refuse the token."""
        number, place = unseal(token, 2)
        scroll = self._open.get(number)
        if scroll is None or scroll.home != home or not (place.isascii() and place.isdecimal()):
            raise unknown_token(token)
        return scroll, int(place)

    def after(self, token: str, limit: int) -> str:
        """Return the token of the page that follows the one of this token."""
        number, place = unseal(token, 2)
        return seal(number, str(int(place) + limit))
