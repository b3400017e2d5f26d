"""The simulated network: requests reach the platform as they are, and take their time."""

import asyncio

import pytest

from sbtransfer.http.transport import Request
from sbtransfer.simulator import Platform
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
