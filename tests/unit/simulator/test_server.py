import asyncio
import errno
import io
import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest
import yarl

from sbtransfer.simulator import Faults, Platform
from sbtransfer.simulator.server import Server, serve


async def get(url: str | yarl.URL, token: str) -> tuple[int, dict[str, str], Any]:
    async with (
        aiohttp.ClientSession(headers={"X-SBG-Auth-Token": token}) as session,
        session.get(url) as answer,
    ):
        return answer.status, dict(answer.headers), await answer.json()


def port_of(server: Server) -> int:
    return int(server.url.split(":")[2].removesuffix("/v2"))


async def test_it_answers_as_the_platform_does() -> None:
    platform = Platform()
    async with Server(platform) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.url.endswith("/v2")
        status, headers, user = await get(f"{server.url}/user", platform.token)
    assert (status, user["username"]) == (200, "rfranklin")
    assert headers["X-RateLimit-Remaining"] == "999"
    assert headers["Content-Type"] == "application/json"


async def test_errors_come_through_with_their_status() -> None:
    async with Server(Platform()) as server:
        status, _, body = await get(f"{server.url}/user", "wrong")
    assert (status, body["status"]) == (401, 401)


async def test_the_date_header_is_the_platforms_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sbtransfer.simulator.server.time.time", lambda: 1_700_000_000.0)
    platform = Platform()
    async with Server(platform) as server:
        _, headers, _ = await get(f"{server.url}/user", platform.token)
    assert parsedate_to_datetime(headers["Date"]).timestamp() == 1_700_000_000
    assert headers["X-RateLimit-Reset"] == "1700000300"


async def test_a_job_and_the_links_of_its_list_lead_back_to_the_server() -> None:
    platform = Platform()
    item = {
        "source": {"volume": "rfranklin/input", "location": "a b/ö"},
        "destination": {"project": "rfranklin/my-project"},
    }
    async with (
        Server(platform) as server,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {platform.token}"}) as session,
    ):
        create = f"{server.url}/bulk/storage/imports/create"
        async with session.post(create, json={"items": [item, item]}) as answer:
            jobs = [record["resource"] for record in (await answer.json())["items"]]
        async with session.get(jobs[0]["href"]) as answer:
            assert (await answer.json())["source"] == item["source"]
        async with session.get(f"{server.url}/storage/imports?limit=1&state=PENDING") as answer:
            page = await answer.json()
        async with session.get(page["links"][0]["href"]) as answer:
            last = await answer.json()
    assert [page["items"][0]["id"], last["items"][0]["id"]] == [jobs[1]["id"], jobs[0]["id"]]
    assert [link["rel"] for link in last["links"]] == ["prev"]
    assert last["links"][0]["href"].startswith(f"{server.url}/storage/imports?")


@pytest.mark.parametrize("path", ["rfranklin/input", "rfranklin%2Finput"])
async def test_a_path_may_be_encoded(path: str) -> None:
    platform = Platform()
    async with Server(platform) as server:
        _, _, volume = await get(
            yarl.URL(f"{server.url}/storage/volumes/{path}", encoded=True), platform.token
        )
        asked = yarl.URL(f"{server.url}/storage/volumes/{path}/object?location=a%20b%2F%C3%B6", encoded=True)
        _, _, found = await get(asked, platform.token)
        again = await get(found["href"], platform.token)
    assert volume["id"] == "rfranklin/input"
    assert found["location"] == "a b/ö"
    assert again[2] == found


async def test_a_body_of_several_megabytes_is_read() -> None:
    platform = Platform()
    item = {"drs_uri": "drs://host/1", "parent": "p", "metadata": {"note": "x" * 100_000}}
    body = io.BytesIO(json.dumps({"items": [item] * 50}).encode())
    async with (
        Server(platform) as server,
        aiohttp.ClientSession(headers={"X-SBG-Auth-Token": platform.token}) as session,
        session.post(f"{server.url}/bulk/drs/imports/create", data=body) as answer,
    ):
        assert answer.status == 200


async def test_what_is_not_under_v2_is_not_the_platforms() -> None:
    platform = Platform()
    async with Server(platform) as server, aiohttp.ClientSession() as session:
        for path in ("/user", "/v3/user", "/v2x/user"):
            async with session.get(server.url.removesuffix("/v2") + path) as answer:
                assert answer.status == 404
    assert platform.requests_log == []


async def test_at_the_end_no_task_and_no_socket_is_left() -> None:
    before = asyncio.all_tasks()
    platform = Platform()
    async with Server(platform) as server:
        await get(f"{server.url}/user", platform.token)
        port = port_of(server)
    assert asyncio.all_tasks() == before
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_client_that_keeps_its_connection_does_not_hold_the_server() -> None:
    platform = Platform()
    before = asyncio.all_tasks()
    async with aiohttp.ClientSession(headers={"X-SBG-Auth-Token": platform.token}) as session:
        async with Server(platform) as server, session.get(f"{server.url}/user") as answer:
            await answer.read()
        assert asyncio.all_tasks() == before


async def test_a_port_that_is_taken_leaves_nothing_behind() -> None:
    async with Server(Platform()) as server:
        port = port_of(server)
        before = asyncio.all_tasks()
        with pytest.raises(OSError, match="address already in use"):
            async with Server(Platform(), port=port):
                pytest.fail("two servers on one port")
        assert asyncio.all_tasks() == before


async def test_serve_tells_its_url_and_runs_until_cancelled() -> None:
    platform = Platform()
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(platform, "127.0.0.1", 0, url.set_result))
    status, _, _ = await get(f"{await url}/user", platform.token)
    assert status == 200
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_nothing_is_written_to_the_access_log(caplog: pytest.LogCaptureFixture) -> None:
    platform = Platform()
    with caplog.at_level("INFO"):
        async with Server(platform) as server:
            await get(f"{server.url}/user", platform.token)
    assert caplog.records == []


# What goes wrong ------------------------------------------------------------------------------------------


LOOK_UP = "/bulk/files/get"


def misbehaving(kind: str) -> Platform:
    return Platform(faults=Faults({kind: 1.0}))


async def look_up(server: Server) -> None:
    """Make a call that the client does not repeat by itself, as it would a GET."""
    async with (
        aiohttp.ClientSession(headers={"X-SBG-Auth-Token": server.platform.token}) as session,
        session.post(f"{server.url}{LOOK_UP}", json={"file_ids": ["f1"]}) as answer,
    ):
        await answer.read()


async def until(condition: Callable[[], object]) -> None:
    """Let the loop go on until something holds that no event tells."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("kind", ["reset-before", "reset-after"])
async def test_a_reset_is_a_reset_of_the_connection(kind: str) -> None:
    platform = misbehaving(kind)
    async with Server(platform) as server:
        before = asyncio.all_tasks()
        with pytest.raises(aiohttp.ClientOSError) as caught:
            await look_up(server)
        assert caught.value.errno == errno.ECONNRESET
        await until(lambda: asyncio.all_tasks() == before)
    assert [path for _, _, path, _ in platform.requests_log] == ([LOOK_UP] if kind == "reset-after" else [])


async def test_a_call_without_an_answer_ends_with_its_client() -> None:
    platform = misbehaving("no-answer")
    async with Server(platform) as server:
        before = asyncio.all_tasks()
        silent = asyncio.create_task(look_up(server))
        await until(lambda: platform.faults_log)
        assert not silent.done()
        assert asyncio.all_tasks() > before
        silent.cancel()
        await until(lambda: asyncio.all_tasks() == before)


@pytest.mark.parametrize("kind", ["no-answer", "slow"])
async def test_calls_that_wait_do_not_hold_the_server(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sbtransfer.simulator.door.SHUTDOWN_SECONDS", 1000)
    platform = misbehaving(kind)
    before = asyncio.all_tasks()
    async with Server(platform) as server:
        calls = [asyncio.create_task(look_up(server)) for _ in range(5)]
        await until(lambda: len(platform.faults_log) == 5)
    ends = await asyncio.gather(*calls, return_exceptions=True)
    if kind == "slow":
        assert ends == [None] * 5
    else:
        assert all(isinstance(end, aiohttp.ClientOSError) for end in ends)
    assert asyncio.all_tasks() == before


async def test_a_slow_answer_comes() -> None:
    platform = Platform(speed=1000, faults=Faults({"slow": 1.0}))
    async with Server(platform) as server:
        assert (await get(f"{server.url}/user", platform.token))[0] == 200
    assert [kind for _, kind, _, _ in platform.faults_log] == ["slow"]


async def test_a_refused_call_is_answered_and_the_next_finds_nobody() -> None:
    platform = misbehaving("refused")
    async with Server(platform, away=0.05) as server:
        status, headers, _ = await get(f"{server.url}/user", platform.token)
        assert (status, headers["Connection"]) == (200, "close")
        await assert_refused(server, platform)
        platform.faults = None
        await until_served(server, platform)


async def test_a_kept_connection_is_closed_between_its_calls() -> None:
    platform = Platform(faults=Faults({"refused": 1.0}, only=lambda request: request.path == "/rate_limit"))
    async with (
        Server(platform, away=0.05) as server,
        aiohttp.ClientSession(headers={"X-SBG-Auth-Token": platform.token}) as session,
    ):
        async with session.get(f"{server.url}/user") as answer:
            await answer.read()
        await get(f"{server.url}/rate_limit", platform.token)
        await assert_refused(server, platform)
        # The session knows by now that its connection is closed, and finds that there is no other one.
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"{server.url}/user")


async def test_the_server_may_leave_while_it_refuses() -> None:
    platform = misbehaving("refused")
    before = asyncio.all_tasks()
    async with Server(platform, away=1000) as server:
        await get(f"{server.url}/user", platform.token)
        await assert_refused(server, platform)
    assert asyncio.all_tasks() == before
    async with Server(platform, port=port_of(server)):  # the port is free again
        pass


@pytest.mark.parametrize(("speed", "away"), [(1, 0.5), (10, 0.5), (100, 0.05)])
async def test_how_long_it_refuses_follows_the_speed(speed: float, away: float) -> None:
    assert Server(Platform(speed=speed)).away == away


async def assert_refused(server: Server, platform: Platform) -> None:
    with pytest.raises(aiohttp.ClientConnectorError) as caught:
        await get(f"{server.url}/user", platform.token)
    assert caught.value.errno == errno.ECONNREFUSED


async def until_served(server: Server, platform: Platform) -> None:
    """Wait until the same port takes connections again."""
    async with asyncio.timeout(10):
        while True:
            try:
                assert (await get(f"{server.url}/user", platform.token))[0] == 200
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.005)
            else:
                return
