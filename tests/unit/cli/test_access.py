from collections.abc import Callable

import pytest

from sbtransfer.cli.access import AT_MOST, Access, NoPermissionError, look_at
from sbtransfer.cli.exits import Exit, exit_for
from sbtransfer.client import Client
from sbtransfer.errors import WorkListError
from sbtransfer.items import Item, Kind
from sbtransfer.limits import Limits
from sbtransfer.simulator import Faults, Platform, Project, Volume
from sbtransfer.simulator.clock import run
from sbtransfer.testing import SimulatedTransport
from sbtransfer.worklist import Places
from tests.support import a_drs, an_export, an_import

ENDPOINT = "https://platform.example/v2"


@pytest.fixture
def platform() -> Platform:
    platform = Platform()
    for project in (
        Project("rosa/study"),
        Project("rosa/closed", writable=False),
        Project("rosa/far", region="eu-west-1"),
    ):
        platform.world.projects[project.id] = project
    for volume in (
        Volume("rosa/input", writable=False),
        Volume("rosa/output"),
        Volume("rosa/off", active=False),
    ):
        platform.world.volumes[volume.id] = volume
    return platform


@pytest.fixture
def looked(platform: Platform) -> Callable[..., Access]:
    def look(kind: Kind, *items: Item) -> Access:
        places = Places()
        for item in items:
            places.add(item)

        async def main() -> Access:
            transport = SimulatedTransport(platform)
            async with Client(
                ENDPOINT, platform.token, transport=transport, limits=Limits.unlimited()
            ) as client:
                return await look_at(client, kind, places)

        return run(main())

    return look


def test_a_list_that_can_be_transferred(platform: Platform, looked: Callable[..., Access]) -> None:
    assert looked("import", an_import()) == Access()
    assert [path for _, _, path, _ in platform.requests_log] == [
        "/storage/volumes/rosa/input",
        "/projects/rosa/study",
    ]
    assert looked("drs", a_drs()) == Access()
    assert looked("export", an_export()) == Access()


def test_all_that_is_wrong_is_told_at_once(looked: Callable[..., Access]) -> None:
    items = (
        an_import(volume="rosa/nowhere"),
        an_import(volume="rosa/off"),
        an_import(project="rosa/closed"),
        an_import(project="rosa/none"),
        an_import(project=None, parent="missing"),
    )
    access = looked("import", *items)
    assert access.refused == [
        "project rosa/closed: you may not write into it: ask its owner for the permission to write"
    ]
    assert [problem.partition(": ")[0] for problem in access.unusable] == [
        "volume rosa/nowhere",
        "parent missing",
        "project rosa/none",
        "volume rosa/off",
    ]
    with pytest.raises(NoPermissionError) as raised:
        access.raise_for_problems()
    assert str(raised.value).count("\n") == 6
    assert exit_for(raised.value) is Exit.REFUSED


def test_a_folder_leads_to_its_project(platform: Platform, looked: Callable[..., Access]) -> None:
    folder = platform.world.folder("rosa/closed", None, "runs", 0)
    assert looked("drs", a_drs(project=None, parent=folder.id)).refused
    file = platform.world.file("5f1e", 0)
    access = looked("import", an_import(project=None, parent=file.id))
    assert access.unusable == ["parent 5f1e: is the file '5f1e' and not a folder"]


def test_exports_need_a_volume_that_can_be_written_in_their_own_region(
    platform: Platform, looked: Callable[..., Access]
) -> None:
    access = looked("export", an_export(volume="rosa/input"))
    assert access.unusable == ["volume rosa/input: is read-only: exports need one that is RW"]
    platform.world.file("5f1e", 0).project = "rosa/far"
    access = looked("export", an_export())
    assert access.unusable == [
        "volume rosa/output: is in us-east-1, and project rosa/far in eu-west-1: "
        "exports need a volume in the project's own region"
    ]
    with pytest.raises(WorkListError, match="--no-check sends it all the same") as raised:
        access.raise_for_problems()
    assert exit_for(raised.value) is Exit.USAGE


def test_a_list_with_many_projects_costs_few_requests(
    platform: Platform, looked: Callable[..., Access]
) -> None:
    names = [f"rosa/p{n}" for n in range(AT_MOST + 5)]
    platform.world.projects.update({name: Project(name) for name in names})
    access = looked("drs", *(a_drs(project=name) for name in names))
    assert access.unchecked == ["5 further projects"]
    assert len(platform.requests_log) == AT_MOST


def test_what_cannot_be_read_is_no_reason_to_stop(platform: Platform, looked: Callable[..., Access]) -> None:
    platform.faults = Faults({"empty": 1.0}, seed=1)
    access = looked("drs", a_drs())
    assert access.unchecked
    access.raise_for_problems()
