"""Where the server takes connections: a place that can refuse them for a while."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

SHUTDOWN_SECONDS = 1.0  # how long calls that are under way may still take at the end

Handler = Callable[[web.BaseRequest], Awaitable[web.Response]]


class Door:
    """Hands calls to `handle` from `open` to `aclose`, and can refuse connections in between.

    `leaving` is set as soon as it closes: whoever lets a call wait must not wait any longer. A call whose
    client is gone is cancelled.
    """

    def __init__(self, handle: Handler) -> None:
        self.leaving = asyncio.Event()
        self._handle = handle
        self._served = web.Server(self._admit, handler_cancellation=True, access_log=None)
        self._listeners: list[asyncio.Server] = []
        self._busy: set[object] = set()
        self._outage: asyncio.Task[None] | None = None

    @property
    def shut(self) -> bool:
        """Whether connections are refused at the moment."""
        return self._outage is not None and not self._outage.done()

    async def open(self, host: str, port: int) -> tuple[Any, ...]:
        """Take connections; port 0 takes a free one. Return the address."""
        listener = await asyncio.get_running_loop().create_server(self._served, host, port)
        self._listeners.append(listener)
        return _addresses(listener)[0]

    async def aclose(self) -> None:
        """Close every connection once the call on it is answered; nothing is left afterwards."""
        self.leaving.set()
        try:
            if self._outage is not None:
                await self._outage
        finally:
            await self._stop_listening()
            self._served.pre_shutdown()
            await self._served.shutdown(SHUTDOWN_SECONDS)

    async def leaves_within(self, seconds: float) -> bool:
        """Wait so long, or until it closes; return whether it does."""
        try:
            async with asyncio.timeout(seconds):
                return await self.leaving.wait()
        except TimeoutError:
            return False

    def refuse(self, seconds: float) -> None:
        """Refuse connections from now on, for so long; once at a time.

        The port stays bound while nobody listens: the operating system refuses every connection, and no other
        program can take the port. Connections are closed once the call on them is answered, idle ones at
        once; a call that arrives there at this very moment is lost, and nothing was done.
        """
        if not self.shut and not self.leaving.is_set():
            self._outage = asyncio.create_task(self._refuse(seconds))

    async def _refuse(self, seconds: float) -> None:
        held = [_bound(address) for address in await self._stop_listening()]
        self._hang_up()
        if await self.leaves_within(seconds):
            for place in held:
                place.close()
        else:
            loop = asyncio.get_running_loop()
            self._listeners = [await loop.create_server(self._served, sock=place) for place in held]

    async def _stop_listening(self) -> list[tuple[Any, ...]]:
        """Take no more connections; return the addresses, with the ports free from this very moment on."""
        addresses = [address for listener in self._listeners for address in _addresses(listener)]
        # A connection that is just being taken would be left open: asyncio does not expect its listener to
        # close meanwhile. So first none is taken any more, and those on their way come through.
        for listener in self._listeners:
            for place in listener.sockets:
                asyncio.get_running_loop().remove_reader(place.fileno())
        await asyncio.sleep(0)
        while self._listeners:
            self._listeners.pop().close()
        return addresses

    def _hang_up(self) -> None:
        for connection in self._served.connections:
            if connection in self._busy:
                connection.close()
            else:
                connection.force_close()

    async def _admit(self, request: web.BaseRequest) -> web.Response:
        connection = request.protocol
        if connection.transport is None:
            return web.Response()  # hung up on before the call began: the response goes nowhere
        self._busy.add(connection)
        try:
            response = await self._handle(request)
        finally:
            self._busy.discard(connection)
        if self.shut:
            response.force_close()
        return response


def _addresses(listener: asyncio.Server) -> list[tuple[Any, ...]]:
    return [tuple(place.getsockname()) for place in listener.sockets]


def _bound(address: tuple[Any, ...]) -> socket.socket:
    """Return a socket that holds an address without listening."""
    family = socket.AF_INET6 if len(address) > 2 else socket.AF_INET
    held = socket.socket(family)
    # The connections that were taken there are still about.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family is socket.AF_INET6:
        held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    held.bind(address)
    return held
