"""For tests of pipelines: the simulated platform without a socket.

`SimulatedTransport` takes the place of the network, so that a whole migration runs on a virtual clock:

    platform = Platform()
    client = Client(platform.base_url, platform.token, transport=SimulatedTransport(platform))
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from attrs import define, field
from multidict import CIMultiDict
from yarl import URL

from sbtransfer.http.transport import Request, Response
from sbtransfer.simulator import Answer, Platform, Request as Asked

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
        """Let the platform answer."""
        one_way = (self.latency() if callable(self.latency) else self.latency) / 2
        self.open += 1
        try:
            await asyncio.sleep(one_way)
            answer = self.answer(request, EPOCH + asyncio.get_running_loop().time())
            await asyncio.sleep(one_way)
        finally:
            self.open -= 1
        return Response(answer.status, CIMultiDict(answer.headers), answer.body)

    def answer(self, request: Request, now: float) -> Answer:
        """Ask the platform, at wall time `now`."""
        query: dict[str, list[str]] = {}
        for name, value in request.query:
            query.setdefault(name, []).append(value)
        path = URL(request.url).path.removeprefix(URL(self.platform.base_url).path)
        asked = Asked(request.method, path, query, request.headers, request.body or b"")
        return self.platform.handle(asked, now)

    async def aclose(self) -> None:
        """Close: nothing is held open."""
        self.closed = True
