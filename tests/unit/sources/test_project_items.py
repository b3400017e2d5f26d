"""A project as a work list of exports: what is taken, where it goes, and what is asked about it."""

from typing import Any

import orjson
import pytest
from attrs import asdict, evolve

from sbtransfer.errors import InvalidItemError, SettingsError, WorkListError
from sbtransfer.items import VolumeExport
from sbtransfer.models import ErrorRecord
from sbtransfer.sources import Found, PagedSource, ProjectItems, Selection
from tests.unit.sources.platform import DENIED, GONE, MD5, PROJECT, FakeAPI

OUTPUT, FOLDER = "rosa/output", "5f1e"
PATTERNS = ("include", "exclude", "min_size", "max_size")


def project_items(api: FakeAPI, **given: Any) -> ProjectItems:
    selected = {name: given.pop(name) for name in PATTERNS if name in given}
    fields = {
        "project": PROJECT,
        "parent": None,
        "volume": OUTPUT,
        "location": "{path}",
        "selection": Selection(**selected),
        "missing_only": False,
        "overwrite": False,
        "copy_only": False,
        "properties": None,
    }
    return ProjectItems(api=api, **fields | given)


def holding(*paths: str, page_size: int = 100, **fields: Any) -> FakeAPI:
    api = FakeAPI(page_size=page_size)
    api.add(*paths, **{"size": 7} | fields)
    return api


def an_export(file: str, location: str, **fields: Any) -> VolumeExport:
    given: dict[str, Any] = {"file": file, "volume": OUTPUT, "location": location, "size": 7} | fields
    return VolumeExport(**given)


async def listed(source: ProjectItems) -> list[VolumeExport]:
    return [item async for item in source]


async def pages(source: ProjectItems) -> list[list[str]]:
    """The paths of what is shown, page by page."""
    return [[found.thing.path for found in page] async for page in source.pages()]


def counts(source: ProjectItems) -> dict[str, int]:
    """What was counted, without what is zero."""
    return {name: count for name, count in asdict(source.passed).items() if count}


# Where files go ------------------------------------------------------------------------------------------


async def test_the_structure_is_kept() -> None:
    api = holding("1.bam", "runs/2.bam", "runs/2024/3.bam")
    assert await listed(project_items(api)) == [
        an_export("rosa/study/1.bam", "1.bam"),
        an_export("rosa/study/runs/2.bam", "runs/2.bam"),
        an_export("rosa/study/runs/2024/3.bam", "runs/2024/3.bam"),
    ]
    assert {name for name, *_ in api.requests} == {"file_pages"}


async def test_items_have_what_the_project_tells_and_what_was_asked_for() -> None:
    api = holding("1.bam", md5=MD5.upper())
    properties = {"sse_algorithm": "AES256"}
    source = project_items(api, overwrite=True, copy_only=True, properties=properties)
    assert await listed(source) == [
        an_export(
            "rosa/study/1.bam",
            "1.bam",
            md5=MD5,
            overwrite=True,
            copy_only=True,
            properties=properties,
        )
    ]


async def test_the_paths_of_a_folder_begin_below_it() -> None:
    api = holding("1.bam", "a/2.bam", home=FOLDER)
    assert await listed(project_items(api, project=None, parent=FOLDER)) == [
        an_export("5f1e/1.bam", "1.bam"),
        an_export("5f1e/a/2.bam", "a/2.bam"),
    ]


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("{path}", "runs/1.bam"),
        ("{name}", "1.bam"),
        ("backup/{path}", "backup/runs/1.bam"),
        ("{id}", "rosa/study/runs/1.bam"),
        ("{name}.{id}", "1.bam.rosa/study/runs/1.bam"),
    ],
)
async def test_locations_by_template(location: str, expected: str) -> None:
    (item,) = await listed(project_items(holding("runs/1.bam"), location=location))
    assert item.location == expected


# What is taken -------------------------------------------------------------------------------------------


async def test_aliases_are_left_out_and_counted() -> None:
    api = holding("1.bam", "2.bam")
    api.add("3.bam", alias=(OUTPUT, "3.bam"))
    source = project_items(api)
    assert await pages(source) == [["1.bam", "2.bam"]]
    assert counts(source) == {"shown": 3, "aliases": 1}
    # That it is an alias was told; nothing more is asked about it.
    assert api.asked("file_details") == []


async def test_patterns_and_sizes_are_counted() -> None:
    api = holding("runs/1.bam", "runs/2.bai", "old/3.bam")
    api.add("runs/4.bam", size=6)
    source = project_items(api, include="*.bam", exclude="old/*", min_size=7, max_size=7)
    assert await pages(source) == [[], ["runs/1.bam"], []]
    assert counts(source) == {"shown": 4, "excluded": 3}


async def test_a_size_that_is_not_told_at_all() -> None:
    api = holding("a/1.bam", size=None)
    (item,) = await listed(project_items(api))
    assert item.size is None
    with pytest.raises(WorkListError, match=r"^a/1\.bam: the platform does not tell its size"):
        await listed(project_items(api, min_size=1))


async def test_every_reason_together() -> None:
    api = holding("1.bam", "2.bam", "2.txt")
    api.add("3.bam", alias=(OUTPUT, "x"))
    api.put("1.bam")
    source = project_items(api, include="*.bam", missing_only=True)
    assert await pages(source) == [["2.bam"]]
    assert counts(source) == {"shown": 4, "excluded": 1, "there": 1, "aliases": 1}
    assert source.passed.taken == 1


# What the list does not tell -----------------------------------------------------------------------------


async def test_what_the_list_does_not_tell_is_read_in_bulk() -> None:
    api = holding("told.bam")
    api.add("a/1.bam", "a/2.bam", "a/3.bam")
    full = {name: api.files[f"rosa/study/a/{name}"] for name in ("1.bam", "2.bam", "3.bam")}
    api.told[full["1.bam"].id] = evolve(full["1.bam"], size=11, md5=MD5)
    api.told[full["2.bam"].id] = evolve(full["2.bam"], size=12, alias=(OUTPUT, "2.bam"))
    api.told[full["3.bam"].id] = evolve(full["3.bam"], size=13)
    source = project_items(api, max_size=12)
    assert await listed(source) == [
        an_export("rosa/study/told.bam", "told.bam"),
        an_export("rosa/study/a/1.bam", "a/1.bam", size=11, md5=MD5),
    ]
    assert counts(source) == {"shown": 4, "excluded": 1, "aliases": 1}
    assert api.asked("file_details") == [[file.id for file in full.values()]]


async def test_a_page_is_one_bulk_get() -> None:
    api = FakeAPI(page_size=100)
    api.add(*(f"{number}.bam" for number in range(150)))
    assert len(await listed(project_items(api))) == 150
    assert [len(ids) for ids in api.asked("file_details")] == [100, 50]


async def test_what_was_deleted_meanwhile_was_never_there() -> None:
    api = FakeAPI()
    api.add("1.bam", "2.bam", "3.bam")
    api.told["rosa/study/2.bam"] = GONE
    source = project_items(api)
    assert await pages(source) == [["1.bam", "3.bam"]]
    assert counts(source) == {"shown": 2}


@pytest.mark.parametrize("error", [DENIED, ErrorRecord(500, 1, "oops"), ErrorRecord(message="no answer")])
async def test_what_the_platform_does_not_tell_for_another_reason_ends_the_list(error: ErrorRecord) -> None:
    api = FakeAPI()
    api.add("a/1.bam", "a/2.bam")
    api.told["rosa/study/a/2.bam"] = error
    with pytest.raises(WorkListError) as caught:
        await listed(project_items(api))
    assert str(caught.value) == f"a/2.bam: the platform lists it and does not tell more of it: {error}"


# What is missing -----------------------------------------------------------------------------------------


async def test_what_is_at_its_location_already_is_left_out() -> None:
    api = holding("1.bam", "2.bam", "a/1.bam", "a/2.bam", "b/1.bam")
    api.put("backup/1.bam", "backup/a/2.bam", "2.bam", "backup/b/1.bam/", "backup/b/1.bam.bai")
    source = project_items(api, location="backup/{path}", missing_only=True)
    assert await pages(source) == [["2.bam"], ["a/1.bam"], ["b/1.bam"]]
    assert counts(source) == {"shown": 5, "there": 2}
    assert api.asked("contents_pages") == [
        [OUTPUT, "backup/"],
        [OUTPUT, "backup/a/"],
        [OUTPUT, "backup/b/"],
    ]


async def test_a_folder_of_the_volume_is_listed_once_for_all_of_its_files() -> None:
    api = holding(*(f"a/{number:03}" for number in range(250)))
    api.put(*(f"a/{number:03}" for number in range(0, 250, 2)))
    source = project_items(api, missing_only=True)
    assert [path for page in await pages(source) for path in page] == [
        f"a/{number:03}" for number in range(1, 250, 2)
    ]
    assert counts(source) == {"shown": 250, "there": 125}
    assert api.asked("contents_pages") == [[OUTPUT, "a/"]] * 2


async def test_a_location_without_a_folder() -> None:
    api = holding("a/1.bam", "b/2.bam")
    api.put("2.bam", "a/1.bam")
    source = project_items(api, location="{name}", missing_only=True)
    assert await pages(source) == [[], ["a/1.bam"], []]
    assert api.asked("contents_pages") == [[OUTPUT, ""]]


async def test_what_is_left_out_for_another_reason_is_not_looked_for() -> None:
    api = holding("a/1.bam")
    api.add("b/2.bam", alias=(OUTPUT, "x"))
    assert await pages(project_items(api, exclude="a/*", missing_only=True)) == [[], [], []]
    assert api.asked("contents_pages") == []


# Pages and items -----------------------------------------------------------------------------------------


async def test_items_are_made_of_what_is_asked_for() -> None:
    api = holding("1.bam", "2.bam")
    source = project_items(api)
    assert isinstance(source, PagedSource)
    (page,) = [page async for page in source.pages()]
    assert page == [
        Found(f"rosa/study/{name}", evolve(api.files[f"rosa/study/{name}"], path=name))
        for name in ("1.bam", "2.bam")
    ]
    items = await source.items(page[1:])
    assert items == [an_export("rosa/study/2.bam", "2.bam")]
    assert source.key(items[0]) == page[1].key


# Again ---------------------------------------------------------------------------------------------------


async def test_each_iteration_reads_anew() -> None:
    api = holding("1.bam", "2.bam")
    api.put("1.bam")
    source = project_items(api, missing_only=True)
    assert await pages(source) == [["2.bam"]]
    api.put("2.bam")
    api.add("3.bam", size=7)
    del api.files["rosa/study/1.bam"]
    assert await pages(source) == [["3.bam"]]
    assert counts(source) == {"shown": 2, "there": 1}


async def test_a_source_can_be_made_anew_from_its_description() -> None:
    api = holding("a/1.bam", "a/2.bam", "a/2.bai", home=FOLDER)
    api.put("x/a/1.bam")
    source = project_items(
        api,
        project=None,
        parent=FOLDER,
        location="x/{path}",
        include="*.bam",
        max_size=7,
        missing_only=True,
        overwrite=True,
        copy_only=True,
        properties={"sse_algorithm": "AES256"},
    )
    # A journal keeps it as JSON.
    kept = orjson.loads(orjson.dumps(source.describe()))
    selected = kept["selection"]
    missing_only = selected.pop("missing_only")
    again = ProjectItems(
        api=api, **kept["project_items"], selection=Selection(**selected), missing_only=missing_only
    )
    assert again.describe() == source.describe()
    assert again.selection == source.selection
    assert await listed(again) == await listed(source) != []


def test_a_description_tells_all() -> None:
    assert project_items(FakeAPI(), min_size=1, missing_only=True).describe() == {
        "project_items": {
            "project": PROJECT,
            "parent": None,
            "volume": OUTPUT,
            "location": "{path}",
            "overwrite": False,
            "copy_only": False,
            "properties": None,
        },
        "selection": {
            "include": (),
            "exclude": (),
            "min_size": 1,
            "max_size": None,
            "missing_only": True,
        },
    }


# What cannot be used -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"volume": "output"}, InvalidItemError),
        ({"overwrite": "no"}, InvalidItemError),
        ({"copy_only": None}, InvalidItemError),
        ({"properties": "AES256"}, InvalidItemError),
        ({"properties": {"a": {1}}}, InvalidItemError),
        ({"location": "{path}/"}, InvalidItemError),
        ({"location": "tab\t/{path}"}, InvalidItemError),
        ({"location": "backup/"}, SettingsError),
        ({"location": "{location}"}, SettingsError),
        ({"location": "{path.__class__}"}, SettingsError),
    ],
)
def test_what_cannot_be_used_is_refused_at_once(given: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        project_items(FakeAPI(), **given)


@pytest.mark.parametrize(
    ("home", "shown"),
    [
        ({}, "<ProjectItems rosa/study>"),
        ({"project": None, "parent": FOLDER}, "<ProjectItems 5f1e>"),
    ],
)
def test_a_source_says_what_it_is(home: dict[str, Any], shown: str) -> None:
    assert repr(project_items(FakeAPI(), **home)) == shown
