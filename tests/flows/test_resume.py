"""Killed at any moment, and resumed: every item is done once, and the journal refuses what is not its own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sbtransfer import (
    Client,
    Item,
    JournalError,
    JournalReader,
    JournalRefusedError,
    Limits,
    Outcome,
    OutcomeState,
    SQLiteJournal,
    UnauthorizedError,
    VolumeImport,
)
from sbtransfer.http.transport import Request, Response
from sbtransfer.journal import Owner
from sbtransfer.simulator import Durations, Platform
from sbtransfer.simulator.clock import run
from tests.flows.crash import killed_after, resumed
from tests.flows.simulated import (
    PROJECT,
    ScriptedTransport,
    Send,
    connected,
    drs,
    exports,
    honest,
    imports,
    is_create,
    quick_platform,
)
from tests.flows.test_reconciliation import LOST

SLOW_ANSWERS = 3.0


def mixed() -> list[Item]:
    return [item for group in zip(imports(240), exports(240), drs(240), strict=True) for item in group]


def made_once(platform: Platform) -> None:
    for kind in ("imports", "exports", "drs"):
        twice = {one: times for one, times in Counter(platform.created(kind)).items() if times > 1}
        assert twice == {}, kind


def assert_each_equal(outcomes: list[Outcome], items: list[Item]) -> None:
    assert sorted(outcome.index for outcome in outcomes) == list(range(len(items)))
    assert all(outcome.item == items[outcome.index] for outcome in outcomes)


async def slowly(request: Request, send: Send) -> Response:
    """Let creates be done after a while and answered after another one."""
    if not is_create(request):
        return await send(request)
    await asyncio.sleep(SLOW_ANSWERS / 2)
    answer = await send(request)
    await asyncio.sleep(SLOW_ANSWERS / 2)
    return answer


@pytest.mark.parametrize("moment", [0.05, 0.25, 0.5, 1.0, 1.7, 2.0, 3.0, 3.3, 3.6, 4.5, 8.0, 13.0, 30.0])
def test_whatever_the_moment_every_item_is_done_once(tmp_path: Path, moment: float) -> None:
    items, journal = mixed(), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = quick_platform()
        before = await killed_after(moment, platform, items, journal, slowly)
        after, _ = await resumed(platform, items, journal)
        assert_each_equal(after, items)
        assert all(outcome.ok for outcome in after)
        made_once(platform)
        for kind in ("imports", "exports", "drs"):
            assert len(platform.created(kind)) == 240
        known = {outcome.index for outcome in after if outcome.resumed}
        assert {outcome.index for outcome in before} <= known
        again = {outcome.index: outcome for outcome in after}
        assert all(again[one.index].file_id == one.file_id for one in before)

    run(main())


def test_many_crashes_and_faults_in_a_row(tmp_path: Path) -> None:
    items, journal = mixed(), tmp_path / "run.sqlite"
    creates = 0

    async def faulty(request: Request, send: Send) -> Response:
        nonlocal creates
        if not is_create(request):
            return await send(request)
        creates += 1
        if creates % 3 == 0:
            raise LOST
        answer = await slowly(request, send)
        if creates % 3 == 1:
            raise LOST
        return answer

    async def main() -> None:
        platform = quick_platform()
        for _ in range(12):
            await killed_after(17.0, platform, items, journal, faulty)
        after, _ = await resumed(platform, items, journal)
        assert_each_equal(after, items)
        assert all(outcome.ok for outcome in after)
        made_once(platform)

    run(main())


def test_a_finished_run_sends_nothing_more(tmp_path: Path) -> None:
    items, journal = mixed(), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = quick_platform()
        first, _ = await resumed(platform, items, journal)
        again, transport = await resumed(platform, items, journal)
        assert_each_equal(again, items)
        assert all(outcome.resumed for outcome in again)
        assert not any(is_create(request) for _, request in transport.requests)
        assert {one.index: one.file_id for one in first} == {one.index: one.file_id for one in again}
        assert {one.index: one.finished_on for one in first} == {one.index: one.finished_on for one in again}

    run(main())


def test_known_outcomes_are_counted_and_delivered_only_if_wanted(tmp_path: Path) -> None:
    items, journal = imports(300), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = quick_platform()
        await resumed(platform, items[:200], journal)
        async with connected(platform) as (client, _):
            async with client.transfer(items, journal=journal, deliver_known=False) as transfer:
                outcomes = [outcome async for outcome in transfer]
            assert sorted(outcome.index for outcome in outcomes) == list(range(200, 300))
            assert transfer.summary.completed == transfer.summary.read == 300

    run(main())


def test_the_lists_own_item_is_delivered_not_a_copy(tmp_path: Path) -> None:
    items, journal = imports(30), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = quick_platform()
        await resumed(platform, items, journal)
        outcomes, _ = await resumed(platform, items, journal)
        assert all(outcome.item is items[outcome.index] for outcome in outcomes)

    run(main())


@pytest.mark.parametrize("form", ["list", "generator", "async generator"])
def test_any_form_of_list_is_read_again(tmp_path: Path, form: str) -> None:
    items, journal = imports(350), tmp_path / "run.sqlite"

    async def one_by_one() -> AsyncIterator[Item]:
        for item in items:
            await asyncio.sleep(0.01)
            yield item

    def source() -> Any:
        return {"list": items, "generator": iter(items), "async generator": one_by_one()}[form]

    async def main() -> None:
        platform = quick_platform()
        await killed_after(2.0, platform, source(), journal, slowly)
        outcomes, _ = await resumed(platform, source(), journal)
        assert_each_equal(outcomes, items)
        assert len(platform.created("imports")) == 350

    run(main())


def test_a_small_room_is_enough_to_resume_a_long_list(tmp_path: Path) -> None:
    items, journal = imports(3000), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = quick_platform()
        await killed_after(12.0, platform, items, journal)
        outcomes, _ = await resumed(platform, items, journal, max_in_flight=50)
        assert_each_equal(outcomes, items)
        assert len(platform.created("imports")) == 3000

    run(main())


@pytest.mark.parametrize("seconds", [0.5, 3.0, 20.0])
def test_what_ends_while_the_list_is_compared_is_counted_once(tmp_path: Path, seconds: float) -> None:
    # The list is so slow that jobs end, and doubts are settled, before it was read to where the journal ends.
    items, journal = mixed(), tmp_path / "run.sqlite"

    async def slow() -> AsyncIterator[Item]:
        for item in items:
            await asyncio.sleep(1)
            yield item

    async def main() -> None:
        platform = quick_platform()
        await killed_after(seconds, platform, items, journal, slowly)
        transport = ScriptedTransport(platform, honest)
        async with Client(platform.base_url, platform.token, transport=transport) as client:
            async with client.transfer(slow(), journal=journal) as transfer:
                outcomes = [outcome async for outcome in transfer]
        assert transfer.summary.completed == transfer.summary.read == len(items)
        assert_each_equal(outcomes, items)
        made_once(platform)

    run(main())


# What is refused ------------------------------------------------------------------------------------------


async def refused(platform: Platform, items: Any, journal: Path, words: str, **options: Any) -> None:
    creates = len(platform.requests_log)
    with pytest.raises(JournalRefusedError, match=words):
        await resumed(platform, items, journal, **options)
    assert not any(path.endswith("create") for _, _, path, _ in platform.requests_log[creates:])


@pytest.mark.parametrize("place", [0, 99, 150, 249])
def test_a_list_that_was_changed_is_refused_before_anything_is_sent(tmp_path: Path, place: int) -> None:
    items, journal = imports(250), tmp_path / "run.sqlite"
    changed = list(items)
    changed[place] = VolumeImport(volume="rfranklin/input", location="another", project=PROJECT)

    async def main() -> None:
        platform = quick_platform()
        await killed_after(5.0, platform, items, journal)
        await refused(platform, [*changed, *imports(500, start=250)], journal, f"item {place} of the list")
        outcomes, _ = await resumed(platform, items, journal)
        assert all(outcome.ok for outcome in outcomes)

    run(main())


def test_a_shorter_list_is_refused_and_a_longer_one_is_fine(tmp_path: Path) -> None:
    items, journal = imports(250), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = quick_platform()
        await killed_after(5.0, platform, items, journal)
        await refused(platform, items[:249], journal, "ends after 249 items, and the journal knows 250")
        outcomes, _ = await resumed(platform, imports(400), journal)
        assert len(outcomes) == len(platform.created("imports")) == 400

    run(main())


def test_another_user_is_refused_and_a_new_token_of_the_same_is_welcome(tmp_path: Path) -> None:
    items, journal = imports(150), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = quick_platform()
        await killed_after(3.0, platform, items, journal)
        platform.username = "wwatson"
        await refused(platform, items, journal, "rfranklin")
        platform.username, platform.token = "rfranklin", "f" * 32
        outcomes, _ = await resumed(platform, items, journal)
        assert len(outcomes) == len(platform.created("imports")) == 150

    run(main())


def test_another_platform_is_refused(tmp_path: Path) -> None:
    items, journal = imports(150), tmp_path / "run.sqlite"

    async def main() -> None:
        await resumed(quick_platform(), items, journal)
        await refused(quick_platform(base_url="http://127.0.0.1:9999/v2"), items, journal, "127.0.0.1")

    run(main())


def test_a_second_run_with_the_same_journal_is_refused(tmp_path: Path) -> None:
    journal = tmp_path / "run.sqlite"

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform) as (client, _):
            async with client.transfer(imports(300), journal=journal) as first:
                await asyncio.sleep(1)
                await refused(platform, imports(300), journal, "another run|in use")
                assert (await first.wait()).ok

    run(main())


@pytest.mark.parametrize("path", ["missing/run.sqlite", ".", "file/run.sqlite"])
def test_a_journal_that_cannot_be_written_stops_before_anything_is_sent(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("not a folder")

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform) as (client, transport):
            with pytest.raises(JournalError):
                await client.transfer(imports(300), journal=tmp_path / path).wait()
            assert not any(is_create(request) for _, request in transport.requests)

    run(main())


def test_a_ref_that_cannot_be_kept_stops_before_it_is_sent(tmp_path: Path) -> None:
    item = VolumeImport(volume="rfranklin/input", location="x", project=PROJECT, ref=frozenset({1}))

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform) as (client, _):
            with pytest.raises(JournalError, match=r"item 0: .*ref"):
                await client.transfer([item], journal=tmp_path / "run.sqlite").wait()
        assert platform.created("imports") == []

    run(main())


def test_a_full_disk_stops_before_what_could_not_be_recorded_is_sent(tmp_path: Path) -> None:
    items = imports(3000)

    async def main() -> None:
        platform, kept = quick_platform(), SQLiteJournal(tmp_path / "run.sqlite")
        await kept.open(Owner(endpoint=platform.base_url, username=platform.username))
        await kept._open.alone(lambda connection: connection.execute("PRAGMA max_page_count = 60"))
        with pytest.raises(JournalError, match="full"):
            await resumed(platform, items, kept)  # type: ignore[arg-type]
        with suppress(JournalError):
            await kept.aclose()
        with JournalReader(kept.path) as reader:
            recorded = reader.counts().recorded
        assert 0 < len(platform.created("imports")) <= recorded < 3000
        outcomes, _ = await resumed(platform, items, kept.path)
        assert_each_equal(outcomes, items)
        assert all(outcome.ok for outcome in outcomes)
        assert len(platform.created("imports")) == 3000

    run(main())


def test_a_journal_that_breaks_ends_its_own_run_alone(tmp_path: Path) -> None:
    async def main() -> None:
        platform, kept = quick_platform(), SQLiteJournal(tmp_path / "full.sqlite")
        await kept.open(Owner(endpoint=platform.base_url, username=platform.username))
        await kept._open.alone(lambda connection: connection.execute("PRAGMA max_page_count = 60"))
        async with connected(platform) as (client, _):
            async with (
                client.transfer(exports(3000), journal=tmp_path / "fine.sqlite") as fine,
                client.transfer(imports(3000), journal=kept) as broken,
            ):
                with pytest.raises(JournalError, match="full"):
                    await broken.wait()
                assert (await fine.wait()).completed == 3000
        with suppress(JournalError):
            await kept.aclose()

    run(main())


# Live sources ---------------------------------------------------------------------------------------------


class Volume:
    """What a volume shows just now."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def key(self, item: VolumeImport) -> str:
        return item.location

    async def __aiter__(self) -> AsyncIterator[Item]:
        for name in self.names:
            await asyncio.sleep(0)
            yield VolumeImport(volume="rfranklin/input", location=name, project=PROJECT)


def locations(outcomes: list[Outcome]) -> list[str]:
    return sorted(outcome.item.location for outcome in outcomes)  # type: ignore[union-attr]


def test_a_live_source_is_known_by_its_keys(tmp_path: Path) -> None:
    journal = tmp_path / "run.sqlite"

    async def main() -> None:
        platform = quick_platform()
        await killed_after(3.0, platform, Volume("a", "b", "c"), journal)
        # One is gone, one is new, and the order is another one.
        outcomes, _ = await resumed(platform, Volume("d", "c", "a"), journal)
        assert locations(outcomes) == ["a", "b", "c", "d"]
        assert sorted(outcome.index for outcome in outcomes) == [0, 1, 2, 3]
        assert len(platform.created("imports")) == 4
        again, _ = await resumed(platform, Volume("a", "b", "c", "d", "e"), journal)
        assert locations(again) == ["a", "b", "c", "d", "e"]
        assert len(platform.created("imports")) == 5

    run(main())


def test_a_live_source_that_shows_an_item_twice_has_it_once(tmp_path: Path) -> None:
    async def main() -> None:
        platform = quick_platform()
        outcomes, _ = await resumed(platform, Volume(*"abcabc"), tmp_path / "run.sqlite")
        assert locations(outcomes) == ["a", "b", "c"]
        assert len(platform.created("imports")) == 3

    run(main())


def test_a_list_and_a_live_source_have_different_journals(tmp_path: Path) -> None:
    async def main() -> None:
        platform = quick_platform()
        await resumed(platform, Volume("a", "b"), tmp_path / "live.sqlite")
        await refused(platform, imports(2), tmp_path / "live.sqlite", "volume or a project")
        await resumed(platform, imports(2), tmp_path / "list.sqlite")
        await refused(platform, Volume("a", "b"), tmp_path / "list.sqlite", "belongs to a list")

    run(main())


@pytest.mark.parametrize("moment", [2.0, 12.0, 1000.0])
def test_a_pruned_journal_goes_on_and_adds_up(tmp_path: Path, moment: float) -> None:
    items, path = imports(250), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = Platform(durations=Durations(median=10.0, p99=40.0))
        await killed_after(moment, platform, items, path)
        journal = SQLiteJournal(path)
        await journal.open(Owner(endpoint=platform.base_url, username="rfranklin"))
        done = len(await journal.outcomes(-1, 1000))
        await journal.prune()
        await journal.aclose()
        async with connected(platform) as (client, _), client.resume(path) as going_on:
            outcomes = [outcome async for outcome in going_on]
        assert len(outcomes) == going_on.summary.read - done
        assert going_on.summary.completed == going_on.summary.read
        assert going_on.progress.known == done
        async with connected(platform) as (client, _), client.retry(path) as again:
            assert [outcome async for outcome in again] == []
        made_once(platform)

    run(main())


# The limits go on where they were -------------------------------------------------------------------------


def busiest(moments: list[tuple[float, int]], period: float) -> int:
    """The most that any window of a period holds."""
    return max(
        sum(amount for when, amount in moments if start <= when < start + period) for start, _ in moments
    )


def test_a_resumed_run_keeps_to_the_windows_of_the_one_that_was_killed(tmp_path: Path) -> None:
    items, journal = drs(1500), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = Platform(durations=Durations(median=10, p99=10), requests_limit=40, drs_limit=10**6)
        limits = Limits(requests=40)
        for seconds in (20.0, 290.0, 15.0, 200.0):
            await killed_after(seconds, platform, items, journal, limits=limits)
        outcomes, _ = await resumed(platform, items, journal, limits=limits)
        assert_each_equal(outcomes, items)
        assert busiest(platform.drs_log, 300.0) <= 500
        log = platform.requests_log
        counted = [(when, 1) for when, _, path, status in log if path != "/rate_limit" and status == 200]
        assert busiest(counted, 300.0) <= 40

    run(main())


def test_the_same_client_does_not_count_its_own_spends_twice(tmp_path: Path) -> None:
    async def main() -> None:
        platform = quick_platform()
        async with connected(platform) as (client, _):
            await client.transfer(drs(100), journal=tmp_path / "run.sqlite").wait()
            left = client._api.caller.files.left
            await client.transfer(drs(100), journal=tmp_path / "run.sqlite").wait()
            assert client._api.caller.files.left == left

    run(main())


# Leaving --------------------------------------------------------------------------------------------------


def test_leaving_stores_what_is_known_and_lets_go_of_the_journal(tmp_path: Path) -> None:
    items, journal = mixed(), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = quick_platform()
        async with connected(platform, slowly) as (client, transport):
            async with client.transfer(items, journal=journal):
                await asyncio.sleep(1.0)
            creates = sum(is_create(request) for _, request in transport.requests)
            assert {path.name for path in tmp_path.iterdir()} == {"run.sqlite"}
        outcomes, transport = await resumed(platform, items, journal)
        assert_each_equal(outcomes, items)
        made_once(platform)
        # The answers were waited for, so that nothing had to be looked up.
        requests = [request for _, request in transport.requests]
        assert not any(one.url.endswith(("/storage/imports", "/storage/exports")) for one in requests)
        assert creates + sum(map(is_create, requests)) == 9

    run(main())


def test_cancelled_at_any_step_nothing_is_done_twice(tmp_path: Path) -> None:
    items = imports(120)

    async def main(steps: int) -> bool:
        platform, journal = quick_platform(), tmp_path / f"{steps}.sqlite"
        transport = ScriptedTransport(platform, honest)
        async with Client(platform.base_url, platform.token, transport=transport) as client:
            task = asyncio.create_task(_whole(client, items, journal))
            for _ in range(steps):
                await asyncio.sleep(0)
            done = task.done()
            task.cancel()
            await asyncio.wait({task})
        assert {path.name for path in tmp_path.glob(f"{steps}.*")} <= {journal.name}
        outcomes, _ = await resumed(platform, items, journal)
        assert_each_equal(outcomes, items)
        assert len(platform.created("imports")) == 120
        return done

    for steps in range(0, 120, 3):
        run(main(steps))


async def _whole(client: Client, items: list[Item], journal: Path) -> None:
    async with client.transfer(items, journal=journal) as transfer:
        await transfer.wait()


def test_the_source_that_fails_leaves_a_journal_to_go_on_with(tmp_path: Path) -> None:
    items, journal = imports(300), tmp_path / "run.sqlite"

    def failing() -> Iterator[Item]:
        yield from items[:150]
        raise RuntimeError("the list broke")

    async def main() -> None:
        platform = quick_platform()
        with pytest.raises(RuntimeError, match="the list broke"):
            await resumed(platform, failing(), journal)
        assert len(platform.created("imports")) == 150
        outcomes, _ = await resumed(platform, items, journal)
        assert_each_equal(outcomes, items)
        assert len(platform.created("imports")) == 300
        assert Counter(outcome.resumed for outcome in outcomes) == {True: 150, False: 150}

    run(main())


def test_a_token_that_is_revoked_half_way(tmp_path: Path) -> None:
    items, journal = imports(1000), tmp_path / "run.sqlite"

    async def main() -> None:
        platform = Platform()
        with pytest.raises(UnauthorizedError):
            async with connected(platform) as (client, _):
                async with client.transfer(items, journal=journal) as transfer:
                    async for _ in transfer:
                        platform.token = "e" * 32
        outcomes, _ = await resumed(platform, items, journal)
        assert_each_equal(outcomes, items)
        assert all(outcome.state is OutcomeState.COMPLETED for outcome in outcomes)
        assert len(platform.created("imports")) == 1000

    run(main())
