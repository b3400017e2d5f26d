"""Both budgets as the platform sees them, whatever else uses the token."""

import asyncio
import bisect
import random
from collections import Counter
from collections.abc import Iterable

import pytest

from sbtransfer import DRSImport, Item, Limits, Outcome, OutcomeState
from sbtransfer.http.transport import Request
from sbtransfer.simulator import Durations, Platform
from sbtransfer.simulator.clock import run
from sbtransfer.testing import EPOCH
from tests.flows.simulated import PROJECT, connected, drs, imports, outcomes_of, quick_platform


def busiest(moments: Iterable[float], period: float = 300.0) -> int:
    """Return the most events that any window of the period holds, aligned or not."""
    times = sorted(moments)
    return max(bisect.bisect_left(times, when + period - 1e-6) - place for place, when in enumerate(times))


def counted_requests(platform: Platform) -> list[float]:
    return [when for when, _, path, _ in platform.requests_log if path != "/rate_limit"]


def submitted_files(platform: Platform) -> list[float]:
    return [when for when, count in platform.drs_log for _ in range(count)]


@pytest.mark.parametrize("seed", range(8))
def test_no_window_holds_more_than_the_limits_whatever_the_latency(seed: int) -> None:
    """Answers take from nothing to a minute, chunks have any size; counted is what the platform saw."""
    draw = random.Random(seed)
    items = [*imports(draw.randrange(500, 2500))]
    for tag in range(60):
        items += drs(draw.randrange(1, 40), tags=(str(tag),))
    draw.shuffle(items)

    async def script(request: Request, send):  # type: ignore[no-untyped-def]
        await asyncio.sleep(draw.expovariate(1 / 3))
        answer = await send(request)
        await asyncio.sleep(draw.expovariate(1 / 3) if draw.random() < 0.95 else 60)
        return answer

    async def main() -> None:
        platform = Platform(durations=Durations(seed=seed), requests_limit=10**9)
        async with connected(platform, script, limits=Limits(requests=50, drs_files=200)) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert len(outcomes) == len(items)
        assert busiest(counted_requests(platform)) <= 50
        assert busiest(submitted_files(platform)) <= 200

    run(main())


def test_chunks_that_do_not_divide_the_budget_use_it_all() -> None:
    """Seven chunks of 70 leave 10 of 500 files: these carry a part of the eighth."""

    async def main() -> None:
        platform = quick_platform(log=True)
        items = [item for tag in range(30) for item in drs(70, tags=(str(tag),))]
        async with connected(platform, latency=0.0) as (client, _):
            await outcomes_of(client, items)
        files = submitted_files(platform)
        assert busiest(files) == 500
        # Every file of the budget is spent again within a thousandth of the period after it came back.
        assert all(later - earlier <= 300.301 for earlier, later in zip(files, files[500:], strict=False))

    run(main())


async def another_program(platform: Platform, every: float) -> None:
    """Use the same token for something else, without regard for anybody."""
    from sbtransfer.simulator import Request as Asked

    while True:
        await asyncio.sleep(every)
        request = Asked("GET", "/user", headers={"X-SBG-Auth-Token": platform.token})
        platform.handle(request, EPOCH + asyncio.get_running_loop().time())


def test_the_platform_is_believed_when_another_program_uses_the_token() -> None:
    """Without its word, a third of our requests would be refused; with it, next to none is."""

    async def main() -> None:
        platform = quick_platform(30.0, requests_limit=100, start=EPOCH)
        other = asyncio.create_task(another_program(platform, 300 / 30))
        async with connected(platform, limits=Limits(requests=100)) as (client, transport):
            outcomes = await outcomes_of(client, imports(20_000))
            ours = [response for response in transport.statuses if response == 429]
        other.cancel()
        assert Counter(outcome.state for outcome in outcomes) == {OutcomeState.COMPLETED: 20_000}
        assert len(ours) <= 3
        assert busiest(counted_requests(platform)) >= 99

    run(main())


def test_what_was_used_before_the_start_is_asked_for() -> None:
    async def main() -> None:
        platform = quick_platform(1.0, requests_limit=100, start=EPOCH)
        for _ in range(95):
            await asyncio.sleep(0.1)
            request = Request("GET", f"{platform.base_url}/user", {"X-SBG-Auth-Token": platform.token})
            await use(platform, request)
        async with connected(platform, limits=Limits(requests=100)) as (client, transport):
            outcomes = await outcomes_of(client, imports(1000))
        assert len(outcomes) == 1000
        assert 429 not in transport.statuses
        first = sorted(transport.sent("/imports/create"))
        # Five were left of the window that began at 0; the rest waited for the next one.
        assert sum(when < 300 for when in first) <= 5
        assert sum(when >= 300 for when in first) >= 5

    run(main())


async def use(platform: Platform, request: Request) -> None:
    from sbtransfer.testing import SimulatedTransport

    await SimulatedTransport(platform).send(request)


def test_a_share_of_the_limit_is_left_to_others() -> None:
    async def main() -> None:
        platform = quick_platform(5.0)
        async with connected(platform, limits=Limits(requests_share=0.05)) as (client, _):
            await outcomes_of(client, imports(10_000))
        assert busiest(counted_requests(platform)) == 50

    run(main())


def test_twenty_runs_share_the_budgets_fairly() -> None:
    """While all have work, none is ahead of another by more than what is on its way."""

    async def main() -> None:
        platform = quick_platform(20.0, log=False)
        async with connected(platform, limits=Limits(requests=100, drs_files=10_000)) as (client, _):
            done = Counter[int]()
            spread = []

            async def one(number: int) -> list[Outcome]:
                outcomes = []
                async with client.transfer(imports(2000, start=2000 * number)) as transfer:
                    async for outcome in transfer:
                        outcomes.append(outcome)
                        done[number] += 1
                        if max(done.values()) < 2000 and len(done) == 20:
                            spread.append(max(done.values()) - min(done.values()))
                return outcomes

            results = await asyncio.gather(*map(one, range(20)))
        assert all(len(outcomes) == 2000 for outcomes in results)
        assert spread
        assert max(spread) <= 600

    run(main())


def test_the_budgets_of_a_client_outlive_its_runs() -> None:
    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, latency=0.0) as (client, _):
            for start in range(3):
                await outcomes_of(client, drs(300, tags=(str(start),)))
            assert busiest(submitted_files(platform)) == 500

    run(main())


def test_what_a_bundle_holds_is_charged_when_its_result_shows_it() -> None:
    bundles: list[Item] = [
        DRSImport(drs_uri=f"drs://data.example/bundle-31/{n}", project=PROJECT, name=f"bundle-{n}")
        for n in range(10)
    ]

    async def main() -> None:
        platform = quick_platform(5.0)
        async with connected(platform, latency=0.0) as (client, transport):
            outcomes = await outcomes_of(client, bundles)
            assert all(outcome.ok for outcome in outcomes)
            await asyncio.sleep(1)
            # 10 were counted when they were sent; each turned out to hold 30 more.
            assert client._api.caller.files.left == 500 - 310
            charged = asyncio.get_running_loop().time()
            await outcomes_of(client, drs(400))
        late = [when - EPOCH for when, _ in platform.drs_log if when - EPOCH > charged + 5]
        assert late
        assert min(late) >= 300
        assert len(transport.sent("/files")) == 10

    run(main())


def test_progress_says_what_is_left_and_what_is_waited_for() -> None:
    async def main() -> None:
        async with connected(quick_platform()) as (client, _), client.transfer(drs(900)) as transfer:
            before = transfer.progress
            assert (before.requests_left, before.files_left, before.waiting_for) == (1000, 500, None)
            await asyncio.sleep(5)
            progress = transfer.progress
            assert progress.files_left == 0
            assert progress.waiting_for == "the limit of DRS files"
            assert 950 <= progress.requests_left < 1000
            await transfer.wait()
            assert transfer.progress.waiting_for is None

    run(main())
