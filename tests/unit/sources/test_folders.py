"""Folders by their paths: made once each, in the order of their parents, and found where they are there."""

from collections.abc import AsyncIterator

import pytest

from sbtransfer.errors import APIError, SettingsError
from sbtransfer.resources import FileDetails
from sbtransfer.sources.folders import Folders
from sbtransfer.wire import LinkedPage
from tests.unit.sources.platform import PROJECT, FakeAPI

BAD_PATHS = ["", "/", "/runs", "runs/", "runs//a", ".", "..", "runs/../a", "./runs", "runs/ /a", " "]


class Unfiltered(FakeAPI):
    """Shows all names, whichever was asked for."""

    async def file_pages(
        self, project: str | None = None, parent: str | None = None, name: str | None = None
    ) -> AsyncIterator[LinkedPage[FileDetails]]:
        async for page in super().file_pages(project, parent):
            yield page


class Refusing(FakeAPI):
    """Makes no folder, for a reason of its own."""

    status = 403

    async def make_folder(self, name: str, project: str | None, parent: str | None) -> FileDetails:
        raise APIError(self.status, 5001, "no")


class Hiding(Refusing):
    """Has a folder of every name, and shows none."""

    status = 409


def below_project(api: FakeAPI) -> Folders:
    return Folders(api, PROJECT, None)


async def test_folders_are_made_after_their_parents() -> None:
    api = FakeAPI()
    made = await below_project(api).made("runs/2024/01")
    assert made.id == "rosa/study/runs/2024/01"
    assert made.is_folder
    assert api.requests == [
        ("make_folder", "runs", PROJECT, None),
        ("make_folder", "2024", None, "rosa/study/runs"),
        ("make_folder", "01", None, "rosa/study/runs/2024"),
    ]


async def test_a_folder_is_made_once() -> None:
    api = FakeAPI()
    folders = below_project(api)
    first = await folders.made("runs/a")
    await folders.made("runs/b")
    assert await folders.made("runs/a") == first
    assert await folders.found("runs/a") == first
    assert [name for name, *_ in api.asked("make_folder")] == ["runs", "a", "b"]
    assert len(api.requests) == 3


async def test_a_folder_may_hold_one_of_its_own_name() -> None:
    api = FakeAPI()
    folders = below_project(api)
    assert (await folders.made("a/a/a")).id == "rosa/study/a/a/a"
    assert (await folders.made("a/a")).id == "rosa/study/a/a"
    assert len(api.requests) == 3


async def test_a_folder_that_was_there_is_found_by_its_name() -> None:
    api = FakeAPI()
    api.add("runs/1.bam", "other.txt")
    folders = below_project(api)
    assert (await folders.made("runs/2024")).id == "rosa/study/runs/2024"
    await folders.made("runs")
    assert api.requests == [
        ("make_folder", "runs", PROJECT, None),
        ("file_pages", PROJECT, None, "runs"),
        ("make_folder", "2024", None, "rosa/study/runs"),
    ]


async def test_names_that_are_shown_despite_the_filter_are_passed() -> None:
    api = Unfiltered(page_size=1)
    api.add("RUNS", "runs2", "runs", "run", is_folder=True)
    assert (await below_project(api).made("runs")).id == "rosa/study/runs"
    assert len(api.asked("file_pages")) == 3


async def test_a_file_in_the_way() -> None:
    api = FakeAPI()
    api.add("runs")
    folders = below_project(api)
    with pytest.raises(APIError) as caught:
        await folders.made("runs/2024")
    assert caught.value.status == 409
    assert await folders.found("runs") is None
    assert await folders.found("runs/2024") is None


async def test_a_name_that_is_taken_by_nothing_to_be_seen() -> None:
    # Such as a folder that was deleted in between.
    api = Hiding()
    with pytest.raises(APIError) as caught:
        await below_project(api).made("runs")
    assert caught.value.status == 409
    assert api.asked("file_pages") == [[PROJECT, None, "runs"]]


async def test_another_refusal_is_raised_and_nothing_is_looked_for() -> None:
    api = Refusing()
    with pytest.raises(APIError) as caught:
        await below_project(api).made("runs/2024")
    assert caught.value.status == 403
    assert api.asked("file_pages") == []


async def test_what_could_not_be_made_is_tried_again() -> None:
    api = FakeAPI()
    api.add("runs")
    folders = below_project(api)
    with pytest.raises(APIError):
        await folders.made("runs")
    del api.files["rosa/study/runs"]
    assert (await folders.made("runs")).is_folder


async def test_a_folder_is_found_without_being_made() -> None:
    api = FakeAPI()
    api.add("runs/2024/1.bam")
    folders = below_project(api)
    there = await folders.found("runs/2024")
    assert there is not None
    assert there.id == "rosa/study/runs/2024"
    assert api.requests == [
        ("file_pages", PROJECT, None, "runs"),
        ("file_pages", None, "rosa/study/runs", "2024"),
    ]
    assert await folders.found("runs/2024") == there
    assert len(api.requests) == 2


async def test_what_is_found_is_not_made() -> None:
    api = FakeAPI()
    api.add("runs", is_folder=True)
    folders = below_project(api)
    await folders.found("runs")
    await folders.made("runs/2024")
    assert api.asked("make_folder") == [["2024", None, "rosa/study/runs"]]


async def test_below_a_folder_that_is_missing_nothing_is_looked_for() -> None:
    api = FakeAPI()
    assert await below_project(api).found("runs/2024/01") is None
    assert api.requests == [("file_pages", PROJECT, None, "runs")]


async def test_what_was_missing_is_looked_for_again() -> None:
    api = FakeAPI()
    folders = below_project(api)
    assert await folders.found("runs") is None
    api.add("runs", is_folder=True)
    assert await folders.found("runs") is not None


async def test_a_folder_as_the_root() -> None:
    api = FakeAPI()
    api.add("runs", home="5f1e", is_folder=True)
    api.add("runs", is_folder=True)
    folders = Folders(api, None, "5f1e")
    assert (await folders.made("runs/2024")).id == "5f1e/runs/2024"
    assert (await folders.made("new")).id == "5f1e/new"
    assert api.requests == [
        ("make_folder", "runs", None, "5f1e"),
        ("file_pages", None, "5f1e", "runs"),
        ("make_folder", "2024", None, "5f1e/runs"),
        ("make_folder", "new", None, "5f1e"),
    ]


@pytest.mark.parametrize("path", BAD_PATHS)
async def test_what_is_no_path(path: str) -> None:
    api = FakeAPI()
    folders = below_project(api)
    with pytest.raises(SettingsError) as caught:
        await folders.made(path)
    assert repr(path) in str(caught.value)
    with pytest.raises(SettingsError):
        await folders.found(path)
    assert api.requests == []
