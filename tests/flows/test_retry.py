"""Sending again what failed: at its place in the list, and only what surely was not done."""

from pathlib import Path

from sbtransfer import Item, NoAnswerError, OutcomeState, VolumeImport
from sbtransfer.http.transport import Request, Response
from sbtransfer.simulator.clock import run
from tests.flows.simulated import PROJECT, Send, connected, exports, imports, is_create, quick_platform, reply


def test_what_failed_is_sent_again_at_its_place(tmp_path: Path) -> None:
    items: list[Item] = imports(120)
    items[70] = VolumeImport(volume="rfranklin/later", location="x", project=PROJECT)
    journal = tmp_path / "run.sqlite"

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform) as (client, _):
            assert (await client.transfer(items, journal=journal).wait()).failed == 1
            platform.world.volumes["rfranklin/later"] = platform.world.volumes["rfranklin/input"]
            async with client.retry(journal) as again:
                (outcome,) = [outcome async for outcome in again]
            assert (outcome.index, outcome.state, outcome.attempts) == (70, OutcomeState.COMPLETED, 2)
            assert again.summary.read == 1
            assert (await client.resume(journal).wait()).completed == 120
        assert len(platform.created("imports")) == 120

    run(main())


def test_what_is_unconfirmed_is_looked_for_before_it_is_sent(tmp_path: Path) -> None:
    blind, journal = True, tmp_path / "run.sqlite"

    async def script(request: Request, send: Send) -> Response:
        if blind and request.url.endswith("/storage/exports"):
            return reply(403, b'{"status": 403, "code": 9001, "message": "not yours to list"}')
        answer = await send(request)
        if blind and is_create(request):
            raise NoAnswerError("connection reset")
        return answer

    async def main() -> None:
        nonlocal blind
        platform = quick_platform()
        async with connected(platform, script) as (client, transport):
            assert (await client.transfer(exports(50), journal=journal).wait()).unconfirmed == 50
            blind = False
            assert (await client.retry(journal).wait()).read == 0
            assert (await client.retry(journal, unconfirmed=True).wait()).completed == 50
            assert len(transport.sent("/create")) == 1
        assert len(platform.created("exports")) == 50

    run(main())
