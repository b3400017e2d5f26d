"""A simulated platform behind a socket, beside a program that is tested."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

from attrs import Factory, define, field

from sbtransfer.simulator import Platform
from sbtransfer.simulator.server import Server

PATIENCE = 60.0
"""Seconds after which a server that neither starts nor ends is an error."""


@define(eq=False)
class ServedPlatform:
    """Serves a platform over HTTP from a thread of its own while its `with` lasts.

    `url` is the endpoint, on a free port of this machine. What reached the platform is there to be looked at
    all the time: `platform.created("imports")`, `platform.requests_log`.
    """

    platform: Platform
    url: str = field(init=False, default="")
    _loop: asyncio.AbstractEventLoop = field(init=False, factory=asyncio.new_event_loop)
    _leave: asyncio.Event = field(init=False, factory=asyncio.Event)
    _ready: threading.Event = field(init=False, factory=threading.Event)
    _error: BaseException | None = field(init=False, default=None)
    _thread: threading.Thread = field(
        init=False,
        default=Factory(lambda self: threading.Thread(target=self._run, daemon=True), takes_self=True),
    )

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(PATIENCE):
            raise TimeoutError("the simulated platform does not start")
        if self._error is not None:
            raise self._error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except OSError as error:  # no port to be had: that is for the thread that waits
            self._error = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        async with Server(self.platform) as server:
            self.url = server.url
            self._ready.set()
            await self._leave.wait()
