"""What the type checkers read is no fiction: it runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import tests.typing.use as use
from sbtransfer import Client, Summary
from sbtransfer.simulator import Platform
from sbtransfer.simulator.clock import run
from sbtransfer.testing import SimulatedTransport

ALL_THREE = Summary(read=3, completed=3)


@pytest.fixture
def client() -> Client:
    platform = Platform()
    return Client(platform.base_url, platform.token, transport=SimulatedTransport(platform, 0.1))


def test_a_run(client: Client) -> None:
    async def main() -> Summary:
        async with client:
            return await use.outcomes_of_a_run(client)

    assert run(main()) == ALL_THREE


def test_lists_of_all_kinds(client: Client, tmp_path: Path) -> None:
    async def main() -> list[Summary]:
        async with client:
            return await use.kinds_of_list(client, tmp_path)

    summaries = run(main())
    assert len(summaries) == 7
    assert all(summary.read and summary.adds_up for summary in summaries)


def test_what_arrived_and_what_there_is(client: Client) -> None:
    async def main() -> list[bool]:
        async with client:
            shown = await use.verified(client)
            await use.looked_at(client)
            return [one.ok for one in shown]

    assert run(main()) == [True, True]


def test_the_rest() -> None:
    assert {use.subject(one) for one in use.imports(3)} == {use.VOLUME}
    assert "cgc-api.sbgenomics.com" in repr(use.a_client_of_its_own())


def test_a_plain_script(simulated_environment: Platform) -> None:
    assert use.in_a_plain_script([*use.imports(3)]) == ALL_THREE


def test_a_cluster(simulated_client: Client, database_url: str) -> None:
    async def main() -> int:
        async with simulated_client:
            return await use.in_a_cluster(simulated_client, database_url)

    assert asyncio.run(main()) == 2
