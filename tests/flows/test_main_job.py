"""A work list goes in, every item's outcome comes out: the whole engine on a virtual clock."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import orjson
import pytest

from sbtransfer import DRSImport, Item, Limits, OutcomeState, VolumeExport, VolumeImport
from sbtransfer.simulator import Platform
from sbtransfer.simulator.clock import run
from tests.flows.simulated import (
    INPUT,
    OUTPUT,
    PROJECT,
    assert_each_once,
    connected,
    counting,
    drs,
    exports,
    honest,
    imports,
    outcomes_of,
    quick_platform,
)

FREE = Limits.unlimited()


def test_a_mixed_list_of_ten_thousand_items_comes_out_once_each() -> None:
    items = [*imports(5000), *exports(1500), *exports(1500, copy_only=True), *drs(1000)]
    items += drs(1000, conflict_resolution="OVERWRITE", tags=("a", "b"))
    random.Random(7).shuffle(items)

    async def main() -> None:
        platform = Platform()
        # Both DRS lists have the same names: SKIP and OVERWRITE meet, and both complete.
        async with connected(platform) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        assert {outcome.state for outcome in outcomes} == {OutcomeState.COMPLETED}
        assert all(outcome.file_id and outcome.job_id for outcome in outcomes)
        for kind in ("imports", "exports"):
            created = platform.created(kind)
            assert len(created) == len(set(created))
        for outcome in outcomes:
            if isinstance(outcome.item, VolumeImport):
                job = platform.jobs[outcome.job_id or ""]
                assert job.item[:2] == (outcome.item.volume, outcome.item.location)  # type: ignore[union-attr]
            if isinstance(outcome.item, DRSImport):
                assert platform.world.files[outcome.file_id or ""].name == outcome.item.name

    run(main())


def test_refused_items_and_failed_jobs_are_outcomes_of_their_own_items() -> None:
    items = imports(250)
    items[17] = VolumeImport(volume="rfranklin/unknown", location="a.gz", project=PROJECT)
    items[170] = VolumeImport(volume=INPUT, location="missing/b.gz", project=PROJECT)
    items[171] = DRSImport(drs_uri="drs://unknown.example/1", project=PROJECT, name="c")
    items[172] = VolumeExport(file="missing", volume=OUTPUT, location="d.gz")

    async def main() -> None:
        async with connected(Platform()) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        failed = {outcome.index: outcome for outcome in outcomes if not outcome.ok}
        assert set(failed) == {17, 170, 171, 172}
        assert {outcome.state for outcome in failed.values()} == {OutcomeState.FAILED}
        assert all(outcome.error and outcome.error.status == 404 for outcome in failed.values())
        assert failed[17].job_id is None
        assert failed[170].job_id is not None

    run(main())


def test_calls_carry_a_hundred_items_of_one_kind_and_options() -> None:
    items = list(itertools.chain(*zip(imports(250), exports(250), exports(250, copy_only=True), strict=True)))
    items += drs(150, tags=("x",)) + drs(50)

    async def main() -> None:
        async with connected(Platform()) as (client, transport):
            await outcomes_of(client, items)
        bodies = [
            (request.url.rpartition("/v2")[2], request.query, orjson.loads(request.body or b""))
            for _, request in transport.requests
            if request.url.endswith("/create")
        ]
        sizes = Counter(
            (path, query, str(body.get("tags")), len(body["items"])) for path, query, body in bodies
        )
        storage, copied = "/bulk/storage", (("copy_only", "true"),)
        assert sizes == {
            (f"{storage}/imports/create", (), "None", 100): 2,
            (f"{storage}/imports/create", (), "None", 50): 1,
            (f"{storage}/exports/create", (), "None", 100): 2,
            (f"{storage}/exports/create", (), "None", 50): 1,
            (f"{storage}/exports/create", copied, "None", 100): 2,
            (f"{storage}/exports/create", copied, "None", 50): 1,
            ("/bulk/drs/imports/create", (), "['x']", 100): 1,
            ("/bulk/drs/imports/create", (), "['x']", 50): 1,
            ("/bulk/drs/imports/create", (), "None", 50): 1,
        }

    run(main())


def test_jobs_of_all_chunks_share_bulk_gets() -> None:
    items = imports(10_000, start=0)

    async def main() -> None:
        async with connected(Platform()) as (client, transport):
            await outcomes_of(client, items)
        sizes = [
            len(orjson.loads(request.body or b"")["import_ids"])
            for _, request in transport.requests
            if request.url.endswith("/imports/get")
        ]
        assert max(sizes) == 100
        looks = sum(sizes)
        # Had every chunk been polled by itself, each of its last stragglers would have cost a call.
        assert len(sizes) < 1.25 * looks / 100 + 100

    run(main())


def test_async_sources_and_slow_sources() -> None:
    items = imports(5)

    async def slowly() -> AsyncIterator[Item]:
        for item in items:
            yield item
            await asyncio.sleep(60)

    async def main() -> None:
        async with connected(quick_platform(), latency=0) as (client, transport):
            seen = []
            async with client.transfer(slowly(), linger=3) as transfer:
                async for outcome in transfer:
                    seen.append((outcome.index, asyncio.get_running_loop().time() < 60 * (outcome.index + 1)))
            assert seen == [(0, True), (1, True), (2, True), (3, True), (4, True)]
            # Each item waits for company for as long as it may linger, whatever the speed of the source.
            assert transport.sent("/imports/create") == [3, 63, 123, 183, 243]

    run(main())


def test_a_list_that_never_ends() -> None:
    def endless() -> Iterator[Item]:
        for n in itertools.count():
            yield VolumeImport(volume=INPUT, location=f"{n}.gz", project=PROJECT)

    async def main() -> None:
        async with connected(quick_platform(), limits=FREE) as (client, _):
            async with client.transfer(endless(), max_in_flight=500) as transfer:
                first = [await anext(transfer) for _ in range(3000)]
            assert len({outcome.index for outcome in first}) == 3000
            assert transfer.summary.adds_up
            assert transfer.summary.read <= 3500

    run(main())


@pytest.mark.parametrize("linger", [0.0, 1.0, 1e9])
@pytest.mark.parametrize("max_in_flight", [1, 2, 99, 150, 10_000])
def test_no_dead_lock_whatever_the_room(max_in_flight: int, linger: float) -> None:
    items = [*imports(150), *exports(120), *drs(60)]
    random.Random(1).shuffle(items)

    async def main() -> None:
        async with connected(quick_platform(1.0), limits=FREE) as (client, _):
            outcomes = await outcomes_of(client, items, max_in_flight=max_in_flight, linger=linger)
        assert_each_once(outcomes, items)

    run(main())


@pytest.mark.parametrize("max_in_flight", [50, 10_000])
def test_no_dead_lock_with_ten_thousand_distinct_tags(max_in_flight: int) -> None:
    items: list[Item] = [
        DRSImport(drs_uri=f"drs://data.example/{n}", project=PROJECT, name=f"{n}", tags=(f"sample-{n}",))
        for n in range(10_000)
    ]

    async def main() -> None:
        platform = quick_platform(1.0, log=False, requests_limit=10**9, drs_limit=10**9)
        async with connected(platform, limits=FREE) as (client, _):
            outcomes = await outcomes_of(client, items, linger=1e9, max_in_flight=max_in_flight)
        assert_each_once(outcomes, items)

    run(main())


def test_a_slow_consumer_slows_the_reading() -> None:
    items, read = imports(3000), list[int]()

    async def main() -> None:
        async with connected(quick_platform(1.0), limits=FREE) as (client, _):
            taken = 0
            async with client.transfer(counting(items, read), max_in_flight=400) as transfer:
                async for _ in transfer:
                    taken += 1
                    assert len(read) - taken <= 400 + 1
                    assert transfer.progress.undelivered <= 400
                    await asyncio.sleep(1.0)
            assert taken == 3000

    run(main())


def test_chunks_stay_full_when_the_room_is_what_limits() -> None:
    items = imports(20_000)

    async def main() -> None:
        async with connected(Platform(log=False), limits=FREE, latency=0.5) as (client, transport):
            async with client.transfer(items, max_in_flight=2000) as transfer:
                async for _ in transfer:
                    await asyncio.sleep(0)
        creates = len(transport.sent("/imports/create"))
        assert creates == 200

    run(main())


def test_neither_limit_is_exceeded_in_any_window() -> None:
    items = [*imports(3000), *drs(1800)]
    random.Random(3).shuffle(items)

    async def main() -> None:
        platform = Platform()
        async with connected(platform, latency=1.7, limits=Limits(requests=60)) as (client, _):
            outcomes = await outcomes_of(client, items)
        assert_each_once(outcomes, items)
        calls = [when for when, _, path, _ in platform.requests_log if path != "/rate_limit"]
        assert (
            0.95
            < busiest(dict.fromkeys(calls, 1) if len(set(calls)) == len(calls) else Counter(calls)) / 60
            <= 1
        )
        files = Counter[float]()
        for when, count in platform.drs_log:
            files[when] += count
        assert busiest(files) == 500
        assert not any(status == 429 for *_, status in platform.requests_log)

    run(main())


def busiest(events: "dict[float, int]", period: float = 300.0) -> int:
    """Return the most that any window of the period holds."""
    times = sorted(events)
    return max(
        sum(events[other] for other in times[place:] if other - when < period - 1e-6)
        for place, when in enumerate(times)
    )


def test_progress_and_summary_add_up_at_every_moment() -> None:
    items = [*imports(700), *drs(300)]

    async def main() -> None:
        async with connected(Platform()) as (client, _), client.transfer(items, total=1000) as transfer:
            async for _ in transfer:
                progress = transfer.progress
                assert transfer.summary.adds_up
                assert progress.ended + progress.waiting + progress.under_way == progress.read
                assert progress.undelivered <= progress.ended
                assert progress.remaining is not None
                assert progress.requests_left <= 1000
                assert progress.files_left <= 500
        assert transfer.summary.ok

    run(main())


def test_an_empty_list_and_a_list_of_one() -> None:
    async def main() -> None:
        async with connected(Platform(), honest) as (client, transport):
            assert await outcomes_of(client, []) == []
            assert transport.requests == []
            (outcome,) = await outcomes_of(client, imports(1))
            assert outcome.ok
            assert outcome.attempts == 1
            assert outcome.submitted_on is not None
            assert outcome.finished_on is not None

    run(main())


def test_several_runs_share_one_client() -> None:
    async def main() -> None:
        async with connected(Platform(log=False), limits=Limits(requests=10_000)) as (client, _):
            runs = [asyncio.create_task(outcomes_of(client, imports(500, start=500 * n))) for n in range(20)]
            for outcomes in await asyncio.gather(*runs):
                assert len(outcomes) == 500
                assert all(outcome.ok for outcome in outcomes)

    run(main())
