"""A place that refuses connections for a while, on both event loops that the command line may use."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop
from aiohttp import web

from sbtransfer.simulator.door import Door, Handler

LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]
HOSTS = ["127.0.0.1", "::1"]

Address = tuple[Any, ...]


@pytest.fixture(params=LOOPS, ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner


async def say_here(_request: web.BaseRequest) -> web.Response:
    return web.Response(text="here")


@asynccontextmanager
async def opened(handle: Handler = say_here, host: str = "127.0.0.1") -> AsyncIterator[tuple[Door, Address]]:
    door = Door(handle)
    address = await door.open(host, 0)
    try:
        async with asyncio.timeout(10):
            yield door, address
    finally:
        await door.aclose()


CALL = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


async def let_in(address: Address) -> bool:
    try:
        _, writer = await asyncio.open_connection(*address[:2])
    except ConnectionError:  # refused, or reset where the door was shut in its face
        return False
    writer.close()
    return True


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


async def served(address: Address) -> bool:
    try:
        reader, writer = await asyncio.open_connection(*address[:2])
    except ConnectionError:
        return False
    writer.write(CALL.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    answer = await rest_of(reader)
    writer.close()
    return answer.endswith(b"here")


async def until_shut(door: Door, address: Address) -> None:
    assert door.shut
    while await let_in(address):
        pass


async def until_open(door: Door, address: Address) -> None:
    async with asyncio.timeout(10):
        while not await served(address):
            await asyncio.sleep(0.001)
    assert not door.shut


@pytest.mark.parametrize("host", HOSTS)
def test_it_refuses_for_a_while_and_then_serves_the_same_port(runner: asyncio.Runner, host: str) -> None:
    async def main() -> None:
        async with opened(host=host) as (door, address):
            for _ in range(3):
                door.refuse(0.02)
                await until_shut(door, address)
                await until_open(door, address)

    runner.run(main())


def test_while_it_refuses_nobody_else_can_have_the_port(runner: asyncio.Runner) -> None:
    async def main() -> None:
        async with opened() as (door, address):
            door.refuse(1000)
            await until_shut(door, address)
            with socket.socket() as other, pytest.raises(OSError, match="in use"):
                other.bind(address)
        with socket.create_server(address[:2]):
            pass

    runner.run(main())


def test_it_refuses_once_at_a_time(runner: asyncio.Runner) -> None:
    async def main() -> None:
        async with opened() as (door, address):
            door.refuse(0.02)
            door.refuse(1000)
            await until_shut(door, address)
            await until_open(door, address)

    runner.run(main())


def test_at_the_end_it_refuses_no_more(runner: asyncio.Runner) -> None:
    async def main() -> None:
        async with opened() as (door, address):
            door.leaving.set()
            door.refuse(1000)
            assert not door.shut
            assert await served(address)

    runner.run(main())


def test_idle_connections_are_closed(runner: asyncio.Runner) -> None:
    async def main() -> None:
        async with opened() as (door, address):
            reader, writer = await asyncio.open_connection(*address[:2])
            writer.write(CALL)
            assert (await reader.readuntil(b"here")).startswith(b"HTTP/1.1 200")
            door.refuse(0.02)
            assert await reader.read() == b""
            writer.close()

    runner.run(main())


def test_a_call_under_way_is_answered_before_its_connection_is_closed(runner: asyncio.Runner) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(request: web.BaseRequest) -> web.Response:
        arrived.set()
        await go_on.wait()
        return await say_here(request)

    async def main() -> None:
        async with opened(slowly) as (door, address):
            reader, writer = await asyncio.open_connection(*address[:2])
            writer.write(CALL)
            await arrived.wait()
            door.refuse(1000)
            await until_shut(door, address)
            go_on.set()
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 200")
            assert b"Connection: close" in answer
            assert answer.endswith(b"here")
            writer.close()

    runner.run(main())


def test_a_call_that_arrives_as_the_connection_is_closed_does_nothing(runner: asyncio.Runner) -> None:
    calls = []

    async def note(request: web.BaseRequest) -> web.Response:
        calls.append(request.path)
        return await say_here(request)

    async def main() -> None:
        async with opened(note) as (door, address):
            for _ in range(20):
                reader, writer = await asyncio.open_connection(*address[:2])
                writer.write(CALL)
                await reader.readuntil(b"here")
                calls.clear()
                writer.write(CALL)
                door.refuse(0)
                answer = await rest_of(reader)
                assert answer.count(b"here") == len(calls)
                writer.close()
                await until_open(door, address)

    runner.run(main())
