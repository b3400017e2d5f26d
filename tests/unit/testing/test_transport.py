"""The simulated network: requests reach the platform as they are, and take their time."""

import asyncio

import pytest

from sbtransfer.errors import NetworkError, NoAnswerError, NotSentError
from sbtransfer.http.transport import Request, Response
from sbtransfer.simulator import Faults, Platform
from sbtransfer.simulator.clock import run
from sbtransfer.testing import EPOCH, SimulatedTransport


def test_requests_and_answers_pass_unchanged() -> None:
    async def main() -> None:
        platform = Platform()
        transport = SimulatedTransport(platform)
        headers = {"X-SBG-Auth-Token": platform.token}
        url = f"{platform.base_url}/storage/imports"
        answer = await transport.send(Request("GET", url, headers, (("state", "RUNNING"), ("limit", "5"))))
        assert (answer.status, answer.headers["x-total-matching-query"]) == (200, "0")
        assert (await transport.send(Request("GET", url))).status == 401

    run(main())


@pytest.mark.parametrize("latency", [3.0, lambda: 3.0])
def test_half_of_the_latency_lies_before_the_platform(latency: float) -> None:
    async def main() -> None:
        platform = Platform()
        transport = SimulatedTransport(platform, latency)
        task = asyncio.create_task(transport.send(Request("GET", f"{platform.base_url}/user")))
        await asyncio.sleep(1)
        assert (transport.open, platform.requests_log) == (1, [])
        await task
        assert transport.open == 0
        assert platform.requests_log == [(EPOCH + 1.5, "GET", "/user", 401)]
        assert asyncio.get_running_loop().time() == 3.0

    run(main())


def test_a_cancelled_request_is_no_longer_open() -> None:
    async def main() -> None:
        transport = SimulatedTransport(Platform(), 10)
        task = asyncio.create_task(transport.send(Request("GET", "http://127.0.0.1:8900/v2/user")))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait({task})
        assert transport.open == 0
        await transport.aclose()
        assert transport.closed

    run(main())


# What goes wrong ------------------------------------------------------------------------------------------


def misbehaving(kind: str) -> tuple[Platform, SimulatedTransport]:
    platform = Platform(faults=Faults({kind: 1.0}))
    return platform, SimulatedTransport(platform, latency=2)


async def look(transport: SimulatedTransport) -> Response:
    platform = transport.platform
    return await transport.send(
        Request("GET", f"{platform.base_url}/user", {"X-SBG-Auth-Token": platform.token})
    )


@pytest.mark.parametrize(
    ("kind", "error", "seen"),
    [("refused", NotSentError, 0), ("reset-before", NoAnswerError, 0), ("reset-after", NoAnswerError, 1)],
)
def test_a_broken_connection_is_an_error_of_the_network(
    kind: str, error: type[NetworkError], seen: int
) -> None:
    async def main() -> None:
        platform, transport = misbehaving(kind)
        with pytest.raises(error, match="by the simulated network"):
            await look(transport)
        assert asyncio.get_running_loop().time() == 2
        assert platform.faults_log == [(EPOCH + 1, kind, "GET", "/user")]
        assert len(platform.requests_log) == seen
        assert transport.open == 0

    run(main())


def test_no_answer_comes_until_the_client_gives_up() -> None:
    async def main() -> None:
        platform, transport = misbehaving("no-answer")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(100_000):
                await look(transport)
        assert platform.faults_log == [(EPOCH + 1, "no-answer", "GET", "/user")]
        assert transport.open == 0

    run(main())


def test_a_slow_answer_comes_later_than_it_would() -> None:
    async def main() -> None:
        platform, transport = misbehaving("slow")
        assert (await look(transport)).status == 200
        assert 2 < asyncio.get_running_loop().time() <= 22
        assert platform.requests_log == [(EPOCH + 1, "GET", "/user", 200)]

    run(main())


def test_a_page_comes_through_as_it_is() -> None:
    async def main() -> None:
        answer = await look(misbehaving("gateway")[1])
        assert (answer.status, answer.headers["content-type"]) == (503, "text/html")

    run(main())


def test_what_is_asked_past_the_network_meets_no_faults() -> None:
    platform, transport = misbehaving("reset-after")
    headers = {"X-SBG-Auth-Token": platform.token}
    assert transport.answer(Request("GET", f"{platform.base_url}/user", headers), EPOCH).status == 200
