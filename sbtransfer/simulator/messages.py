"""What goes into the simulated platform and what comes out, as plain values.

A `Request` is not aiohttp's request and an `Answer` is not its response: these two hold only what the rules
of the platform look at, so that the rules run without a socket.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

import attrs


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@attrs.frozen
class Request:
    """One call to the platform.

    `path` comes without the `/v2` prefix. `query` maps each name to all of its values, as
    `urllib.parse.parse_qs` returns it. Header names may be given in any case; they are kept in lower case.
    """

    method: str
    path: str
    query: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict, converter=_lowered)
    body: bytes = b""

    def parameter(self, name: str) -> str | None:
        """Return the first value of a query parameter, None where it is absent."""
        values = self.query.get(name)
        return values[0] if values else None


@attrs.frozen
class Answer:
    """The reply to one `Request`: status, headers and a body, JSON wherever it is the platform's own."""

    status: int
    headers: dict[str, str]
    body: bytes


class Ending(Enum):
    """How a call ends."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """No connection could be made."""
    RESET = "reset"
    """The connection was reset before an answer came."""
    SILENT = "silent"
    """The connection stays open and no answer ever comes."""


@attrs.frozen
class Delivery:
    """What reaches the client: an answer, `delay` seconds after the call arrived, or how it ends without."""

    answer: Answer | None = None
    ending: Ending = Ending.ANSWERED
    delay: float = 0.0
