"""What a fault makes of a call: how it ends, and what becomes of the platform's answer."""

from collections.abc import Callable, Mapping
from email.utils import formatdate
from random import Random
from typing import Any

import attrs
import orjson

from sbtransfer.simulator.faults import Fault, FaultKind
from sbtransfer.simulator.messages import Answer, Delivery, Ending, Request
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.routes import Shape, route_of

_REFUSALS = {
    FaultKind.TOO_MANY: (429, Code.RATE_LIMIT, "API rate limit exceeded."),
    FaultKind.MAINTENANCE: (503, Code.MAINTENANCE, "The platform is in maintenance."),
    FaultKind.UNAVAILABLE: (503, Code.UNAVAILABLE, "The service is temporarily unavailable."),
}

_ENDINGS = {
    FaultKind.REFUSED: Ending.REFUSED,
    FaultKind.RESET_BEFORE: Ending.RESET,
    FaultKind.RESET_AFTER: Ending.RESET,
    FaultKind.NO_ANSWER: Ending.SILENT,
    FaultKind.LATE: Ending.SILENT,
}

_PAGES = {
    FaultKind.GATEWAY: (503, "Service Unavailable"),
    FaultKind.HTML_500: (500, "Internal Server Error"),
    FaultKind.HTML_502: (502, "Bad Gateway"),
    FaultKind.HTML_504: (504, "Gateway Time-out"),
}

_RECORDS = ("items", "result")  # where bulk answers and finished DRS jobs keep them


def refusal_by(fault: Fault) -> RefusalError | None:
    """Return what the platform says where a fault keeps it from working, None where it says nothing."""
    return RefusalError(*_REFUSALS[fault.kind]) if fault.kind in _REFUSALS else None


def distorted(fault: Fault, request: Request, answer: Answer | None, now: float) -> Delivery:
    """Return what reaches the client in place of the platform's answer, None where it gave none.

    An answer that is left as it was is equal to the honest one: a refusal has no records to lose.
    """
    if fault.kind in _ENDINGS:
        return Delivery(ending=_ENDINGS[fault.kind])
    if fault.kind in _PAGES:
        return Delivery(_page(*_PAGES[fault.kind], now))
    if answer is None:
        return Delivery(_bare(request, now))
    if fault.kind is FaultKind.SLOW:
        return Delivery(answer, delay=fault.seconds)
    if fault.kind is FaultKind.TOO_MANY:
        return Delivery(_limited(answer, Random(fault.seed)))  # noqa: S311 -- not secrets
    if fault.kind in _DAMAGES and answer.status < 300:
        body = _DAMAGES[fault.kind](answer.body, request, Random(fault.seed))  # noqa: S311 -- not secrets
        return Delivery(attrs.evolve(answer, body=body))
    return Delivery(answer)


def _page(status: int, title: str, now: float) -> Answer:
    text = f"<html>\n<head><title>{status} {title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"
    return Answer(status, {"Content-Type": "text/html", "Date": formatdate(now, usegmt=True)}, text.encode())


def _bare(request: Request, now: float) -> Answer:
    headers = {"Content-Type": "application/json", "Date": formatdate(now, usegmt=True)}
    return Answer(200, headers, _without_records(b"", request))


def _limited(answer: Answer, random: Random) -> Answer:
    """Say that nothing is left, as if another program of the same user had spent it."""
    headers = {**answer.headers, "X-RateLimit-Remaining": "0"}
    if random.random() < 0.5:
        del headers["X-RateLimit-Reset"]
    return attrs.evolve(answer, headers=headers)


def _without_records(_body: bytes, request: Request, _random: Random | None = None) -> bytes:
    """Return what a bulk call and a call for one object answer if there is nothing to tell."""
    route = route_of(request)
    return b'{"items":[]}' if route is not None and route.shape is Shape.ITEMS else b"{}"


def _cut(body: bytes, _request: Request, random: Random) -> bytes:
    return body[: random.randrange(1, len(body))]


def _thinned(body: bytes, _request: Request, random: Random) -> bytes:
    def drop(records: list[Any]) -> list[Any]:
        lost = set(random.sample(range(len(records)), random.randint(1, len(records))))
        return [record for place, record in enumerate(records) if place not in lost]

    return _with_records(body, drop)


def _shuffled(body: bytes, _request: Request, random: Random) -> bytes:
    def shuffle(records: list[Any]) -> list[Any]:
        mixed = random.sample(records, len(records))
        return mixed if mixed != records else mixed[::-1]

    return _with_records(body, shuffle)


def _with_records(body: bytes, change: Callable[[list[Any]], list[Any]]) -> bytes:
    """Return an answer with other records; one without any stays as it is, to the byte."""
    data = orjson.loads(body)
    for name in _RECORDS:
        if data.get(name):
            return orjson.dumps({**data, name: change(data[name])})
    return body


_DAMAGES: Mapping[FaultKind, Callable[[bytes, Request, Random], bytes]] = {
    FaultKind.TRUNCATED: _cut,
    FaultKind.EMPTY: _without_records,
    FaultKind.MISSING: _thinned,
    FaultKind.REORDERED: _shuffled,
}
