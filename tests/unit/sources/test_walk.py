"""Folders opened one after the other: everything comes once, and in which order."""

from sbtransfer.resources import FileDetails
from sbtransfer.sources.walk import files_within, objects_within
from tests.unit.sources.platform import PROJECT, VOLUME, FakeAPI


async def locations(api: FakeAPI, prefix: str = "") -> list[list[str]]:
    return [[one.location for one in page] async for page in objects_within(api, VOLUME, prefix)]


async def paths(api: FakeAPI, project: str | None = PROJECT, parent: str | None = None) -> list[list[str]]:
    return [[one.path or "" for one in page] async for page in files_within(api, project, parent)]


def prefixes(api: FakeAPI) -> list[str]:
    return [prefix for _, prefix in api.asked("contents_pages")]


# Volumes -------------------------------------------------------------------------------------------------


async def test_objects_come_folder_by_folder() -> None:
    api = FakeAPI()
    api.put("a/1", "a/b/2", "a/b/3", "c/4", "0", "z")
    assert await locations(api) == [["0", "z"], ["a/1"], ["c/4"], ["a/b/2", "a/b/3"]]
    assert prefixes(api) == ["", "a/", "c/", "a/b/"]
    assert {volume for volume, _ in api.asked("contents_pages")} == {VOLUME}


async def test_a_prefix_may_end_in_the_middle_of_a_name() -> None:
    api = FakeAPI()
    api.put("runs/2023/1", "runs/2024-01/1", "runs/2024-02/1", "runs/2024.txt", "run")
    assert await locations(api, "runs/2024") == [["runs/2024.txt"], ["runs/2024-01/1"], ["runs/2024-02/1"]]


async def test_a_prefix_that_nothing_begins_with() -> None:
    api = FakeAPI()
    api.put("runs/1")
    assert await locations(api, "old/") == [[]]
    assert len(api.requests) == 1


async def test_an_empty_folder_of_a_volume_is_an_object_of_its_name() -> None:
    api = FakeAPI()
    api.put("empty/", "runs/1")
    assert await locations(api) == [[], ["empty/"], ["runs/1"]]


async def test_a_volume_of_many_pages() -> None:
    api = FakeAPI(page_size=2)
    api.put(*(f"{folder}/{number}" for folder in "abc" for number in range(5)))
    pages = await locations(api)
    # Folders fill pages, too, on which there are no objects.
    assert [len(page) for page in pages] == [0, 0, 2, 2, 1, 2, 2, 1, 2, 2, 1]
    shown = [location for page in pages for location in page]
    assert shown == [f"{folder}/{number}" for folder in "abc" for number in range(5)]


async def test_a_volume_may_be_deep() -> None:
    api = FakeAPI()
    deep = "/".join("d" * 1_500)
    api.put(deep)
    pages = await locations(api)
    assert pages == [[]] * 1_499 + [[deep]]


# Projects ------------------------------------------------------------------------------------------------


async def test_files_come_folder_by_folder_with_their_paths() -> None:
    api = FakeAPI()
    api.add("0", "a/1", "a/b/2", "c/4", "z", "a/5")
    assert await paths(api) == [["0", "z"], ["a/1", "a/5"], ["c/4"], ["a/b/2"]]
    assert api.asked("file_pages") == [
        [PROJECT, None, None],
        [None, "rosa/study/a", None],
        [None, "rosa/study/c", None],
        [None, "rosa/study/a/b", None],
    ]


async def test_a_file_keeps_what_the_list_tells_of_it() -> None:
    api = FakeAPI()
    api.add("a/1.bam", size=7, md5="x")
    pages = [page async for page in files_within(api, PROJECT, None)]
    assert pages == [
        (),
        (FileDetails("rosa/study/a/1.bam", "1.bam", parent="rosa/study/a", size=7, md5="x", path="a/1.bam"),),
    ]


async def test_the_paths_of_a_folder_begin_below_it() -> None:
    api = FakeAPI()
    api.add("1", "b/2", home="5f1e")
    api.add("elsewhere/3")
    assert await paths(api, None, "5f1e") == [["1"], ["b/2"]]
    assert api.asked("file_pages") == [[None, "5f1e", None], [None, "5f1e/b", None]]


async def test_empty_folders_have_no_files() -> None:
    api = FakeAPI()
    assert await paths(api) == [[]]
    api.add("a/b", is_folder=True)
    assert await paths(api) == [[], [], []]


async def test_a_project_of_many_pages() -> None:
    api = FakeAPI(page_size=3)
    api.add(*(f"{folder}/{number}" for folder in ("a", "b", "a/c") for number in range(4)))
    shown = [path for page in await paths(api) for path in page]
    assert shown == [f"{folder}/{number}" for folder in ("a", "b", "a/c") for number in range(4)]
    assert len(api.requests) == 1 + 2 + 2 + 2


async def test_a_project_may_be_deep() -> None:
    api = FakeAPI()
    for depth in range(300):
        api.add("/".join("d" * (depth + 1)), is_folder=True)
    api.add("/".join("d" * 300) + "/1.bam")
    pages = await paths(api)
    assert pages == [[]] * 300 + [["/".join("d" * 300) + "/1.bam"]]
