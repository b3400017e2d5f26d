"""The whole way over real sockets: loops of both kinds, real lists, nothing left open."""

import asyncio
import random
import socket
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from sbtransfer import (
    Client,
    DRSImport,
    Item,
    Limits,
    OutageError,
    Outcome,
    OutcomeState,
    Polling,
    VolumeExport,
    VolumeImport,
    WorkList,
)
from sbtransfer.http.transport import AiohttpTransport
from sbtransfer.simulator import Durations, Platform
from sbtransfer.simulator.server import Server

PROJECT = "rfranklin/my-project"
MADE_UP = Path(__file__).parents[1] / "data" / "made_up_gdc_manifest.tsv"
SPEED = 1000.0
QUICK = Polling(0.1)


def limits(speed: float = SPEED) -> Limits:
    """The standard limits on the simulator's fast clock."""
    return Limits(requests_period=300 / speed, drs_period=300 / speed)


def run_uvloop(main: Coroutine[Any, Any, None]) -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


Run = Callable[[Coroutine[Any, Any, None]], None]
both_loops = pytest.mark.parametrize("run", [asyncio.run, run_uvloop], ids=["asyncio", "uvloop"])


async def transferred(client: Client, items: Any) -> list[Outcome]:
    async with client.transfer(items) as run:
        outcomes = [outcome async for outcome in run]
    assert run.summary.adds_up
    return outcomes


def connections(client: Client) -> int:
    transport = client._api.caller.transport
    assert isinstance(transport, AiohttpTransport)
    session = transport._session
    assert session is not None
    assert isinstance(session.connector, object)
    return len(session.connector._acquired)  # type: ignore[union-attr]


@both_loops
def test_a_mixed_list_of_ten_thousand_items_comes_out_once_each(run: Run) -> None:
    items: list[Item] = []
    for n in range(3000):
        items.append(VolumeImport(volume="rfranklin/input", location=f"in/{n}.gz", project=PROJECT, ref=n))
        items.append(VolumeExport(file=f"moved-{n}", volume="rfranklin/output", location=f"out/{n}"))
        items.append(
            VolumeExport(file=f"kept-{n}", volume="rfranklin/output", location=f"copy/{n}", copy_only=True)
        )
    items += [
        DRSImport(drs_uri=f"drs://data.example/{n}", project=PROJECT, name=f"d{n}") for n in range(1000)
    ]
    random.Random(5).shuffle(items)

    async def main() -> None:
        platform = Platform(speed=SPEED, durations=Durations(cap=300))
        async with Server(platform) as server:
            async with Client(server.url, platform.token, limits=limits(), polling=QUICK) as client:
                outcomes = await transferred(client, items)
                assert connections(client) == 0
        assert sorted(outcome.index for outcome in outcomes) == list(range(10_000))
        assert all(outcome.item is items[outcome.index] for outcome in outcomes)
        assert Counter(outcome.state for outcome in outcomes) == {OutcomeState.COMPLETED: 10_000}
        assert len(platform.created("imports")) == len(set(platform.created("imports"))) == 3000
        assert len(platform.created("exports")) == len(set(platform.created("exports"))) == 6000
        assert len(platform.created("drs")) == 1000

    run(main())


async def _gdc(path: Path) -> None:
    platform = Platform(speed=SPEED, durations=Durations(cap=300))
    async with (
        Server(platform) as server,
        Client(server.url, platform.token, limits=limits(), polling=QUICK) as client,
    ):
        outcomes = await transferred(client, WorkList(path, "drs", defaults={"project": PROJECT}))
    assert len(outcomes) == 885
    assert all(outcome.ok for outcome in outcomes)
    names = {outcome.index: platform.world.files[outcome.file_id or ""].name for outcome in outcomes}
    assert [names[index] for index in range(885)] == filenames(path)


def filenames(manifest: Path) -> list[str]:
    return [row.split("\t")[1] for row in manifest.read_text(encoding="utf-8").splitlines()[1:]]


@both_loops
def test_a_made_up_gdc_manifest_arrives_file_by_file(run: Run) -> None:
    run(_gdc(MADE_UP))


def test_a_real_gdc_manifest_arrives_file_by_file(real_list: Path) -> None:
    asyncio.run(_gdc(real_list))


@both_loops
def test_leaving_early_leaves_no_connection(run: Run) -> None:
    async def main() -> None:
        platform = Platform(speed=SPEED)
        async with Server(platform) as server:
            async with Client(server.url, platform.token, limits=Limits.unlimited(), polling=QUICK) as client:
                items = [
                    VolumeImport(volume="rfranklin/input", location=f"{n}", project=PROJECT)
                    for n in range(5000)
                ]
                async with client.transfer(items) as transfer:
                    async for _ in transfer:
                        break
                assert connections(client) == 0
            assert len(asyncio.all_tasks()) <= 1 + server_tasks()

    def server_tasks() -> int:
        return sum("RequestHandler" in repr(task.get_coro()) for task in asyncio.all_tasks())

    run(main())


async def test_a_platform_that_is_not_there_is_said_to_be_away() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    async with Client(f"http://127.0.0.1:{port}/v2", "0" * 32, give_up_after=0.0) as client:
        item = VolumeImport(volume="a/b", location="c", project="d/e")
        with pytest.raises(OutageError, match=r"no connection.*127\.0\.0\.1"):
            await transferred(client, [item])


@pytest.mark.skipif(sys.platform == "win32", reason="sockets are counted in /proc")
async def test_a_server_that_hangs_up_puts_a_create_in_doubt() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/rate_limit" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Client(f"http://127.0.0.1:{port}/v2", "0" * 32) as client:
        item = VolumeImport(volume="a/b", location="c", project="d/e")
        async with client.transfer([item], linger=0) as run:
            while not run.progress.in_doubt:
                await asyncio.sleep(0.01)
            assert run.summary.unfinished == 1
    assert run.summary.adds_up
