"""The simulated platform behind a real socket: all rules are the platform's, here is only the way to it.

How what goes wrong looks on a real network: a reset is a TCP reset; a call without an answer keeps its
connection until the client or the server leaves. A connection that already exists cannot be refused to one
call. So a call that meets `refused` is answered honestly, and its connection closed, but then new connections
are refused for a while, and those of others are closed between their calls.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

from aiohttp import web

from sbtransfer.simulator.door import Door
from sbtransfer.simulator.messages import Answer, Ending, Request
from sbtransfer.simulator.platform import Platform

PREFIX = "/v2"
AWAY_SECONDS = 5.0  # how long connections are refused at the real platform's speed
LONGEST_AWAY = 0.5

_NO_LINGER = struct.pack("ii", 1, 0)  # close by a reset, and drop what is unsent


def _url(host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}{PREFIX}"


class Server:
    """Serves a platform over HTTP while its `async with` lasts; port 0 takes a free one.

    On entry the platform's `base_url` is set to `url`, so that its links lead back here. `away` is for how
    many seconds connections are refused where that fault is on; by default it follows the platform's speed
    and is never above half a second.
    """

    def __init__(
        self, platform: Platform, host: str = "127.0.0.1", port: int = 0, *, away: float | None = None
    ) -> None:
        self.platform = platform
        self.url = _url(host, port)  # with the port that was asked for, until entry fills in the real one
        self._host = host
        self._port = port
        self.away = min(LONGEST_AWAY, AWAY_SECONDS / platform.speed) if away is None else away

    async def __aenter__(self) -> Self:
        self._door = Door(self._handle)
        address = await self._door.open(self._host, self._port)
        self.url = self.platform.base_url = _url(self._host, address[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._door.aclose()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        if not request.path.startswith(f"{PREFIX}/"):
            return web.Response(status=404, text=f"The API begins at {PREFIX}/.")
        # Not `request.read()`, which refuses bodies over a megabyte before the platform can judge them.
        body = await request.content.read()
        call = Request(
            method=request.method,
            path=request.path.removeprefix(PREFIX),
            query=parse_qs(request.query_string, keep_blank_values=True),
            headers=request.headers,
            body=body,
        )
        now = time.time()
        delivery = self.platform.receive(call, now)
        if delivery.delay:
            await self._door.leaves_within(delivery.delay)
        if delivery.answer is not None:
            return _response(delivery.answer)
        if delivery.ending is Ending.REFUSED:
            self._door.refuse(self.away)
            return _response(self.platform.handle(call, now))
        if delivery.ending is Ending.SILENT:
            await self._door.leaving.wait()
        return _reset(request)


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


def _reset(request: web.BaseRequest) -> web.Response:
    """Reset the connection of a request; the response that is returned goes nowhere."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    return web.Response()


async def serve(platform: Platform, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until cancelled; `ready` is called with the URL once calls are taken."""
    async with Server(platform, host, port) as server:
        ready(server.url)
        await asyncio.Event().wait()
