"""The network between a client and a simulated platform in the same process.

    platform = Platform()
    client = Client(platform.base_url, platform.token, transport=SimulatedTransport(platform))

A platform with `Faults` breaks calls as real networks do:

    platform = Platform(faults=Faults({"all": 0.08, "late": 0.02}, seed=1))
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Never

from attrs import define, field
from multidict import CIMultiDict
from yarl import URL

from sbtransfer.errors import NoAnswerError, NotSentError
from sbtransfer.http.transport import Request, Response
from sbtransfer.simulator import Answer, Ending, Platform, Request as Asked

EPOCH = 1_700_000_000.0
"""The wall time at which a simulated platform starts: the loop's time 0."""


@define(eq=False)
class SimulatedTransport:
    """Hands requests to a platform in this process; `latency` seconds there and back together.

    The platform's wall time is `EPOCH` plus the loop's time. `open` counts the requests on their way.
    """

    platform: Platform
    latency: float | Callable[[], float] = 0.0
    open: int = field(init=False, default=0)
    closed: bool = field(init=False, default=False)

    async def send(self, request: Request) -> Response:
        """Let the platform answer; what its faults make of the call happens here."""
        one_way = (self.latency() if callable(self.latency) else self.latency) / 2
        self.open += 1
        try:
            await asyncio.sleep(one_way)
            delivery = self.platform.receive(self._asked(request), EPOCH + asyncio.get_running_loop().time())
            answer = delivery.answer or await _none(delivery.ending, one_way)
            await asyncio.sleep(delivery.delay + one_way)
        finally:
            self.open -= 1
        return Response(answer.status, CIMultiDict(answer.headers), answer.body)

    def answer(self, request: Request, now: float) -> Answer:
        """Ask the platform past all faults, at wall time `now`."""
        return self.platform.handle(self._asked(request), now)

    async def aclose(self) -> None:
        """Close: nothing is held open."""
        self.closed = True

    def _asked(self, request: Request) -> Asked:
        query: dict[str, list[str]] = {}
        for name, value in request.query:
            query.setdefault(name, []).append(value)
        path = URL(request.url).path.removeprefix(URL(self.platform.base_url).path)
        return Asked(request.method, path, query, request.headers, request.body or b"")


async def _none(ending: Ending, one_way: float) -> Never:
    """End a call that gets no answer."""
    if ending is Ending.SILENT:
        # A client without a timeout waits for ever.
        await asyncio.get_running_loop().create_future()
    await asyncio.sleep(one_way)
    if ending is Ending.REFUSED:
        raise NotSentError("no connection: refused by the simulated network")
    raise NoAnswerError("no whole answer: reset by the simulated network")
