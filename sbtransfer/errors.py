"""Every exception of the package: one root, one family for each thing that can go wrong.

A failed *item* is an `Outcome`, never an exception. Exceptions are for what stops a whole run.
"""

from __future__ import annotations

from collections.abc import Sequence


class SBTransferError(Exception):
    """The root of all errors that this package raises."""


class SettingsError(SBTransferError, ValueError):
    """An endpoint, token, profile or option that cannot be used."""


class InvalidItemError(SBTransferError, ValueError):
    """An item that could never be sent.

    `field` is the item's field that is wrong, `reason` what is wrong with it and what to do.
    """

    def __init__(self, kind: str, field: str, reason: str) -> None:
        super().__init__(kind, field, reason)
        self.kind = kind
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.kind}.{self.field}: {self.reason}"


class WorkListError(SBTransferError, ValueError):
    """A work list that cannot be used: the file, or rows in it.

    `problems` holds one line of text for each bad row (file, line, column, what is wrong); `total` counts the
    bad rows, of which `problems` may show only the first ones.
    """

    def __init__(self, problems: Sequence[str], total: int | None = None) -> None:
        super().__init__(tuple(problems), total)
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total

    def __str__(self) -> str:
        hidden = self.total - len(self.problems)
        more = (f"… and {hidden:,} more",) if hidden else ()
        return "\n".join((*self.problems, *more))


class APIError(SBTransferError):
    """The platform refused a call.

    `status` is the HTTP status; `code`, `message` and `more_info` are the platform's own, where its answer
    had them (`code` is `None` for an answer that did not come from the platform, such as a gateway's page).
    """

    def __init__(
        self, status: int, code: int | None = None, message: str = "", more_info: str | None = None
    ) -> None:
        super().__init__(status, code, message, more_info)
        self.status = status
        self.code = code
        self.message = message
        self.more_info = more_info

    def __str__(self) -> str:
        code = "" if self.code is None else f", code {self.code}"
        return f"{self.message or 'no message'} (HTTP {self.status}{code})"


class UnauthorizedError(APIError):
    """401: the token is missing, wrong or revoked. Ends the run."""


class ConsecutiveFailuresError(APIError):
    """Too many whole chunks in a row were refused, the last one with this error. Ends the run."""

    @classmethod
    def after(cls, chunks: int, last: APIError) -> ConsecutiveFailuresError:
        """Say how many chunks were refused, and why the last one was."""
        message = f"{chunks} chunks in a row were refused as a whole, the last one with: {last.message}"
        return cls(last.status, last.code, message, last.more_info)


class NetworkError(SBTransferError):
    """No answer came from the platform."""


class NotSentError(NetworkError):
    """No connection could be made, so that nothing was sent: the call surely did nothing."""


class NoAnswerError(NetworkError):
    """The request may have left, but no whole answer came back: the call may have done its work."""


class OutageError(NetworkError):
    """The platform could not be reached, or was in maintenance, for longer than `give_up_after`."""


class UnreadableAnswerError(SBTransferError):
    """The platform answered with something that is not what its documentation says.

    What was asked for may have happened; for a create that makes the chunk's items ambiguous.
    """


class JournalError(SBTransferError):
    """A journal cannot be written or read. Nothing is sent that could not be written down."""


class JournalRefusedError(JournalError, ValueError):
    """A journal belongs to something else: another user or list, another program, or another writer now."""


class ClusterError(JournalError):
    """The database that many processes share cannot be used just now, or a process has lost its place there.

    It is a `JournalError`: what cannot be written down is not sent.
    """


class ClusterRefusedError(ClusterError, ValueError):
    """The database is not such as is needed: too old, not initialised, of another version, or of others."""


class DatabaseAwayError(ClusterError):
    """The database cannot be reached."""


class SessionLostError(ClusterError):
    """A process could not be heard of for so long that all others take it for dead: it must send nothing."""


class UsageError(SBTransferError, RuntimeError):
    """The library was called in a way that cannot work, such as iterating a run twice."""


class CountError(SBTransferError):
    """Items went in that did not come out. Never expected: a defect of this library, said aloud."""


def bare(error: BaseException) -> BaseException:
    """Return the first failure itself: users catch errors, not groups of them."""
    return bare(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
