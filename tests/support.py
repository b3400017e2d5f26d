"""What several test files need: a scripted network, made-up items, and what a traceback gives away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from email.utils import formatdate
from inspect import signature
from pathlib import Path
from traceback import TracebackException
from typing import Any, TypeAlias
from unittest.mock import Mock

import orjson
from aiohttp import ClientResponse
from aioresponses import aioresponses
from attrs import define, field
from multidict import CIMultiDict

import sbtransfer
from sbtransfer.http.transport import Request, Response
from sbtransfer.items import DRSImport, VolumeExport, VolumeImport
from sbtransfer.models import Entry

SERVER_TIME = 1_700_000_000
"""What the made-up platform's clock shows, in Unix seconds."""


def now() -> float:
    return asyncio.get_running_loop().time()


# Items ---------------------------------------------------------------------------------------------------


def an_import(location: str = "runs/1.fastq.gz", **fields: Any) -> VolumeImport:
    return VolumeImport(**{"volume": "rosa/input", "location": location, "project": "rosa/study"} | fields)


def an_export(file: str = "5f1e", **fields: Any) -> VolumeExport:
    return VolumeExport(**{"file": file, "volume": "rosa/output", "location": f"out/{file}"} | fields)


def a_drs(uri: str = "drs://dg.4DFC:1", **fields: Any) -> DRSImport:
    return DRSImport(**{"drs_uri": uri, "project": "rosa/study"} | fields)


def entries(*items: VolumeImport | VolumeExport | DRSImport) -> list[Entry]:
    return [Entry(index, item) for index, item in enumerate(items)]


# The network ---------------------------------------------------------------------------------------------


_ASKED_FOR = {"stream_writer"} & set(signature(ClientResponse.__init__).parameters)


class _Answer(ClientResponse):
    """aioresponses 0.7.9 does not give what aiohttp 3.14 asks for, and earlier ones do not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs = dict.fromkeys(_ASKED_FOR, Mock()) | kwargs
        super().__init__(*args, **kwargs)


class mocked_http(aioresponses):  # noqa: N801
    """`aioresponses` that works with today's aiohttp."""

    def add(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("response_class", _Answer)
        super().add(*args, **kwargs)


Step: TypeAlias = Response | Exception


def reply(status: int = 200, body: object = None, **headers: str) -> Response:
    """An answer of the platform: dicts and lists are sent as JSON, `X_Some_Header="…"` as a header."""
    data = body if isinstance(body, bytes) else orjson.dumps({} if body is None else body)
    return Response(status, CIMultiDict({k.replace("_", "-"): v for k, v in headers.items()}), data)


def refusal(status: int, code: int = 9002, message: str = "no", **headers: str) -> Response:
    """An error in the platform's own words."""
    return reply(status, {"status": status, "code": code, "message": message}, **headers)


def rate_limited(reset_in: float | None = None) -> Response:
    """A 429, with the headers that say when the window starts anew unless `reset_in` is `None`."""
    if reset_in is None:
        return refusal(429, 1000)
    reset, date = str(int(SERVER_TIME + reset_in)), formatdate(SERVER_TIME, usegmt=True)
    return refusal(429, 1000, X_RateLimit_Reset=reset, Date=date)


@define(eq=False)
class ScriptedTransport:
    """Answers each request with the next step after `latency` seconds; an exception is raised instead.

    Questions for the rate limit are probes: they have a script of their own, and an answer when it is over.
    `sent` and `probed` hold the loop's time of each request, and the request.
    """

    steps: list[Step] = field(factory=list)
    probes: list[Step] = field(factory=list)
    latency: float = 0.0
    sent: list[tuple[float, Request]] = field(init=False, factory=list)
    probed: list[tuple[float, Request]] = field(init=False, factory=list)

    async def send(self, request: Request) -> Response:
        if request.url.endswith("/rate_limit"):
            self.probed.append((now(), request))
            step = self.probes.pop(0) if self.probes else reply()
        else:
            self.sent.append((now(), request))
            step = self.steps.pop(0)
        await asyncio.sleep(self.latency)
        if isinstance(step, Exception):
            raise step
        return step

    async def aclose(self) -> None:
        pass

    @property
    def times(self) -> list[float]:
        return [when for when, _ in self.sent]


# What is given away --------------------------------------------------------------------------------------


def given_away(error: BaseException) -> str:
    """All that an error tells: its text, its `repr`, its chain, and the locals of the package's frames."""
    return "\n".join(
        (str(error), repr(error), *_told(TracebackException.from_exception(error, capture_locals=True)))
    )


def _told(error: TracebackException | None) -> Iterator[str]:
    package = str(Path(sbtransfer.__file__).parent)
    while error is not None:
        yield "".join(error.format_exception_only())
        for frame in error.stack:
            if frame.filename.startswith(package):
                yield f"{frame.name}: {frame.locals}"
        error = error.__cause__ or error.__context__
