from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest

from sbtransfer.simulator import File, Platform, Project, Request

BASE = "http://127.0.0.1:8900/v2"
START = 1_700_000_000.0
PROJECT = "rfranklin/my-project"

Call = Callable[..., Any]


def create_imports(
    call: Call, count: int, *, at: float = 0, project: str = "rfranklin/my-project", volume: str = "input"
) -> list[str]:
    """Create imports from a, a…; returns their ids, oldest first."""
    item = {
        "source": {"volume": f"rfranklin/{volume}", "location": "a"},
        "destination": {"project": project},
    }
    records = call("/bulk/storage/imports/create", {"items": [item] * count}, at=at).data["items"]
    return [record["resource"]["id"] for record in records]


def linked(reply: Any, rel: str) -> str:
    """Return the target of a link, nothing where there is no such link."""
    links = {link["rel"]: link for link in reply.data["links"]}
    if rel not in links:
        return ""
    assert links[rel]["method"] == "GET"
    assert links[rel]["href"].startswith(f"{BASE}/")
    return str(links[rel]["href"].removeprefix(BASE))


def listed(reply: Any) -> list[str]:
    return [item["id"] for item in reply.data["items"]]


def test_the_newest_job_comes_first(call: Call) -> None:
    ids = create_imports(call, 2) + create_imports(call, 2, at=1)
    assert listed(call("/storage/imports")) == ids[::-1]


def test_a_page_holds_25_unless_told_otherwise(call: Call) -> None:
    create_imports(call, 60)
    assert len(listed(call("/storage/imports"))) == 25
    assert len(listed(call("/storage/imports?limit=50"))) == 50


def test_following_the_links_shows_each_job_once(call: Call) -> None:
    ids = create_imports(call, 100)
    target, seen = "/storage/imports?limit=40&project=rfranklin/my-project", []
    while target:
        page = call(target)
        assert page.headers["X-Total-Matching-Query"] == "100"
        seen += listed(page)
        target = linked(page, "next")
    assert seen == ids[::-1]


def test_following_the_links_back_shows_each_job_once(call: Call) -> None:
    ids = create_imports(call, 100)
    target, seen = "/storage/imports?limit=20&offset=80", []
    while target:
        page = call(target)
        seen += listed(page)[::-1]
        target = linked(page, "prev")
    assert seen == ids


def test_the_first_page_has_nothing_before_it_and_a_short_way_back_begins_there(call: Call) -> None:
    create_imports(call, 30)
    assert [link["rel"] for link in call("/storage/imports?limit=10").data["links"]] == ["next"]
    middle = call("/storage/imports?limit=10&offset=7")
    assert [link["rel"] for link in middle.data["links"]] == ["next", "prev"]
    assert linked(middle, "prev") == "/storage/imports?limit=10&offset=0"


def test_the_link_keeps_the_filters(call: Call) -> None:
    create_imports(call, 3)
    page = call("/storage/imports?limit=2&state=PENDING&state=RUNNING&fields=_all")
    (link,) = page.data["links"]
    assert link["method"] == "GET"
    assert link["href"].startswith(f"{BASE}/storage/imports?")
    assert {"state=PENDING", "state=RUNNING", "fields=_all", "offset=2", "limit=2"} == set(
        link["href"].partition("?")[2].split("&")
    )


def test_past_the_end_a_page_is_empty(call: Call) -> None:
    create_imports(call, 3)
    page = call("/storage/imports?offset=3")
    assert (listed(page), linked(page, "next")) == ([], "")
    assert call("/storage/imports?offset=500").data["items"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=²", "offset=-1", "offset=1.5"])
def test_impossible_pages_are_refused(call: Call, query: str) -> None:
    assert call(f"/storage/imports?{query}").status == 400


def test_items_are_brief_unless_all_fields_are_asked_for(call: Call) -> None:
    (job_id,) = create_imports(call, 1)
    href = f"{BASE}/storage/imports/{job_id}"
    assert call("/storage/imports", at=2).data["items"] == [{"href": href, "id": job_id, "state": "RUNNING"}]
    full = call("/storage/imports?fields=_all", at=2).data["items"]
    assert full == [call(f"/storage/imports/{job_id}", at=2).data]


def test_imports_are_filtered_by_project_volume_and_state(call: Call) -> None:
    first = create_imports(call, 1)
    archived = create_imports(call, 1, project="rfranklin/archive")
    other = create_imports(call, 1, volume="output", at=11)

    def found(query: str, at: float = 12) -> list[str]:
        return listed(call(f"/storage/imports?{query}", at=at))

    assert found("project=rfranklin/archive") == archived
    assert found("volume=rfranklin/output") == other
    assert found("project=rfranklin/my-project&volume=rfranklin/input") == first
    assert found("project=rfranklin/archive&volume=rfranklin/output") == []
    assert found("state=COMPLETED") == archived + first
    assert found("state=PENDING") == other
    assert found("state=PENDING&state=COMPLETED&volume=rfranklin/input") == archived + first
    assert found("state=FAILED") == []
    assert found("project=rfranklin/unknown") == []


def test_exports_have_a_list_of_their_own(call: Call) -> None:
    create_imports(call, 1)
    item = {"source": {"file": "f1"}, "destination": {"volume": "rfranklin/output", "location": "out"}}
    made = call("/bulk/storage/exports/create", {"items": [item]}).data["items"][0]["resource"]
    assert listed(call("/storage/exports")) == [made["id"]]
    assert listed(call("/storage/exports?volume=rfranklin/input")) == []
    # Exports know no project, so the filter means nothing here.
    assert listed(call("/storage/exports?project=rfranklin/archive")) == [made["id"]]


def import_to(call: Call, *names: str, at: float = 0, **home: str) -> list[str]:
    """Import files by name; returns the ids that they have once their jobs complete, 12 seconds on."""
    items = [
        {"source": {"volume": "rfranklin/input", "location": name}, "destination": home} for name in names
    ]
    made = call("/bulk/storage/imports/create", {"items": items}, at=at).data["items"]
    ids = {"import_ids": [record["resource"]["id"] for record in made]}
    jobs = call("/bulk/storage/imports/get", ids, at=at + 12).data["items"]
    return [record["resource"]["result"]["id"] for record in jobs]


def test_a_project_lists_its_files_and_folders_in_the_order_of_entry(call: Call) -> None:
    file_id, folder_id = import_to(call, "b.txt", "a/", project=PROJECT)
    page = call(f"/files?project={PROJECT}", at=12)
    home = {"project": PROJECT, "parent": Project(PROJECT).root}
    assert page.data == {
        "href": f"{BASE}/files?project=rfranklin%2Fmy-project&offset=0&limit=25",
        "items": [
            {"href": f"{BASE}/files/{file_id}", "id": file_id, "name": "b.txt", **home, "type": "file"},
            {"href": f"{BASE}/files/{folder_id}", "id": folder_id, "name": "a", **home, "type": "folder"},
        ],
        "links": [],
    }
    assert page.headers["X-Total-Matching-Query"] == "2"


def test_a_list_holds_what_is_in_the_one_place_only(call: Call) -> None:
    (folder,) = import_to(call, "a/", project=PROJECT)
    (inner,) = import_to(call, "x", at=20, parent=folder)
    (archived,) = import_to(call, "x", at=20, project="rfranklin/archive")
    assert listed(call(f"/files?project={PROJECT}", at=50)) == [folder]
    assert listed(call(f"/files?parent={folder}", at=50)) == [inner]
    assert listed(call("/files?project=rfranklin/archive", at=50)) == [archived]


def test_only_the_files_of_the_one_place_are_looked_at(
    platform: Platform, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_to(call, *(f"f{number}" for number in range(100)), project=PROJECT)
    ids = import_to(call, "x", "y", at=20, parent="folder-1")
    looked_at = []

    def exists(file: File, now: float) -> bool:
        looked_at.append(file.id)
        return True

    monkeypatch.setattr(File, "exists", exists)
    assert listed(call("/files?parent=folder-1", at=50)) == ids == looked_at


def test_files_are_listed_while_they_exist(call: Call) -> None:
    (older,) = import_to(call, "x", project=PROJECT)
    newer = {"drs_uri": "drs://data.example/x", "project": PROJECT}
    call("/bulk/drs/imports/create", {"items": [newer], "conflict_resolution": "OVERWRITE"}, at=100)
    lists = [call(f"/files?project={PROJECT}", at=at) for at in (101, 113.9, 114)]
    assert [page.headers["X-Total-Matching-Query"] for page in lists] == ["1", "1", "1"]
    assert [listed(page) == [older] for page in lists] == [True, True, False]


def test_a_file_on_its_way_is_not_listed(platform: Platform, call: Call) -> None:
    platform.world.add(File(id="f1", name="x", project=PROJECT, born=START + 5))
    assert [listed(call(f"/files?project={PROJECT}", at=at)) for at in (4.9, 5)] == [[], ["f1"]]


def test_what_was_only_named_is_not_listed(call: Call) -> None:
    assert call("/files/f1").status == 200
    assert listed(call(f"/files?project={PROJECT}")) == []


def test_following_the_links_shows_each_file_once(call: Call) -> None:
    ids = import_to(call, *(f"f{number}" for number in range(100)), parent="folder-1")
    target, seen = "/files?parent=folder-1&limit=40", []
    while target:
        page = call(target, at=12)
        assert page.headers["X-Total-Matching-Query"] == "100"
        seen.append(listed(page))
        target = linked(page, "next")
    assert [len(page) for page in seen] == [40, 40, 20]
    assert [one for page in seen for one in page] == ids


def test_a_page_of_files_holds_25_unless_told_otherwise(call: Call) -> None:
    import_to(call, *(f"f{number}" for number in range(50)), parent="folder-1")
    assert len(listed(call("/files?parent=folder-1", at=12))) == 25
    full = call("/files?parent=folder-1&limit=50", at=12)
    assert (len(listed(full)), full.data["links"]) == (50, [])
    past = call("/files?parent=folder-1&offset=50", at=12)
    assert (listed(past), linked(past, "next")) == ([], "")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=²", "offset=-1", "offset=1.5"])
def test_impossible_pages_of_files_are_refused(call: Call, query: str) -> None:
    assert call(f"/files?parent=folder-1&{query}").status == 400


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, 1004),
        ("limit=10", 400, 1004),
        ("parent=", 400, 1004),
        (f"parent=p&project={PROJECT}", 400, 1004),
        ("project=rfranklin/unknown", 404, 3002),
        ("parent=missing", 404, 5003),
        ("parent=gone", 404, 5003),
        ("parent=coming", 404, 5003),
        ("parent=file", 404, 5003),
    ],
)
def test_there_must_be_one_place_to_list(platform: Platform, query: str, status: int, code: int) -> None:
    platform.world.add(File(id="gone", name="g", project=PROJECT, type="folder", gone=START))
    platform.world.add(File(id="coming", name="c", project=PROJECT, type="folder", born=START + 1))
    platform.world.add(File(id="file", name="f", project=PROJECT))
    asked = parse_qs(query, keep_blank_values=True)
    headers = {"X-SBG-Auth-Token": platform.token}
    answer = platform.handle(Request("GET", "/files", query=asked, headers=headers), START)
    error = orjson.loads(answer.body)
    assert (answer.status, error["status"], error["code"]) == (status, status, code)


def test_a_project_that_cannot_be_written_to_can_be_listed(platform: Platform, call: Call) -> None:
    platform.world.projects["rfranklin/reference"] = Project("rfranklin/reference", writable=False)
    page = call("/files?project=rfranklin/reference")
    assert (page.status, listed(page)) == (200, [])


def test_single_and_bulk_gets_agree_with_the_list(call: Call) -> None:
    ids = import_to(call, "x", "a/", project=PROJECT)
    items = call(f"/files?project={PROJECT}", at=12).data["items"]
    single = [call(f"/files/{one}", at=12).data for one in ids]
    bulk = call("/bulk/files/get", {"file_ids": ids}, at=12).data["items"]
    assert [file["type"] for file in single] == ["file", "folder"]
    assert [record["resource"] for record in bulk] == single
    assert [{field: file[field] for field in items[0]} for file in single] == items
