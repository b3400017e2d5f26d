"""A volume as a work list of imports: what is taken, where it goes, and which folders are made for it."""

from typing import Any

import orjson
import pytest
from attrs import asdict

from sbtransfer.errors import APIError, InvalidItemError, SettingsError, WorkListError
from sbtransfer.items import VolumeImport
from sbtransfer.sources import Found, PagedSource, Selection, VolumeItems
from tests.unit.sources.platform import MD5, PROJECT, VOLUME, FakeAPI

FOLDER = "5f1e"
PATTERNS = ("include", "exclude", "min_size", "max_size")


def volume_items(api: FakeAPI, **given: Any) -> VolumeItems:
    selected = {name: given.pop(name) for name in PATTERNS if name in given}
    fields = {
        "volume": VOLUME,
        "prefix": "",
        "project": PROJECT,
        "parent": None,
        "path": "{path}",
        "selection": Selection(**selected),
        "missing_only": False,
        "overwrite": False,
        "autorename": None,
    }
    return VolumeItems(api=api, **fields | given)


def holding(*locations: str, page_size: int = 100, **fields: Any) -> FakeAPI:
    api = FakeAPI(page_size=page_size)
    api.put(*locations, **fields)
    return api


def to_project(location: str, name: str, **fields: Any) -> VolumeImport:
    return VolumeImport(volume=VOLUME, location=location, project=PROJECT, name=name, **fields)


def to_folder(location: str, name: str, parent: str, **fields: Any) -> VolumeImport:
    return VolumeImport(volume=VOLUME, location=location, parent=parent, name=name, **fields)


async def listed(source: VolumeItems) -> list[VolumeImport]:
    return [item async for item in source]


async def pages(source: VolumeItems) -> list[list[str]]:
    return [[found.key for found in page] async for page in source.pages()]


async def places(api: FakeAPI, **given: Any) -> list[str]:
    """Where each object goes, as the id that its file will have."""
    return [f"{item.parent or item.project}/{item.name}" async for item in volume_items(api, **given)]


def counts(source: VolumeItems) -> dict[str, int]:
    """What was counted, without what is zero."""
    return {name: count for name, count in asdict(source.passed).items() if count}


# Where objects go ----------------------------------------------------------------------------------------


async def test_the_structure_is_kept() -> None:
    api = holding("sheet.csv", "runs/1.bam", "runs/2024/2.bam")
    assert await listed(volume_items(api)) == [
        to_project("sheet.csv", "sheet.csv"),
        to_folder("runs/1.bam", "1.bam", "rosa/study/runs"),
        to_folder("runs/2024/2.bam", "2.bam", "rosa/study/runs/2024"),
    ]
    assert api.asked("make_folder") == [["runs", PROJECT, None], ["2024", None, "rosa/study/runs"]]


async def test_items_have_what_the_volume_tells_and_what_was_asked_for() -> None:
    api = holding("1.bam", size=7, md5=MD5.upper())
    items = await listed(volume_items(api, overwrite=True, autorename=False))
    assert items == [to_project("1.bam", "1.bam", size=7, md5=MD5, overwrite=True, autorename=False)]


async def test_a_folder_as_the_destination() -> None:
    api = holding("1.bam", "runs/2.bam")
    assert await listed(volume_items(api, project=None, parent=FOLDER)) == [
        to_folder("1.bam", "1.bam", FOLDER),
        to_folder("runs/2.bam", "2.bam", "5f1e/runs"),
    ]
    assert api.asked("make_folder") == [["runs", None, FOLDER]]


async def test_folders_that_are_there_are_used() -> None:
    api = holding("runs/1.bam")
    api.add("runs/0.bam")
    assert await places(api) == ["rosa/study/runs/1.bam"]


@pytest.mark.parametrize(
    ("prefix", "paths"),
    [
        ("", ["0", "runs/2024.txt", "runs/2024/1", "runs/2025/3", "runs/2024/a/2"]),
        # A folder: paths begin below it.
        ("runs/", ["2024.txt", "2024/1", "2025/3", "2024/a/2"]),
        ("runs/2024/", ["1", "a/2"]),
        # The middle of a name: they begin below the folder that the name is in.
        ("runs/2024", ["2024.txt", "2024/1", "2024/a/2"]),
        ("runs/202", ["2024.txt", "2024/1", "2025/3", "2024/a/2"]),
        ("runs/2025", ["2025/3"]),
        ("r", ["runs/2024.txt", "runs/2024/1", "runs/2025/3", "runs/2024/a/2"]),
        # A whole location.
        ("runs/2024/a/2", ["2"]),
        # Nothing that there is.
        ("old/", []),
        ("runs/2024/1/", []),
    ],
)
async def test_prefixes(prefix: str, paths: list[str]) -> None:
    api = holding("0", "runs/2024.txt", "runs/2024/1", "runs/2024/a/2", "runs/2025/3")
    assert await places(api, prefix=prefix) == [f"{PROJECT}/{path}" for path in paths]


async def test_a_prefix_without_a_match_counts_nothing() -> None:
    api = holding("runs/1.bam")
    source = volume_items(api, prefix="old/")
    assert await listed(source) == []
    assert counts(source) == {}
    assert api.requests == [("contents_pages", VOLUME, "old/")]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("{path}", "2024/1.bam"),
        ("{name}", "1.bam"),
        ("{location}", "runs/2024/1.bam"),
        ("archive/{path}", "archive/2024/1.bam"),
        ("{path}/{name}", "2024/1.bam/1.bam"),
        ("new-{name}.old", "new-1.bam.old"),
    ],
)
async def test_paths_by_template(path: str, place: str) -> None:
    assert await places(holding("runs/2024/1.bam"), prefix="runs/", path=path) == [f"{PROJECT}/{place}"]


async def test_a_flat_list_needs_no_folders() -> None:
    api = holding("a/1", "a/b/2", "c/3")
    assert await places(api, path="{name}") == [f"{PROJECT}/{name}" for name in "132"]
    assert api.asked("make_folder") == []


async def test_braces_in_a_location_are_only_braces() -> None:
    assert await places(holding("{name}/{x.bam")) == ["rosa/study/{name}/{x.bam"]


@pytest.mark.parametrize("location", ["a//1.bam", "/1.bam", "a/../1.bam", "a/./1.bam", "..", "a/ /1.bam"])
@pytest.mark.parametrize("missing_only", [False, True])
async def test_a_location_that_is_no_path_in_a_project(location: str, missing_only: bool) -> None:
    api = holding(location)
    with pytest.raises(WorkListError) as caught:
        await listed(volume_items(api, missing_only=missing_only))
    assert str(caught.value) == (
        f"{location!r} would become {location!r}, which is no path in a project: exclude it"
    )
    assert api.asked("make_folder") == []


async def test_a_path_that_is_made_by_the_template_is_named_too() -> None:
    with pytest.raises(WorkListError, match=r"^'a/1\.bam' would become 'x//1\.bam', which"):
        await listed(volume_items(holding("a/1.bam"), path="x//{name}"))


async def test_a_location_that_is_no_path_can_be_excluded_or_given_another() -> None:
    api = holding("a//1.bam", "b/2.bam")
    assert await places(api, exclude="a//*") == ["rosa/study/b/2.bam"]
    assert await places(api, path="{name}") == ["rosa/study/2.bam", "rosa/study/1.bam"]
    assert await places(api, prefix="a//") == ["rosa/study/1.bam"]


# What is taken -------------------------------------------------------------------------------------------


async def test_what_stands_for_a_folder_is_counted_and_left_out() -> None:
    api = holding("runs/", "runs/1.bam", "runs/empty/")
    source = volume_items(api, prefix="runs/")
    assert [item.location for item in await listed(source)] == ["runs/1.bam"]
    assert counts(source) == {"shown": 3, "folders": 2}
    assert source.passed.taken == 1


async def test_patterns_and_sizes_are_counted() -> None:
    api = holding("runs/1.bam", "runs/2.bam.bai", "old/3.bam", size=10)
    api.put("runs/4.bam", size=9)
    source = volume_items(api, include="*.bam", exclude="old/*", min_size=10)
    assert [item.location for item in await listed(source)] == ["runs/1.bam"]
    assert counts(source) == {"shown": 4, "excluded": 3}
    assert source.passed.taken == 1


async def test_patterns_are_compared_with_the_path_below_the_prefix() -> None:
    api = holding("runs/a/1.bam", "runs/b/2.bam")
    assert await pages(volume_items(api, prefix="runs/", include="a/*")) == [[], ["runs/a/1.bam"], []]
    assert await pages(volume_items(api, prefix="runs/", include="runs/*")) == [[], [], []]


async def test_a_size_that_is_not_told_ends_the_list() -> None:
    with pytest.raises(WorkListError, match=r"^a/1\.bam: the platform does not tell its size"):
        await listed(volume_items(holding("a/1.bam"), max_size=10))


async def test_every_reason_together() -> None:
    api = holding("a/", "a/1.bam", "a/2.bam", "a/2.txt", "b.bam")
    api.add("a/1.bam")
    source = volume_items(api, include="*.bam", missing_only=True)
    assert [item.location for item in await listed(source)] == ["b.bam", "a/2.bam"]
    assert counts(source) == {"shown": 5, "excluded": 1, "there": 1, "folders": 1}
    assert source.passed.taken == 2


# What is missing -----------------------------------------------------------------------------------------


async def test_what_is_at_its_place_already_is_left_out() -> None:
    api = holding("0", "1", "a/1", "a/2", "a/b/3")
    api.add("1", "a/2", "a/b/4", "2", "b/0")
    source = volume_items(api, missing_only=True)
    assert await pages(source) == [["0"], ["a/1"], ["a/b/3"]]
    assert counts(source) == {"shown": 5, "there": 2}
    assert api.asked("make_folder") == []


async def test_where_there_is_no_folder_everything_is_missing() -> None:
    api = holding("a/b/1", "a/b/2")
    source = volume_items(api, missing_only=True)
    assert await pages(source) == [[], [], ["a/b/1", "a/b/2"]]
    assert api.asked("file_pages") == [[PROJECT, None, "a"]]


async def test_a_path_of_which_only_the_beginning_is_there() -> None:
    api = holding("a/b/1", "a/c/1")
    api.add("a/b", is_folder=True)
    api.add("a/c")  # a file has the folder's name
    assert await pages(volume_items(api, missing_only=True)) == [[], [], ["a/b/1"], ["a/c/1"]]
    assert api.asked("make_folder") == []


async def test_a_folder_is_listed_once_for_all_of_its_objects() -> None:
    api = holding(*(f"a/{number:03}" for number in range(250)), page_size=100)
    api.add(*(f"a/{number:03}" for number in range(0, 250, 2)))
    source = volume_items(api, missing_only=True)
    assert [item.location for item in await listed(source)] == [f"a/{n:03}" for n in range(1, 250, 2)]
    assert counts(source) == {"shown": 250, "there": 125}
    # It is found by its name, then listed in two pages; and so it need not be made.
    assert api.asked("file_pages") == [[PROJECT, None, "a"], *[[None, "rosa/study/a", None]] * 2]
    assert api.asked("make_folder") == []


async def test_what_is_missing_is_told_by_the_template() -> None:
    api = holding("runs/1.bam", "runs/2.bam")
    api.add("1.bam", home=FOLDER)
    source = volume_items(api, path="{name}", project=None, parent=FOLDER, missing_only=True)
    assert await pages(source) == [[], ["runs/2.bam"]]
    assert api.asked("file_pages") == [[None, FOLDER, None]]


async def test_what_is_excluded_is_not_looked_for() -> None:
    api = holding("a/1", "b/2")
    source = volume_items(api, exclude="*", missing_only=True)
    assert await listed(source) == []
    assert counts(source) == {"shown": 2, "excluded": 2}
    assert api.asked("file_pages") == []


# Pages, and folders only for what is asked for -----------------------------------------------------------


async def test_pages_make_no_folders() -> None:
    api = holding("runs/1.bam", "runs/2024/2.bam")
    assert await pages(volume_items(api)) == [[], ["runs/1.bam"], ["runs/2024/2.bam"]]
    assert {name for name, *_ in api.requests} == {"contents_pages"}


async def test_folders_are_made_for_the_items_that_are_asked_for() -> None:
    api = holding("a/1", "b/2", "b/3", "c/4")
    source = volume_items(api)
    assert isinstance(source, PagedSource)
    found = {one.key: one async for page in source.pages() for one in page}
    assert await source.items([found["b/3"]]) == [to_folder("b/3", "3", "rosa/study/b")]
    assert await source.items([]) == []
    assert await source.items([found["b/2"], found["b/3"]]) == [
        to_folder("b/2", "2", "rosa/study/b"),
        to_folder("b/3", "3", "rosa/study/b"),
    ]
    assert api.asked("make_folder") == [["b", PROJECT, None]]


async def test_an_item_has_the_key_of_what_it_was_made_of() -> None:
    api = holding("a/1", "a/2")
    source = volume_items(api, prefix="a/", path="x/{name}")
    (page,) = [page async for page in source.pages()]
    assert page == [Found("a/1", api.objects["a/1"]), Found("a/2", api.objects["a/2"])]
    assert [source.key(item) for item in await source.items(page)] == ["a/1", "a/2"]


async def test_a_folder_that_cannot_be_made_ends_the_list() -> None:
    api = holding("a/1")
    api.add("a")
    with pytest.raises(APIError) as caught:
        await listed(volume_items(api))
    assert caught.value.status == 409


# Again ---------------------------------------------------------------------------------------------------


async def test_each_iteration_reads_anew() -> None:
    api = holding("1", "2")
    api.add("1")
    source = volume_items(api, missing_only=True)
    assert await pages(source) == [["2"]]
    assert counts(source) == {"shown": 2, "there": 1}
    api.add("2")
    api.put("3")
    del api.objects["1"]
    assert await pages(source) == [["3"]]
    assert counts(source) == {"shown": 2, "there": 1}


async def test_a_source_can_be_made_anew_from_its_description() -> None:
    api = holding("runs/1.bam", "runs/2.bam", "runs/2.bam.bai", size=7)
    api.add("runs/2.bam", home=FOLDER)
    source = volume_items(
        api,
        prefix="ru",
        project=None,
        parent=FOLDER,
        path="x/{path}",
        include=["*.bam", "a/*"],
        max_size=7,
        missing_only=True,
        overwrite=True,
        autorename=True,
    )
    # A journal keeps it as JSON.
    kept = orjson.loads(orjson.dumps(source.describe()))
    selected = kept["selection"]
    missing_only = selected.pop("missing_only")
    again = VolumeItems(
        api=api, **kept["volume_items"], selection=Selection(**selected), missing_only=missing_only
    )
    assert again.describe() == source.describe()
    assert again.selection == source.selection
    assert await listed(again) == await listed(source) != []


def test_a_description_tells_all() -> None:
    assert volume_items(FakeAPI(), prefix="runs/", exclude="*.bai").describe() == {
        "volume_items": {
            "volume": VOLUME,
            "prefix": "runs/",
            "project": PROJECT,
            "parent": None,
            "path": "{path}",
            "overwrite": False,
            "autorename": None,
        },
        "selection": {
            "include": (),
            "exclude": ("*.bai",),
            "min_size": None,
            "max_size": None,
            "missing_only": False,
        },
    }


# What cannot be used -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"project": None, "parent": None}, InvalidItemError),
        ({"project": "study"}, InvalidItemError),
        ({"project": None, "parent": ""}, InvalidItemError),
        ({"volume": "input"}, InvalidItemError),
        ({"overwrite": "no"}, InvalidItemError),
        ({"autorename": 1}, InvalidItemError),
        ({"path": "archive"}, SettingsError),
        ({"path": "{id}"}, SettingsError),
        ({"path": "{path.__class__}"}, SettingsError),
    ],
)
def test_what_cannot_be_used_is_refused_at_once(given: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        volume_items(FakeAPI(), **given)


def test_a_source_says_what_it_is() -> None:
    assert repr(volume_items(FakeAPI(), prefix="runs/")) == "<VolumeItems rosa/input/runs/>"
