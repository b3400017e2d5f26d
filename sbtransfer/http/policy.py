"""What an answer means for the call that it answers: small functions that each have a vote.

The first that has an opinion decides. Nothing here sleeps or sends.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from enum import Enum
from math import isfinite
from typing import TypeAlias

from sbtransfer.errors import APIError, NoAnswerError, SBTransferError, UnreadableAnswerError
from sbtransfer.http.transport import Response
from sbtransfer.wire import read_error, unix_seconds

# A whole call that was refused with one of these surely did nothing (assumption: see the platform's facts).
REFUSALS = frozenset({400, 403, 404, 409, 422})


class Verdict(Enum):
    """What to do with an answer."""

    SUCCESS = "success"
    """Read it."""
    LIMITED = "limited"
    """Surely not done: wait until the window starts anew, then send it again."""
    AWAY = "away"
    """Surely not done: the platform is in maintenance; wait and send it again."""
    UNAUTHORIZED = "unauthorized"
    """Surely not done: ask for a new token, if there may be one."""
    REFUSED = "refused"
    """Surely not done, and it would be refused again."""
    UNCLEAR = "unclear"
    """It may have been done."""


FINAL = frozenset({Verdict.SUCCESS, Verdict.REFUSED, Verdict.UNCLEAR})
"""The verdicts after which a call is not sent again."""

Vote: TypeAlias = Callable[[Response], Verdict | None]


def _success(answer: Response) -> Verdict | None:
    return Verdict.SUCCESS if 200 <= answer.status < 300 else None


def _unauthorized(answer: Response) -> Verdict | None:
    return Verdict.UNAUTHORIZED if answer.status == 401 else None


def _limited(answer: Response) -> Verdict | None:
    return Verdict.LIMITED if answer.status == 429 and _is_the_platforms(answer) else None


def _away(answer: Response) -> Verdict | None:
    return Verdict.AWAY if answer.status == 503 and _is_the_platforms(answer) else None


def _refused(answer: Response) -> Verdict | None:
    return Verdict.REFUSED if answer.status in REFUSALS else None


_VOTES: tuple[Vote, ...] = (_success, _unauthorized, _limited, _away, _refused)


def verdict_of(answer: Response) -> Verdict:
    """Return what an answer means; what no vote knows is unclear."""
    for vote in _VOTES:
        verdict = vote(answer)
        if verdict is not None:
            return verdict
    return Verdict.UNCLEAR


def _is_the_platforms(answer: Response) -> bool:
    """Whether the platform itself wrote this error, and not a gateway before or behind it."""
    return read_error(answer.status, answer.body).code is not None


def surely_undone(error: SBTransferError) -> bool:
    """Whether a call that ended with this error can have done nothing."""
    return isinstance(error, APIError) and (error.status in REFUSALS or error.status == 401)


def worth_repeating(error: Exception) -> bool:
    """Whether a *read* that failed so may well succeed when it is sent again."""
    if isinstance(error, APIError):
        return error.status >= 500 or error.status in (408, 429)
    return isinstance(error, NoAnswerError | UnreadableAnswerError)


def requests_left(answer: Response) -> tuple[int, float] | None:
    """Return what an answer says is left of the server's window, and that window's reset in Unix seconds."""
    try:
        remaining = int(answer.headers["X-RateLimit-Remaining"])
        reset = unix_seconds(float(answer.headers["X-RateLimit-Reset"]))
    except (KeyError, ValueError):
        return None
    return (max(remaining, 0), reset) if isfinite(reset) else None


def seconds_to_reset(answer: Response, period: float) -> float:
    """Return how long to wait after a 429 until the server's window starts anew.

    Server times are compared with server times: Reset minus the same answer's `Date`, plus one second since
    both are whole seconds. Without a usable pair of them one period is surely enough.
    """
    try:
        reset = unix_seconds(float(answer.headers["X-RateLimit-Reset"]))
        date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return period
    left = reset - date
    return min(max(left, 0.0) + 1.0, period) if isfinite(left) else period
