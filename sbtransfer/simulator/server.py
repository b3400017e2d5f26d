"""The simulated platform behind a real socket: all rules are the platform's, here is only the way to it."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

from aiohttp import web

from sbtransfer.simulator.messages import Request
from sbtransfer.simulator.platform import Platform

PREFIX = "/v2"
SHUTDOWN_SECONDS = 1.0  # how long calls that are under way may still take at the end


def _url(host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}{PREFIX}"


class Server:
    """Serves a platform over HTTP while its `async with` lasts; port 0 takes a free one.

    On entry the platform's `base_url` is set to `url`, so that its links lead back here.
    """

    def __init__(self, platform: Platform, host: str = "127.0.0.1", port: int = 0) -> None:
        self.platform = platform
        self.url = _url(host, port)  # with the port that was asked for, until entry fills in the real one
        self._host = host
        self._port = port

    async def __aenter__(self) -> Self:
        served = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(served, shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        self.url = self.platform.base_url = _url(self._host, self._runner.addresses[0][1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

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
        answer = self.platform.handle(call, time.time())
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


async def serve(platform: Platform, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until cancelled; `ready` is called with the URL once calls are taken."""
    async with Server(platform, host, port) as server:
        ready(server.url)
        await asyncio.Event().wait()
