"""Leave to send one request, and the DRS files that it may carry."""

from __future__ import annotations

from attrs import define

from sbtransfer.budget import Grant, Share
from sbtransfer.grace import Grace


@define(eq=False)
class Admission:
    """The tokens of one call. Whoever asked for it sends it or gives it back; a second settling does nothing.

    `grace` says how long a create that is on its way is waited for when its run is told to leave.
    """

    share: Share
    request: Grant | None = None
    files: Grant | None = None
    grace: Grace | None = None
    in_doubt: bool = False
    """Whether the call may have been done, as far as is known now."""

    def give_back(self) -> None:
        """Nothing was sent: all tokens are free again."""
        for grant in (self.request, self.files):
            if grant is not None:
                grant.give_back()

    def sent(self) -> None:
        """The request was counted by the platform, whatever came of it."""
        if self.request is not None:
            self.request.answered()
            self.request = None

    def carried(self, *, undone: bool) -> None:
        """Count the files as submitted, unless the call surely did nothing."""
        if self.files is not None:
            self.files.answered(refund=self.files.amount if undone else 0)

    def lost(self) -> None:
        """Nobody knows whether the call was done: all that it spent counts."""
        self.sent()
        self.carried(undone=False)

    @property
    def leaving(self) -> bool:
        """Whether the run was told to leave while the call was on its way."""
        return self.grace is not None and self.grace.leaving
