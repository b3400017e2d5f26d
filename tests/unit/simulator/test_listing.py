from collections.abc import Callable
from typing import Any

import pytest

BASE = "http://127.0.0.1:8900/v2"

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
        links = page.data["links"]
        assert all(link["rel"] == "next" and link["href"].startswith(f"{BASE}/") for link in links)
        target = links[0]["href"].removeprefix(BASE) if links else ""
    assert seen == ids[::-1]


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
    assert (listed(page), page.data["links"]) == ([], [])
    assert call("/storage/imports?offset=500").data["items"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1", "offset=1.5"])
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
