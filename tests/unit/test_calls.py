"""Each call of a client against the simulated platform; lists are read only as far as they are taken."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any, TypeVar

import pytest

from sbtransfer import APIError, Client, DRSImport, VolumeExport, VolumeImport
from sbtransfer.models import ErrorRecord
from sbtransfer.simulator import File, Platform
from sbtransfer.simulator.clock import run
from tests.flows.simulated import INPUT, OUTPUT, PROJECT, connected, quick_platform

T = TypeVar("T")


def asked(work: Callable[[Client], Awaitable[Any]], platform: Platform | None = None) -> Platform:
    """Let some work be done with a client on a virtual clock; return the platform."""
    platform = platform or quick_platform()

    async def main() -> None:
        async with connected(platform) as (client, _):
            await work(client)

    run(main())
    return platform


async def some(entries: AsyncIterator[T], most: int) -> list[T]:
    taken: list[T] = []
    numbers = count(1)
    async for entry in entries:
        taken.append(entry)
        if next(numbers) == most:
            break
    return taken


def gets(platform: Platform, path: str) -> int:
    return sum((method, asked_for) == ("GET", path) for _, method, asked_for, _ in platform.requests_log)


def test_who_and_what_is_left() -> None:
    async def work(client: Client) -> None:
        assert (await client.user()).username == "rfranklin"
        assert (await client.rate_limit()).limit == 1000

    asked(work)


def test_a_single_import_is_started_and_followed() -> None:
    async def work(client: Client) -> None:
        job = await client.start_import(VolumeImport(volume=INPUT, location="a.bam", project=PROJECT))
        assert (await client.get_import(job.id)).id == job.id
        assert [one.id async for one in client.list_imports(project=PROJECT)] == [job.id]
        assert [one async for one in client.list_imports(state="COMPLETED")] == []
        with pytest.raises(APIError) as refused:
            await client.get_export(job.id)
        assert refused.value.status == 404

    assert asked(work).accepted["imports"] == 1


@pytest.mark.parametrize("copy_only", [False, True])
def test_a_single_export_is_started_and_followed(copy_only: bool) -> None:
    async def work(client: Client) -> None:
        job = await client.start_export(
            VolumeExport(file="f1", volume=OUTPUT, location="a.bam", copy_only=copy_only)
        )
        assert (await client.get_export(job.id)).id == job.id
        assert [one.id async for one in client.list_exports(volume=OUTPUT)] == [job.id]

    platform = asked(work)
    assert (platform.world.files["f1"].alias is None) is copy_only


def test_projects_and_volumes_are_listed_and_shown() -> None:
    async def work(client: Client) -> None:
        assert [one.id async for one in client.list_projects()] == [PROJECT, "rfranklin/archive"]
        assert [one.id async for one in client.list_projects(name="arch")] == ["rfranklin/archive"]
        assert (await client.get_project(PROJECT)).id == PROJECT
        assert {one.id async for one in client.list_volumes()} == {INPUT, OUTPUT}
        assert (await client.get_volume(OUTPUT)).id == OUTPUT
        with pytest.raises(APIError, match="does not exist"):
            await client.get_volume("rfranklin/nothing")

    asked(work)


def test_a_volume_is_listed_by_level_or_as_a_whole() -> None:
    async def work(client: Client) -> None:
        level = [one async for one in client.list_volume(INPUT)]
        assert [getattr(one, "location", None) or getattr(one, "prefix", None) for one in level] == [
            "README.txt",
            "runs/",
            "samples/",
        ]
        whole = [one async for one in client.list_volume(INPUT, prefix="runs/2024-1", recursive=True)]
        assert len(whole) == 3 * 250
        assert (await client.get_object(INPUT, "README.txt")).size == 2_048

    asked(work)


def test_a_list_is_read_only_as_far_as_it_is_taken() -> None:
    async def work(client: Client) -> None:
        taken = await some(client.list_volume(INPUT, prefix="runs/2024-01/"), 101)
        assert len(taken) == 101

    assert gets(asked(work), f"/storage/volumes/{INPUT}/list") == 2


def test_files_are_listed_shown_and_told_in_bulk() -> None:
    platform = quick_platform()
    folder = platform.world.folder(PROJECT, None, "runs", 0.0)
    for name in ("a.bam", "b.bam"):
        platform.world.add(File(id=name, name=name, project=PROJECT, parent=folder.id, size=7))
    platform.world.add(File(id="c.bam", name="c.bam", project=PROJECT))

    async def work(client: Client) -> None:
        assert [one.name async for one in client.list_files(project=PROJECT)] == ["runs", "c.bam"]
        deep = client.list_files(project=PROJECT, recursive=True)
        assert {one.path async for one in deep} == {"runs/a.bam", "runs/b.bam", "c.bam"}
        assert [one.name async for one in client.list_files(parent=folder.id)] == ["a.bam", "b.bam"]
        assert (await client.get_file("a.bam")).size == 7
        ids = ["a.bam", "missing", *(f"named-{n}" for n in range(150)), "a.bam"]
        told = [one async for one in client.get_files(ids)]
        assert len(told) == len(ids)
        assert isinstance(told[1], ErrorRecord)
        assert told[-1] == told[0]

    asked(work, platform)
    assert sum(path == "/bulk/files/get" for _, _, path, _ in platform.requests_log) == 2


def test_folders_are_made_each_once() -> None:
    async def work(client: Client) -> None:
        made = await client.make_folder("runs", project=PROJECT)
        assert made.is_folder
        with pytest.raises(APIError) as refused:
            await client.make_folder("runs", project=PROJECT)
        assert refused.value.status == 409
        deep = await client.make_folders("runs/2024/01", project=PROJECT)
        assert (await client.make_folders("runs/2024/01", project=PROJECT)).id == deep.id

    platform = asked(work)
    assert sorted(file.name for file in platform.world.files.values()) == ["01", "2024", "runs"]


def test_jobs_are_told_in_bulk_in_the_order_of_their_ids() -> None:
    async def work(client: Client) -> None:
        volume_import = VolumeImport(volume=INPUT, location="a.bam", project=PROJECT)
        imported = await client.start_import(volume_import)
        exported = await client.start_export(VolumeExport(file="f1", volume=OUTPUT, location="a.bam"))
        ids = [*(f"missing-{n}" for n in range(150)), imported.id, "missing-0", imported.id]
        told = [one async for one in client.get_imports(ids)]
        assert [isinstance(one, ErrorRecord) for one in told] == [True] * 150 + [False, True, False]
        assert told[-1] == await client.get_import(imported.id)
        no_export, export = [one async for one in client.get_exports([imported.id, exported.id])]
        assert isinstance(no_export, ErrorRecord)
        assert export == await client.get_export(exported.id)

    platform = asked(work)
    paths = [path for _, _, path, _ in platform.requests_log]
    assert paths.count("/bulk/storage/imports/get") == 2
    assert paths.count("/bulk/storage/exports/get") == 1


def test_a_drs_import_is_shown_by_the_id_of_its_job() -> None:
    async def work(client: Client) -> None:
        item = DRSImport(drs_uri="drs://data.example/1", project=PROJECT)
        async with client.transfer([item]) as run:
            (outcome,) = [outcome async for outcome in run]
        assert outcome.job_id is not None
        job = await client.get_drs_import(outcome.job_id)
        assert (job.id, job.ended, len(job.result)) == (outcome.job_id, True, 1)
        with pytest.raises(APIError, match="does not exist"):
            await client.get_drs_import("missing")

    asked(work)
