"""Typical use of what is public, read by mypy and by pyright: a program gets what the types say.

It runs as well: see `test_use.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import assert_never, assert_type

from sbtransfer import (
    Client,
    DRSImport,
    ErrorRecord,
    FileDetails,
    ImportJob,
    Item,
    Outcome,
    OutcomeState,
    Polling,
    Progress,
    Project,
    Summary,
    TransferRun,
    Verified,
    VolumeExport,
    VolumeImport,
    WorkList,
    blocking,
)
from sbtransfer.cluster import Cluster, PostgresJournal, RunStatus, SharedBudget, Worker

PROJECT, VOLUME = "rfranklin/my-project", "rfranklin/input"


def imports(count: int) -> Iterator[VolumeImport]:
    for number in range(count):
        yield VolumeImport(volume=VOLUME, location=f"runs/{number}.bam", project=PROJECT, ref=number)


async def mixed() -> AsyncIterator[Item]:
    yield VolumeImport(volume=VOLUME, location="a.bam", project=PROJECT)
    yield DRSImport(drs_uri="drs://dg.4DFC:1", project=PROJECT, name="1", conflict_resolution="RENAME")


async def outcomes_of_a_run(client: Client) -> Summary:
    async with client.transfer(imports(3), total=3) as run:
        assert_type(run, TransferRun)
        async for outcome in run:
            assert_type(outcome, Outcome)
            assert_type(told(outcome), str)
        assert_type(run.progress, Progress)
        assert_type(run.progress.remaining, float | None)
        assert_type(run.progress.waiting_for, str | None)
        return assert_type(run.summary, Summary)


def told(outcome: Outcome) -> str:
    assert_type(outcome.item, VolumeImport | VolumeExport | DRSImport)
    assert_type(outcome.error, ErrorRecord | None)
    assert_type(outcome.finished_on, datetime | None)
    assert_type(outcome.skipped, bool | None)
    match outcome.state:
        case OutcomeState.COMPLETED:
            return outcome.file_id or "no file"
        case OutcomeState.FAILED | OutcomeState.UNCONFIRMED:
            return str(outcome.error)
        case _ as state:
            assert_never(state)


def subject(item: Item) -> str:
    """The kinds are told apart by their classes, and there are no others."""
    match item:
        case VolumeImport() | VolumeExport():
            return item.volume
        case DRSImport():
            return item.drs_uri
        case _:
            assert_never(item)


async def kinds_of_list(client: Client, folder: Path) -> list[Summary]:
    """A run takes items from anything that gives them."""
    (folder / "list.csv").write_text("location\nruns/1.bam\n", encoding="utf-8")
    lists = WorkList(folder / "list.csv", "import", defaults={"volume": VOLUME, "project": PROJECT})
    return [
        await client.transfer([*imports(1)]).wait(),
        await client.transfer(tuple(imports(1))).wait(),
        await client.transfer(mixed()).wait(),
        await client.transfer(lists, journal=str(folder / "a.sqlite")).wait(),
        await client.transfer(imports(1), journal=folder / "b.sqlite").wait(),
        await client.transfer(client.volume_items(VOLUME, prefix="runs/", project=PROJECT)).wait(),
        await client.resume(folder / "b.sqlite").wait(),
    ]


async def verified(client: Client) -> list[Verified]:
    async with client.transfer(imports(2)) as run:
        return [assert_type(one, Verified) async for one in client.verify(run)]


async def looked_at(client: Client) -> None:
    async for project in client.list_projects():
        assert_type(project, Project)
    async for file in client.list_files(project=PROJECT):
        assert_type(file, FileDetails)
    async for job in client.list_imports(state="COMPLETED"):
        assert_type(job, ImportJob)
    assert_type((await client.user()).username, str)
    assert_type(await client.make_folder("new", project=PROJECT), FileDetails)


def a_client_of_its_own() -> Client:
    async def token() -> str:
        return "0123456789abcdef0123456789abcdef"

    return Client("https://cgc-api.sbgenomics.com/v2", token, polling=Polling.eager)


def in_a_plain_script(list_of_items: list[VolumeImport]) -> Summary:
    with blocking.transfer(list_of_items, max_in_flight=10) as run:
        for outcome in run:
            assert_type(outcome, Outcome)
        assert_type(run.progress, Progress)
        return assert_type(run.summary, Summary)


async def in_a_cluster(client: Client, url: str) -> int:
    async with Cluster(url) as cluster:
        assert_type(cluster.budget(), SharedBudget)
        assert_type(cluster.worker(client=client), Worker)
        run = await cluster.submit(mixed(), client, name="nightly", notes={"ticket": 7})
        assert_type(run, int)
        assert_type(await cluster.cancel(run), RunStatus)
        async for outcome in cluster.results(run):
            assert_type(outcome, Outcome)
        journal = assert_type(cluster.journal("mine"), PostgresJournal)
        summary = await client.transfer(mixed(), journal=journal).wait()
        return summary.completed
