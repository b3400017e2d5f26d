from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest

from sbtransfer.cli.listing.rows import PROJECT_COLUMNS, VOLUME_COLUMNS, Count, Row, project_rows, volume_rows
from sbtransfer.client import Client
from sbtransfer.errors import WorkListError
from sbtransfer.simulator import File, Platform, Volume
from sbtransfer.simulator.clock import run
from sbtransfer.simulator.world import Alias
from sbtransfer.sources import Selection
from tests.flows.simulated import PROJECT, Script, Send, connected, honest, quick_platform, reply

EVERYTHING = Selection()
DATA = "rosa/data"


def listed(
    rows: Callable[[Client], AsyncIterator[Row]], platform: Platform, script: Script = honest
) -> list[Row]:
    """Return the rows that a client of the platform finds."""

    async def main() -> list[Row]:
        async with connected(platform, script) as (client, _):
            return [row async for row in rows(client)]

    return run(main())


def with_objects(**objects: int) -> Platform:
    platform = quick_platform()
    volume = platform.world.volumes[DATA] = Volume(DATA)
    for location, size in objects.items():
        volume.put(location, size)
    return platform


def with_files(*names: str) -> Platform:
    """A project with files of 10 bytes, half of them in a folder."""
    platform = quick_platform()
    folder = platform.world.folder(PROJECT, None, "runs", 0.0)
    for number, name in enumerate(names):
        parent = folder.id if number % 2 else None
        platform.world.add(File(id=f"id-{name}", name=name, project=PROJECT, parent=parent, size=10))
    return platform


def volume_listed(
    platform: Platform, prefix: str = "", selection: Selection = EVERYTHING
) -> tuple[list[str], Count]:
    count = Count()
    rows = listed(lambda client: volume_rows(client, DATA, prefix, selection, count), platform)
    return sorted(row["location"] for row in rows), count


def project_listed(
    platform: Platform,
    selection: Selection = EVERYTHING,
    *,
    aliases: bool = False,
    script: Script = honest,
) -> tuple[list[Row], Count]:
    count = Count(aliases_listed=aliases)
    rows = listed(lambda client: project_rows(client, PROJECT, None, selection, count), platform, script)
    return rows, count


# Volumes -------------------------------------------------------------------------------------------------


def test_a_row_of_a_volume_has_the_columns_of_a_work_list() -> None:
    platform = quick_platform()
    volume = platform.world.volumes[DATA] = Volume(DATA)
    volume.put("a/b.gz", 7, md5="0" * 32)
    (row,) = listed(lambda client: volume_rows(client, DATA, "", EVERYTHING, Count()), platform)
    assert row == {"volume": DATA, "location": "a/b.gz", "size": 7, "md5": "0" * 32}
    assert tuple(row) == VOLUME_COLUMNS


def test_objects_below_a_prefix_and_the_count_of_them() -> None:
    platform = with_objects(**{"runs/1.gz": 5, "runs/deep/2.gz": 6, "running.gz": 7, "other/3.gz": 8})
    locations, count = volume_listed(platform, "run")
    assert locations == ["running.gz", "runs/1.gz", "runs/deep/2.gz"]
    assert str(count) == "3 files, 18 bytes"
    assert volume_listed(platform, "nothing") == ([], Count())


def test_objects_that_stand_for_folders_are_left_out() -> None:
    locations, count = volume_listed(with_objects(**{"empty/": 0, "a.gz": 1}))
    assert locations == ["a.gz"]
    assert str(count) == "1 file, 1 bytes; 1 left out: 1 objects that stand for folders"


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(include=("*.gz",)), ["runs/a.gz", "runs/old/c.gz"]),
        (Selection(include=("old/*",)), ["runs/old/c.gz"]),  # from the folder of the prefix on
        (Selection(exclude=("*.txt", "old/*")), ["runs/a.gz"]),
        (Selection(min_size=20), ["runs/b.txt", "runs/old/c.gz"]),
        (Selection(max_size=20), ["runs/a.gz", "runs/b.txt"]),
    ],
)
def test_what_is_selected(selection: Selection, wanted: list[str]) -> None:
    platform = with_objects(**{"runs/a.gz": 10, "runs/b.txt": 20, "runs/old/c.gz": 30})
    locations, count = volume_listed(platform, "runs/", selection)
    assert locations == wanted
    assert (count.files, count.excluded) == (len(wanted), 3 - len(wanted))


# Projects ------------------------------------------------------------------------------------------------


def test_a_row_of_a_project_has_the_path_as_its_location() -> None:
    rows, count = project_listed(with_files("a.gz", "b.gz"))
    assert [(row["file"], row["location"], row["size"]) for row in rows] == [
        ("id-a.gz", "a.gz", 10),
        ("id-b.gz", "runs/b.gz", 10),
    ]
    assert tuple(rows[0]) == PROJECT_COLUMNS
    assert str(count) == "2 files, 20 bytes"


def test_aliases_are_left_out_unless_they_are_wanted() -> None:
    platform = with_files("a.gz", "b.gz", "c.gz")
    platform.world.files["id-b.gz"].alias = Alias(0.0, "rosa/output", "b.gz")
    rows, count = project_listed(platform)
    assert [row["file"] for row in rows] == ["id-a.gz", "id-c.gz"]
    assert str(count) == "2 files, 20 bytes; 1 left out: 1 aliases, whose bytes are on a volume already"
    rows, count = project_listed(platform, Selection(exclude=("a.*",)), aliases=True)
    assert [row["file"] for row in rows] == ["id-c.gz", "id-b.gz"]
    assert str(count) == (
        "2 files, 20 bytes, 1 of them aliases, which cannot be exported; "
        "1 left out: 1 by --include, --exclude or size"
    )


def terse(answer: Any) -> Any:
    """A list that tells no more of a file than its name and its place."""
    body = orjson.loads(answer.body)
    for item in body["items"]:
        for name in ("size", "storage"):
            item.pop(name, None)
    return reply(answer.status, orjson.dumps(body), **dict(answer.headers))


async def telling_little(request: Any, send: Send) -> Any:
    answer = await send(request)
    return terse(answer) if request.url.endswith("/files") else answer


def test_what_a_list_does_not_tell_is_asked_for_in_bulk() -> None:
    platform = with_files(*(f"{number}.gz" for number in range(150)))
    platform.world.files["id-7.gz"].alias = Alias(0.0, "rosa/output", "b.gz")
    rows, count = project_listed(platform, script=telling_little)
    assert {row["size"] for row in rows} == {10}
    assert (count.files, count.aliases) == (149, 1)
    assert sum(path == "/bulk/files/get" for _, _, path, _ in platform.requests_log) == 2


@pytest.mark.parametrize("status", [404, 403])
def test_a_file_that_is_gone_is_not_there_and_one_that_is_denied_is_an_error(status: int) -> None:
    async def without_details(request: Any, send: Send) -> Any:
        if not request.url.endswith("/bulk/files/get"):
            return await telling_little(request, send)
        return reply(200, orjson.dumps({"items": [{"error": {"status": status, "message": "no"}}]}))

    platform = with_files("a.gz")
    if status == 404:
        assert project_listed(platform, script=without_details) == ([], Count())
    else:
        with pytest.raises(WorkListError, match=r"a\.gz: the platform lists it and does not tell more"):
            project_listed(platform, script=without_details)


# Words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (Count(), "nothing found"),
        (Count(excluded=3), "nothing found; 3 left out: 3 by --include, --exclude or size"),
        (Count(files=1200, size=5_000_000_000), "1,200 files, 5.0 GB"),
        (Count(files=2, size=7, unsized=1), "2 files, 7 bytes, the size of 1 is not known"),
        (
            Count(files=1, size=7, excluded=2, folders=1),
            "1 file, 7 bytes; "
            "3 left out: 2 by --include, --exclude or size, 1 objects that stand for folders",
        ),
    ],
)
def test_a_count_in_words(count: Count, words: str) -> None:
    assert str(count) == words


def test_sizes_that_are_not_known_are_counted() -> None:
    count = Count()
    for size in (5, None, 0):
        count.add(size)
    assert (count.files, count.size, count.unsized) == (3, 5, 1)
