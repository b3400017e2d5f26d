"""What the flows share: a platform on a virtual clock, lists of items, and a way to break the network."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from multidict import CIMultiDict

from sbtransfer import Client, DRSImport, Item, Outcome, VolumeExport, VolumeImport
from sbtransfer.http.transport import Request, Response
from sbtransfer.settings import TokenSource
from sbtransfer.simulator import Durations, Platform
from sbtransfer.testing import SimulatedTransport

PROJECT = "rfranklin/my-project"
INPUT = "rfranklin/input"
OUTPUT = "rfranklin/output"

Send = Callable[[Request], Awaitable[Response]]
Script = Callable[[Request, Send], Awaitable[Response]]


def imports(count: int, start: int = 0, **fields: Any) -> list[Item]:
    return [
        VolumeImport(volume=INPUT, location=f"runs/{n}.fastq.gz", project=PROJECT, ref=n, **fields)
        for n in range(start, start + count)
    ]


def exports(count: int, *, copy_only: bool = False) -> list[Item]:
    way = "copied" if copy_only else "moved"
    return [
        VolumeExport(file=f"{way}-{n}", volume=OUTPUT, location=f"{way}/{n}.bam", copy_only=copy_only)
        for n in range(count)
    ]


def drs(count: int, **fields: Any) -> list[Item]:
    return [
        DRSImport(drs_uri=f"drs://data.example/{n}", project=PROJECT, name=f"drs-{n}", **fields)
        for n in range(count)
    ]


class ScriptedTransport(SimulatedTransport):
    """A simulated network whose script may answer, delay, lose or change what passes."""

    script: Script

    def __init__(self, platform: Platform, script: Script, latency: float = 0.1) -> None:
        super().__init__(platform, latency)
        self.script = script
        self.requests: list[tuple[float, Request]] = []
        self.statuses: list[int] = []

    async def send(self, request: Request) -> Response:
        self.requests.append((asyncio.get_running_loop().time(), request))
        answer = await self.script(request, super().send)
        self.statuses.append(answer.status)
        return answer

    def sent(self, path: str) -> list[float]:
        return [when for when, request in self.requests if request.url.endswith(path)]


async def honest(request: Request, send: Send) -> Response:
    return await send(request)


def reply(status: int, body: bytes, **headers: str) -> Response:
    return Response(status, CIMultiDict({k.replace("_", "-"): v for k, v in headers.items()}), body)


def is_create(request: Request) -> bool:
    return request.url.endswith("/create")


def quick_platform(seconds: float = 10.0, **options: Any) -> Platform:
    """A platform whose jobs all take the same time."""
    return Platform(durations=Durations(median=seconds, p99=seconds), **options)


@asynccontextmanager
async def connected(
    platform: Platform,
    script: Script = honest,
    latency: float = 0.1,
    token: TokenSource | None = None,
    **options: Any,
) -> AsyncIterator[tuple[Client, ScriptedTransport]]:
    """A client of the platform; afterwards nothing of it may be left."""
    transport = ScriptedTransport(platform, script, latency)
    before = asyncio.all_tasks()
    credentials = token or platform.token
    async with Client(platform.base_url, credentials, transport=transport, **options) as client:
        yield client, transport
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    assert left == set()
    assert transport.open == 0
    assert transport.closed


async def outcomes_of(client: Client, items: Any, **options: Any) -> list[Outcome]:
    async with client.transfer(items, **options) as run:
        outcomes = [outcome async for outcome in run]
    assert run.summary.adds_up
    assert run.summary.read == len(outcomes)
    return outcomes


def assert_each_once(outcomes: list[Outcome], items: list[Item]) -> None:
    assert sorted(outcome.index for outcome in outcomes) == list(range(len(items)))
    assert all(outcome.item is items[outcome.index] for outcome in outcomes)


def counting(items: list[Item], seen: list[int]) -> Iterator[Item]:
    """Yield items and note how many were asked for."""
    for number, item in enumerate(items):
        seen.append(number)
        yield item
