"""The pytest fixtures: a simulated platform, a client of it, and an environment that leads to it.

They need no plugin for asyncio: `simulated_client` is given out before any loop runs. Job times and limits
are a thousandth of the real ones, so that tests on a real clock take moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

# All else is imported where it is used: pytest loads this file in every session.
if TYPE_CHECKING:
    from sbtransfer import Client
    from sbtransfer.simulator import Platform

SPEED = 1_000.0
"""How much faster than the real platform the simulated one is."""
TIMEOUT = 1.0
"""Seconds after which the simulated client takes a call for lost, if faults swallow its answer."""


@pytest.fixture
def platform_simulator() -> Platform:
    """A simulated platform of this test alone.

    Give it `faults` (`sbtransfer.simulator.Faults`) at any time; look at what reached it in `created(kind)`
    and `requests_log`, and at what it holds in `world`. Jobs take about 10 s of its time, 10 ms on the clock.
    """
    from sbtransfer.simulator import Durations, Platform

    return Platform(durations=Durations(median=10.0, p99=30.0, pending=1.0), speed=SPEED)


@pytest.fixture
def simulated_client(request: pytest.FixtureRequest, platform_simulator: Platform) -> Client:
    """A client of `platform_simulator`, for `async with simulated_client as client`.

    It needs no socket; in a test that takes `simulated_environment`, too, it goes by that one's.

    Where faults lose answers, give `transfer` a short `settle`, such as 1: it is 120 s by default, as for
    the real platform.
    """
    from sbtransfer import Client, Limits
    from sbtransfer.testing.transport import SimulatedTransport

    # One way in: the two have clocks of their own, and the platform's links lead to one of them only.
    served = "simulated_environment" in request.fixturenames
    if served:
        request.getfixturevalue("simulated_environment")
    return Client(
        platform_simulator.base_url,
        platform_simulator.token,
        limits=Limits(requests_period=300 / SPEED, drs_period=300 / SPEED),
        timeout=TIMEOUT,
        transport=None if served else SimulatedTransport(platform_simulator),
    )


@pytest.fixture
def simulated_environment(
    platform_simulator: Platform, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Platform]:
    """`platform_simulator` behind a socket, where `SB_API_ENDPOINT` and `SB_AUTH_TOKEN` lead to it.

    For code that makes its own client (`Client.from_environment()`), for commands in other processes and for
    other libraries.
    """
    from sbtransfer.testing.served import ServedPlatform

    with ServedPlatform(platform_simulator) as served:
        monkeypatch.setenv("SB_API_ENDPOINT", served.url)
        monkeypatch.setenv("SB_AUTH_TOKEN", platform_simulator.token)
        # Where both are set, the lower case one counts.
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield platform_simulator
