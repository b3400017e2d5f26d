"""What a source showed and did not hand on: nothing is left out without being counted."""

from __future__ import annotations

from attrs import define


@define
class Passed:
    """The count of one reading: `shown` is everything, the others are what of it was left out, and why.

    `excluded` by patterns or size; `there` already; `aliases` of what was exported before, which cannot be
    exported again; `folders` are objects that stand for a folder.
    """

    shown: int = 0
    excluded: int = 0
    there: int = 0
    aliases: int = 0
    folders: int = 0

    @property
    def taken(self) -> int:
        """How many things were handed on."""
        return self.shown - self.excluded - self.there - self.aliases - self.folders
