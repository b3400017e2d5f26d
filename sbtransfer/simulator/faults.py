"""What goes wrong between a client and the platform, and when: drawn from a seed, so that it can be repeated.

Each kind has a rate, the share of the calls that meet it. A kind that would make no sense for a call lets it
pass: a list is never emptied, thinned out or shuffled, for that would be a lie about what exists, and no
client could find it out. What becomes of the answer is `distortion`'s business.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from itertools import accumulate
from random import Random
from typing import Self

import attrs

from sbtransfer.simulator.messages import Request
from sbtransfer.simulator.routes import Shape, route_of

DEFAULT_RATE = 0.05
ALL = "all"
ROUNDING = 1e-9


class FaultKind(StrEnum):
    """The ways in which a call goes wrong.

    A call that the platform did not work on is not counted against the limit of requests either: what broke
    it stood before the platform. Late work is counted when it arrives.
    """

    REFUSED = "refused"
    """No connection can be made; nothing is done."""
    RESET_BEFORE = "reset-before"
    """The connection is reset; nothing is done."""
    RESET_AFTER = "reset-after"
    """The connection is reset; the work is done."""
    NO_ANSWER = "no-answer"
    """No answer ever comes; the work is done, or not."""
    LATE = "late"
    """A create to which no answer ever comes, and whose work is done some time later."""
    TOO_MANY = "429"
    """429 in the platform's words, with or without the Reset header; nothing is done."""
    MAINTENANCE = "maintenance"
    """503 in the platform's words, code 0; nothing is done."""
    UNAVAILABLE = "503"
    """503 in the platform's words, code 7000; nothing is done."""
    GATEWAY = "gateway"
    """503 with a gateway's page; the work is done."""
    HTML_500 = "html-500"
    """500 with a page; the work is done, or not. The next two alike."""
    HTML_502 = "html-502"
    HTML_504 = "html-504"
    TRUNCATED = "truncated"
    """200 with a part of the JSON; the work is done."""
    EMPTY = "empty"
    """200 without any records; the work is done, or not."""
    MISSING = "missing"
    """200 with some of the records, of a bulk answer or of a finished DRS job; the work is done."""
    REORDERED = "reordered"
    """200 with all of these records in another order; the work is done."""
    SLOW = "slow"
    """The honest answer, after some time; the work is done when the call arrives."""
    REVOKED = "revoked"
    """Not a rate but a moment: from then on the token is refused with 401."""


RATED = tuple(kind for kind in FaultKind if kind is not FaultKind.REVOKED)

_RECORDS = (Shape.ITEMS, Shape.RESULT)

_NEVER_WORKS = {
    FaultKind.REFUSED,
    FaultKind.RESET_BEFORE,
    FaultKind.TOO_MANY,
    FaultKind.MAINTENANCE,
    FaultKind.UNAVAILABLE,
}
_MAY_WORK = {
    FaultKind.NO_ANSWER,
    FaultKind.HTML_500,
    FaultKind.HTML_502,
    FaultKind.HTML_504,
    FaultKind.EMPTY,
}


@attrs.frozen
class Fault:
    """What goes wrong with one call.

    `works` tells whether the platform does what it was asked for, `seconds` how long it takes until late work
    is done or a slow answer comes. `seed` is for what is left to choose.
    """

    kind: FaultKind
    works: bool
    seconds: float = 0.0
    seed: int = 0

    def faster(self, speed: float) -> "Fault":
        """Return the same fault with its time divided by `speed`."""
        return attrs.evolve(self, seconds=self.seconds / speed)


def is_create(request: Request) -> bool:
    """Tell whether a call creates jobs or a folder."""
    route = route_of(request)
    return route is not None and route.creates


def applies(kind: FaultKind, request: Request) -> bool:
    """Tell whether a kind makes sense for a call."""
    match kind:
        case FaultKind.TOO_MANY:
            return request.path != "/rate_limit"  # asking for the limit is free
        case FaultKind.EMPTY:
            return _shape(request) is not Shape.WHOLE
        case FaultKind.MISSING | FaultKind.REORDERED:
            return _shape(request) in _RECORDS
        case _:
            return True


def _shape(request: Request) -> Shape:
    route = route_of(request)
    return Shape.WHOLE if route is None else route.shape


def _spread(rates: Mapping[str, float]) -> dict[FaultKind, float]:
    """Return the rate of each kind: a kind's own one stands above its part of `all`."""
    known = {ALL, *RATED}
    for kind, rate in rates.items():
        if kind not in known:
            raise ValueError(f"'{kind}' is no fault: choose from {', '.join(sorted(known))}, or revoked=N")
        if not 0 < rate <= 1:
            raise ValueError(f"the rate of '{kind}' must be above 0 and at most 1, not {rate:g}")
    even = rates.get(ALL, 0.0) / len(RATED)
    spread: dict[FaultKind, float] = {kind: rate for kind in RATED if (rate := rates.get(kind, even))}
    if (total := sum(spread.values())) > 1 + ROUNDING:
        raise ValueError(f"the rates of all faults add up to {total:g}, and a call meets one at most")
    return spread


@attrs.define(eq=False)
class Faults:
    """Decides what goes wrong: the same seed gives the same faults to the same sequence of calls.

    `rates` maps kinds, by their names, to shares of the calls; `all` spreads its rate evenly over all kinds.
    `only` picks the calls that may go wrong. The token is revoked once `revoked_after` requests were counted.
    Late work is done at most `latest` seconds after it arrived, slow answers take at most `slowest`, both at
    the real platform's speed. Raises ValueError for rates that cannot be.
    """

    rates: Mapping[FaultKind, float] = attrs.field(converter=_spread)
    seed: int = 0
    only: Callable[[Request], bool] | None = None
    revoked_after: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.ge(0))
    )
    latest: float = attrs.field(default=90.0, kw_only=True, validator=attrs.validators.gt(0))
    slowest: float = attrs.field(default=20.0, kw_only=True, validator=attrs.validators.gt(0))
    _random: Random = attrs.field(init=False, repr=False)
    _steps: tuple[tuple[float, FaultKind], ...] = attrs.field(init=False, repr=False)

    @_random.default
    def _sequence(self) -> Random:
        return Random(self.seed)  # noqa: S311 -- faults that repeat for the same seed, not secrets

    @_steps.default
    def _staircase(self) -> tuple[tuple[float, FaultKind], ...]:
        return tuple(zip(accumulate(self.rates.values()), self.rates, strict=True))

    def __str__(self) -> str:
        return ", ".join(self._words())

    @classmethod
    def parse(cls, *texts: str, seed: int = 0) -> Self:
        """Read `KIND`, `KIND=RATE` and `revoked=REQUESTS`; the last word on a kind counts.

        Raises ValueError for what cannot be read.
        """
        rates: dict[str, float] = {}
        revoked_after = None
        for text in texts:
            kind, _, number = text.partition("=")
            if kind == FaultKind.REVOKED:
                revoked_after = _whole(number)
            else:
                rates[kind] = _rate(kind, number) if "=" in text else DEFAULT_RATE
        return cls(rates, seed, revoked_after=revoked_after)

    def draw(self, request: Request) -> Fault | None:
        """Return what goes wrong with the next call, None if nothing does."""
        if self.only is not None and not self.only(request):
            return None
        # Both are drawn for every call: what one of them meets does not change the luck of the next.
        point, seed = self._random.random(), self._random.getrandbits(64)
        kind = next((kind for end, kind in self._steps if point < end), None)
        if kind is None or not applies(kind, request):
            return None
        if kind is FaultKind.LATE and not is_create(request):
            kind = FaultKind.NO_ANSWER
        return self._fault(kind, seed)

    def _fault(self, kind: FaultKind, seed: int) -> Fault:
        random = Random(seed)  # noqa: S311 -- see above
        works = random.random() < 0.5 if kind in _MAY_WORK else kind not in _NEVER_WORKS
        return Fault(kind, works, self._seconds(kind, random), random.getrandbits(64))

    def _seconds(self, kind: FaultKind, random: Random) -> float:
        if kind is FaultKind.LATE:
            return self.latest * (1 - random.random())
        if kind is FaultKind.SLOW:
            # Half of the slow answers take less than a seventh of the longest time.
            return self.slowest * min(1.0, math.exp(random.gauss()) / 7)
        return 0.0

    def _words(self) -> Iterator[str]:
        for kind, rate in self.rates.items():
            yield f"{kind}={rate:.3g}"
        if self.revoked_after is not None:
            yield f"{FaultKind.REVOKED}={self.revoked_after}"


def _rate(kind: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"the rate of '{kind}' must be a number, not {text!r}") from None


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"'revoked' takes a number of requests, such as revoked=100, not {text!r}")
    return int(text)
