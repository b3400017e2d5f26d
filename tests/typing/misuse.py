"""What a type checker has to refuse: each line that it takes is an unused comment, which is an error.

Nothing here runs. One comment is for both checkers: mypy compares its code, pyright its place.
"""

from __future__ import annotations

from sbtransfer import Client, DRSImport, Outcome, VolumeExport, VolumeImport, WorkList, blocking
from sbtransfer.cluster import Cluster

PROJECT, VOLUME = "rfranklin/my-project", "rfranklin/input"
AN_IMPORT = VolumeImport(volume=VOLUME, location="a.bam", project=PROJECT)


def items() -> None:
    VolumeImport(VOLUME, "a.bam", PROJECT)  # type: ignore[call-arg]
    VolumeImport(location="a.bam", project=PROJECT)  # type: ignore[call-arg]
    VolumeImport(volume=VOLUME, location=7, project=PROJECT)  # type: ignore[arg-type]
    VolumeImport(volume=VOLUME, location="a.bam", project=PROJECT, size="7")  # type: ignore[arg-type]
    VolumeExport(file="5f1e", volume=VOLUME, location="a.bam", copyonly=True)  # type: ignore[call-arg]
    DRSImport(drs_uri="drs://dg.4DFC:1", project=PROJECT, conflict_resolution="skip")  # type: ignore[arg-type]
    DRSImport(drs_uri="drs://dg.4DFC:1", project=PROJECT, ref=[])  # type: ignore[arg-type]
    AN_IMPORT.location = "b.bam"  # type: ignore[misc]
    _ = AN_IMPORT.drs_uri  # type: ignore[attr-defined]


async def runs(client: Client) -> None:
    client.transfer(["a.bam"])  # type: ignore[list-item]
    client.transfer(AN_IMPORT)  # type: ignore[arg-type]
    client.transfer([AN_IMPORT], "move.sqlite")  # type: ignore[call-arg]
    client.transfer([AN_IMPORT], journal=7)  # type: ignore[arg-type]
    client.transfer([AN_IMPORT], max_inflight=7)  # type: ignore[call-arg]
    for _ in client.transfer([AN_IMPORT]):  # type: ignore[attr-defined]
        pass
    with client:  # type: ignore[attr-defined]
        pass
    async with client.transfer([AN_IMPORT]) as run:
        run.progress.completed = 7  # type: ignore[misc]
        run.summary = run.summary  # type: ignore[misc]


def outcomes(outcome: Outcome) -> None:
    outcome.file_id.upper()  # type: ignore[union-attr]
    _ = outcome.item.drs_uri  # type: ignore[union-attr]
    _ = outcome.status  # type: ignore[attr-defined]


def clients() -> None:
    Client(token=lambda: "a string, and no promise of one")  # type: ignore[arg-type]
    Client(limits=1000)  # type: ignore[arg-type]
    WorkList("list.csv", "imports")  # type: ignore[arg-type]


async def others(cluster: Cluster, client: Client) -> None:
    await cluster.submit([AN_IMPORT])  # type: ignore[call-arg]
    cluster.results("7")  # type: ignore[arg-type]
    blocking.transfer([AN_IMPORT], journal=7)  # type: ignore[arg-type]
    async for _ in blocking.transfer([AN_IMPORT]):  # type: ignore[attr-defined]
        pass
