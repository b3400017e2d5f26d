from collections.abc import Callable
from typing import Any

import pytest

import sbtransfer.simulator.files as files
from sbtransfer.simulator import File, Platform, Project

BASE = "http://127.0.0.1:8900/v2"
PROJECT = "rfranklin/my-project"
ROOT = Project(PROJECT).root

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def content(platform: Platform) -> None:
    """Five files and a folder with one file in it."""
    for number in range(5):
        platform.world.add(File(id=f"f{number}", name=f"{number}.txt", project=PROJECT, size=number))
    platform.world.add(File(id="folder", name="folder", project=PROJECT, type="folder"))
    platform.world.add(File(id="inner", name="0.txt", project=PROJECT, parent="folder", size=9))


def ids(reply: Any) -> list[str]:
    return [item["id"] for item in reply.data["items"]]


def onward(reply: Any) -> str:
    """Return the target of the link to the next page, nothing on the last."""
    return next(
        (str(one["href"]).removeprefix(BASE) for one in reply.data["links"] if one["rel"] == "next"), ""
    )


def test_a_file_shows_where_it_lies(call: Call) -> None:
    shown = call("/files/f3").data
    assert (shown["href"], shown["name"], shown["size"]) == (f"{BASE}/files/f3", "3.txt", 3)
    assert (shown["project"], shown["parent"], shown["type"]) == (PROJECT, ROOT, "file")
    assert call("/files/inner").data["parent"] == "folder"


def test_a_project_has_a_folder_of_its_own_which_lies_in_none(call: Call) -> None:
    shown = call(f"/files/{ROOT}").data
    assert (shown["name"], shown["type"], shown["parent"]) == ("my-project", "folder", None)
    assert ids(call(f"/files?parent={ROOT}")) == ids(call(f"/files?project={PROJECT}"))


def test_many_files_are_shown_in_the_order_of_their_ids(call: Call) -> None:
    records = call("/bulk/files/get", {"file_ids": ["inner", "missing", "f0"]}).data["items"]
    assert records[0]["resource"] == call("/files/inner").data
    assert records[1]["error"] == call("/files/missing").data
    assert records[2]["resource"]["id"] == "f0"


def test_a_folder_is_listed_by_its_id_in_two_ways(call: Call) -> None:
    assert ids(call("/files/folder/list")) == ids(call("/files?parent=folder")) == ["inner"]
    assert call("/files/missing/list").status == 404


def test_a_list_may_be_narrowed_to_names(call: Call) -> None:
    page = call(f"/files?project={PROJECT}&name=3.txt&name=0.txt&name=9.txt")
    assert (ids(page), page.headers["X-Total-Matching-Query"]) == (["f0", "f3"], "2")


@pytest.mark.parametrize("path", ["/files", "/files/scroll"])
def test_entries_are_brief_unless_all_fields_are_asked_for(call: Call, path: str) -> None:
    brief = call(f"{path}?parent=folder").data["items"][0]
    assert set(brief) == {"href", "id", "name", "project", "parent", "type"}
    (full,) = call(f"{path}?parent=folder&fields=_all").data["items"]
    assert full == call("/files/inner").data


@pytest.mark.parametrize("start", ["", "&token=init"])
def test_a_scroll_shows_each_file_once(call: Call, start: str) -> None:
    target, seen = f"/files/scroll?project={PROJECT}&limit=4{start}", []
    while target:
        page = call(target)
        assert page.headers["X-Total-Matching-Query"] == "6"
        seen += ids(page)
        target = onward(page)
    assert seen == ["f0", "f1", "f2", "f3", "f4", "folder"]


def test_a_scroll_shows_what_was_there_when_it_began(platform: Platform, call: Call) -> None:
    first = call(f"/files/scroll?project={PROJECT}&limit=4")
    platform.world.add(File(id="late", name="late", project=PROJECT, size=1))
    assert ids(call(onward(first))) == ["f4", "folder"]


def test_the_href_of_a_scroll_begins_it_again(call: Call) -> None:
    page = call("/files/folder/scroll")
    assert ids(call(page.data["href"].removeprefix(BASE))) == ids(page) == ["inner"]


@pytest.mark.parametrize("query", ["token=init&offset=1", "token=made-up", "limit=101"])
def test_an_impossible_scroll_is_refused(call: Call, query: str) -> None:
    refused = call(f"/files/scroll?project={PROJECT}&{query}")
    assert (refused.status, refused.data["code"]) == (400, 1004)


def test_a_token_is_for_its_own_place(call: Call) -> None:
    token = onward(call(f"/files/scroll?project={PROJECT}&limit=1")).partition("token=")[2].partition("&")[0]
    assert call(f"/files/scroll?project={PROJECT}&token={token}").status == 200
    assert call(f"/files/folder/scroll?token={token}").status == 400


@pytest.mark.parametrize("path", [f"/files?parent={ROOT}&", f"/files/{ROOT}/list?"])
def test_where_offsets_end_a_scroll_goes_on(call: Call, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(files, "DEEPEST_OFFSET", 2)
    target, seen, ways = f"{path}limit=2&fields=_all", [], []
    while target:
        page = call(target)
        assert page.headers["X-Total-Matching-Query"] == "6"
        seen += ids(page)
        ways.append("scroll" in target)
        target = onward(page)
    assert seen == ["f0", "f1", "f2", "f3", "f4", "folder"]
    assert ways == [False, False, True]
