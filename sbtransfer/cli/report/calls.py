"""The creates of a run, as their items tell of them: the items of one call share the moment it was sent."""

from __future__ import annotations

from array import array
from itertools import groupby

from attrs import define, field

from sbtransfer.cli.report.timeline import Bins, Curve

_SPARE = 65_536


@define
class Calls:
    """The moments of the creates, each once: eight bytes a call, whatever the number of items."""

    _moments: array[int] = field(init=False, factory=lambda: array("q"))
    _sorted: int = field(init=False, default=0)

    def add(self, moment: float) -> None:
        """Count the call that was sent at this moment, in Unix seconds."""
        microseconds = round(moment * 1_000_000)
        if self._moments and self._moments[-1] == microseconds:
            return
        self._moments.append(microseconds)
        if len(self._moments) > 2 * self._sorted + _SPARE:
            self._merge()

    def curve(self) -> Curve:
        """Return how the number of calls grew."""
        self._merge()
        bins = Bins(1)
        for moment in self._moments:
            bins.add(moment / 1_000_000, 0)
        return bins.curve(0)

    def _merge(self) -> None:
        self._moments = array("q", (moment for moment, _ in groupby(sorted(self._moments))))
        self._sorted = len(self._moments)
