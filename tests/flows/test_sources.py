"""A whole volume into a project, a whole project onto a volume, read off the platform as it goes."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from sbtransfer import Client, JournalRefusedError, Outcome, ProjectItems, VolumeItems, WorkListError
from sbtransfer.http.transport import Request, Response
from sbtransfer.simulator import Faults, Platform, Volume, World
from sbtransfer.simulator.clock import run
from tests.flows.crash import killed_after, resumed
from tests.flows.simulated import INPUT, OUTPUT, PROJECT, Send, connected, outcomes_of, quick_platform

BUCKET = "rosa/bucket"


def platform_with(*locations: str, **options: Any) -> Platform:
    """A platform with a volume that holds objects of 10 bytes and more, one after the other."""
    platform = quick_platform(**options)
    volume = platform.world.volumes[BUCKET] = Volume(BUCKET, writable=True)
    for number, location in enumerate(locations):
        volume.put(location, size=10 + number, md5=f"{number:032x}")
    return platform


def tree(folders: int, files: int) -> list[str]:
    return [f"runs/{folder:02}/{file:03}.bam" for folder in range(folders) for file in range(files)]


def bucket(client: Client, **options: Any) -> VolumeItems:
    return client.volume_items(BUCKET, project=PROJECT, **options)


def paths(platform: Platform) -> set[str]:
    return set(platform.world.paths(PROJECT))


def folder_calls(platform: Platform) -> int:
    return sum((method, path) == ("POST", "/files") for _, method, path, _ in platform.requests_log)


def without_twins(platform: Platform) -> bool:
    return all(
        times == 1 for kind in ("imports", "exports") for times in Counter(platform.created(kind)).values()
    )


# A volume into a project ----------------------------------------------------------------------------------


def test_a_volume_becomes_a_project_with_its_folders() -> None:
    locations = ["sheet.csv", *tree(3, 150)]

    async def main() -> None:
        platform = platform_with(*locations)
        async with connected(platform) as (client, _):
            items = bucket(client)
            outcomes = await outcomes_of(client, items)
            assert all(outcome.ok for outcome in outcomes)
            assert paths(platform) == set(locations)
            assert folder_calls(platform) == 4
            assert (items.passed.shown, items.passed.taken) == (451, 451)
            sizes = {path: file.size for path, file in platform.world.paths(PROJECT).items()}
            assert sizes == {location: 10 + number for number, location in enumerate(locations)}

    run(main())


def test_a_prefix_is_taken_from_its_folder_on() -> None:
    async def main() -> None:
        platform = platform_with(*tree(3, 2), "runs/0.txt")
        async with connected(platform) as (client, _):
            await outcomes_of(client, bucket(client, prefix="runs/0", path="new/{path}"))
        assert paths(platform) == {f"new/{one.removeprefix('runs/')}" for one in [*tree(3, 2), "runs/0.txt"]}

    run(main())


def test_patterns_and_sizes() -> None:
    async def main() -> None:
        platform = platform_with(*tree(2, 10), "runs/00/notes.txt")
        async with connected(platform) as (client, _):
            items = bucket(client, include="*.bam", exclude=["*/01/*", "009.bam"], min_size=12, max_size=28)
            outcomes = await outcomes_of(client, items)
        assert paths(platform) == {f"runs/00/{n:03}.bam" for n in range(2, 9)}
        assert len(outcomes) == items.passed.taken == 7
        assert (items.passed.shown, items.passed.excluded) == (21, 14)

    run(main())


def test_only_what_is_not_there_yet() -> None:
    async def main() -> None:
        platform = platform_with(*tree(3, 4))
        async with connected(platform) as (client, _):
            await outcomes_of(client, bucket(client, include="*/00/*"))
            await outcomes_of(client, bucket(client, include="runs/01/000.bam"))
            items = bucket(client, missing_only=True)
            outcomes = await outcomes_of(client, items)
        assert len(outcomes) == 7
        assert (items.passed.there, items.passed.taken) == (5, 7)
        assert paths(platform) == set(tree(3, 4))
        assert without_twins(platform)

    run(main())


def test_an_odd_location_ends_the_reading_and_is_named() -> None:
    async def main() -> None:
        platform = platform_with("a//b.bam", "c.bam")
        async with connected(platform) as (client, _):
            with pytest.raises(
                WorkListError, match=r"'a//b\.bam' would become 'a//b\.bam', which is no path"
            ):
                await outcomes_of(client, bucket(client))
            await outcomes_of(client, bucket(client, exclude="*//*"))
        assert paths(platform) == {"c.bam"}

    run(main())


def test_folder_markers_are_no_files() -> None:
    async def main() -> None:
        platform = platform_with("runs/", "runs/a.bam")
        async with connected(platform) as (client, _):
            items = bucket(client)
            await outcomes_of(client, items)
        assert paths(platform) == {"runs/a.bam"}
        assert items.passed.folders == 1

    run(main())


def test_a_source_is_listed_no_faster_than_it_is_taken() -> None:
    async def main() -> None:
        platform = platform_with(*tree(1, 2000))
        async with connected(platform) as (client, transport):
            async with client.transfer(bucket(client), max_in_flight=200) as moving:
                await anext(moving)
                await asyncio.sleep(100)
                assert len(transport.sent(f"/storage/volumes/{BUCKET}/list")) <= 7

    run(main())


def test_a_break_leaves_nothing_behind() -> None:
    async def main() -> None:
        platform = platform_with(*tree(20, 50))
        async with connected(platform) as (client, _):
            async with client.transfer(bucket(client)) as moving:
                async for _ in moving:
                    break

    run(main())


def test_the_default_volume_of_the_simulator() -> None:
    async def main() -> None:
        platform = quick_platform()
        async with connected(platform) as (client, _):
            outcomes = await outcomes_of(client, client.volume_items(INPUT, project=PROJECT))
        assert len(outcomes) == 3003
        assert set(platform.world.paths(PROJECT)) == {where for where, _ in World().volumes[INPUT].under()}

    run(main())


# A project onto a volume ----------------------------------------------------------------------------------


async def filled(platform: Platform) -> None:
    async with connected(platform) as (client, _):
        await outcomes_of(client, bucket(client))


def exported(platform: Platform) -> set[str]:
    return {location for location, _ in platform.world.volumes[OUTPUT].under()}


def project(client: Client, **options: Any) -> ProjectItems:
    return client.project_items(PROJECT, volume=OUTPUT, **options)


def test_a_project_goes_to_a_volume_with_its_folders() -> None:
    async def main() -> None:
        platform = platform_with("sheet.csv", *tree(3, 120))
        await filled(platform)
        async with connected(platform) as (client, _):
            outcomes = await outcomes_of(client, project(client, location="backup/{path}"))
            assert all(outcome.ok for outcome in outcomes)
            assert exported(platform) == {f"backup/{one}" for one in ["sheet.csv", *tree(3, 120)]}
            # What is an alias now cannot be exported, and is not offered again.
            again = project(client, location="backup/{path}")
            assert await outcomes_of(client, again) == []
            assert (again.passed.shown, again.passed.aliases) == (361, 361)

    run(main())


def test_copies_of_what_is_not_there_yet() -> None:
    async def main() -> None:
        platform = platform_with(*tree(2, 5))
        await filled(platform)
        async with connected(platform) as (client, _):
            await outcomes_of(client, project(client, copy_only=True, include="*/00/*"))
            items = project(client, copy_only=True, missing_only=True)
            assert len(await outcomes_of(client, items)) == 5
            assert (items.passed.there, items.passed.taken) == (5, 5)
        assert exported(platform) == set(tree(2, 5))
        assert without_twins(platform)

    run(main())


def test_a_folder_of_a_project() -> None:
    async def main() -> None:
        platform = platform_with(*tree(2, 5))
        await filled(platform)
        async with connected(platform) as (client, _):
            folder = await client.make_folders("runs/01", project=PROJECT)
            items = client.project_items(parent=folder.id, volume=OUTPUT)
            await outcomes_of(client, items)
        assert exported(platform) == {f"{n:03}.bam" for n in range(5)}

    run(main())


async def tersely(request: Request, send: Send) -> Response:
    """Show of files in lists what the documentation shows, and no more."""
    answer = await send(request)
    if request.method == "GET" and request.url.endswith("/files"):
        page = orjson.loads(answer.body)
        for entry in page["items"]:
            for name in set(entry) - {"href", "id", "name", "project", "parent", "type"}:
                del entry[name]
        return Response(answer.status, answer.headers, orjson.dumps(page))
    return answer


def test_lists_that_tell_little_are_made_good_by_the_details() -> None:
    async def main() -> None:
        platform = platform_with(*tree(2, 120))
        await filled(platform)
        async with connected(platform, tersely) as (client, transport):
            items = project(client, min_size=20, include="*/00/*")
            assert len(await outcomes_of(client, items)) == 110
            assert await outcomes_of(client, project(client, include="*/00/*", min_size=20)) == []
            assert len(transport.sent("/bulk/files/get")) == 8

    run(main())


# Going on -------------------------------------------------------------------------------------------------


Make = Callable[[Client], Any]


@pytest.mark.parametrize("moment", [0.5, 1.0, 2.0, 3.0, 5.0, 12.0, 30.0])
def test_whatever_the_moment_a_volume_is_imported_once(tmp_path: Path, moment: float) -> None:
    async def main() -> None:
        platform = platform_with(*tree(4, 130))
        await killed_after(moment, platform, bucket, tmp_path / "run.sqlite")
        outcomes, _ = await resumed(platform, bucket, tmp_path / "run.sqlite")
        assert {outcome.item.location for outcome in outcomes if outcome.ok} == set(tree(4, 130))  # type: ignore[union-attr]
        assert paths(platform) == set(tree(4, 130))
        assert without_twins(platform)

    run(main())


@pytest.mark.parametrize("moment", [1.0, 3.0, 8.0, 14.0])
def test_a_volume_may_change_while_a_run_is_dead(tmp_path: Path, moment: float) -> None:
    async def main() -> None:
        platform = platform_with(*tree(4, 130))
        await killed_after(moment, platform, bucket, tmp_path / "run.sqlite")
        known = {item[1] for item in platform.created("imports")}
        volume = platform.world.volumes[BUCKET] = Volume(BUCKET, writable=True)
        now = {*tree(2, 130), "runs/00/a new one.bam", "new/folder/b.bam"}
        for location in now:
            volume.put(location, size=10)
        outcomes, _ = await resumed(platform, bucket, tmp_path / "run.sqlite")
        # What was begun is finished, what is gone was not sent, what is new is.
        assert {location_of(outcome) for outcome in outcomes} == now | known
        assert paths(platform) == now | known
        assert without_twins(platform)

    run(main())


def location_of(outcome: Outcome) -> str:
    return outcome.item.location  # type: ignore[union-attr]


def test_what_is_known_costs_no_folders_when_a_run_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        platform = platform_with(*tree(10, 10))
        await resumed(platform, bucket, tmp_path / "run.sqlite")
        made = folder_calls(platform)
        platform.world.volumes[BUCKET].put("runs/03/new.bam", size=1)
        outcomes, _ = await resumed(platform, bucket, tmp_path / "run.sqlite", deliver_known=False)
        assert [location_of(outcome) for outcome in outcomes] == ["runs/03/new.bam"]
        assert (made, folder_calls(platform)) == (11, 13)

    run(main())


def test_a_project_that_is_exported_may_be_killed(tmp_path: Path) -> None:
    async def main() -> None:
        platform = platform_with(*tree(4, 130))
        await filled(platform)
        await killed_after(3.0, platform, project, tmp_path / "run.sqlite")
        outcomes, _ = await resumed(platform, project, tmp_path / "run.sqlite")
        assert {location_of(outcome) for outcome in outcomes if outcome.ok} == set(tree(4, 130))
        assert exported(platform) == set(tree(4, 130))
        assert without_twins(platform)

    run(main())


def test_a_journal_can_go_on_without_the_source_at_hand(tmp_path: Path) -> None:
    async def main() -> None:
        platform = platform_with(*tree(4, 130))
        await killed_after(2.0, platform, bucket, tmp_path / "run.sqlite", max_in_flight=100)
        async with connected(platform) as (client, _), client.resume(tmp_path / "run.sqlite") as going_on:
            outcomes = [outcome async for outcome in going_on]
        assert len(outcomes) == 520
        assert paths(platform) == set(tree(4, 130))

    run(main())


@pytest.mark.parametrize(
    "other",
    [
        lambda client: bucket(client, prefix="runs/01/"),
        lambda client: client.volume_items(BUCKET, project="rfranklin/archive"),
        lambda client: bucket(client, path="x/{path}"),
        lambda client: client.volume_items(INPUT, project=PROJECT),
        project,
    ],
)
def test_a_journal_belongs_to_one_source_and_destination(tmp_path: Path, other: Make) -> None:
    async def main() -> None:
        platform = platform_with(*tree(2, 5))
        await resumed(platform, bucket, tmp_path / "run.sqlite")
        before = len(platform.created("imports"))
        with pytest.raises(JournalRefusedError, match="belongs to another volume or project"):
            await resumed(platform, other, tmp_path / "run.sqlite")
        assert len(platform.created("imports")) == before
        # Another selection of the same is welcome.
        await resumed(platform, lambda client: bucket(client, exclude="*.txt"), tmp_path / "run.sqlite")

    run(main())


@pytest.mark.parametrize("seed", range(3))
def test_faults_lose_nothing_of_a_volume_or_a_project(seed: int) -> None:
    async def main() -> None:
        platform = platform_with(*tree(5, 130))
        platform.faults = Faults({"all": 0.2}, seed=seed)
        async with connected(platform) as (client, _):
            outcomes = await outcomes_of(client, bucket(client))
            assert [outcome for outcome in outcomes if not outcome.ok] == []
            assert paths(platform) == set(tree(5, 130))
            outcomes = await outcomes_of(client, project(client))
            assert [outcome for outcome in outcomes if not outcome.ok] == []
        assert exported(platform) == set(tree(5, 130))
        assert without_twins(platform)

    run(main())


# What arrived ---------------------------------------------------------------------------------------------


def test_what_arrived_is_what_the_listing_promised() -> None:
    async def main() -> None:
        platform = platform_with(*tree(2, 120))
        async with connected(platform) as (client, _), client.transfer(bucket(client)) as moving:
            verified = [one async for one in client.verify(moving)]
            assert len(verified) == 240
            assert {one.agrees for one in verified} == {("file", "name", "place", "size")}
            assert {tuple(one.unchecked.items()) for one in verified} == {
                (("md5", "the platform does not tell"),)
            }

    run(main())


def test_a_file_that_is_not_as_it_was_promised_is_found() -> None:
    async def main() -> None:
        platform = platform_with(*tree(1, 5))
        async with connected(platform) as (client, _):
            outcomes = await outcomes_of(client, bucket(client))
            files = platform.world.paths(PROJECT)
            files["runs/00/001.bam"].size = 7
            files["runs/00/002.bam"].name = "else.bam"
            files["runs/00/003.bam"].gone = 0.0
            files["runs/00/004.bam"].md5 = "f" * 32
            found = {location_of(one.outcome)[-7:-4]: one async for one in client.verify(outcomes)}
        assert {name: tuple(one.differs) for name, one in found.items()} == {
            "000": (),
            "001": ("size",),
            "002": ("name",),
            "003": ("file",),
            "004": ("md5",),
        }
        assert found["001"].differs == {"size": "7 instead of 11"}

    run(main())


@pytest.mark.parametrize("copy_only", [True, False])
def test_exports_are_verified_where_they_went(copy_only: bool) -> None:
    async def main() -> None:
        platform = platform_with(*tree(1, 3))
        await filled(platform)
        async with connected(platform) as (client, _):
            outcomes = await outcomes_of(client, project(client, copy_only=copy_only))
            verified = [one async for one in client.verify(outcomes)]
        assert all(one.ok and {"file", "place", "size"} <= set(one.agrees) for one in verified)
        assert len(verified) == 3

    run(main())
