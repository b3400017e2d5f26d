from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from sbtransfer.simulator import Platform, Project

BASE = "http://127.0.0.1:8900/v2"
ARCHIVE = "rfranklin/archive"

Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def more_projects(platform: Platform) -> None:
    for project in (
        Project("gosling/my-other", writable=False),
        Project("gosling/images", region="eu-west-1"),
    ):
        platform.world.projects[project.id] = project


def ids(reply: Any) -> list[str]:
    return [item["id"] for item in reply.data["items"]]


def test_a_project_shows_what_its_user_may_do(call: Call) -> None:
    shown = call(f"/projects/{ARCHIVE}").data
    assert (shown["href"], shown["id"], shown["name"]) == (f"{BASE}/projects/{ARCHIVE}", ARCHIVE, "archive")
    assert (shown["created_by"], shown["root_folder"]) == ("rfranklin", Project(ARCHIVE).root)
    assert shown["permissions"] == {"read": True, "copy": True, "write": True, "execute": True, "admin": True}
    UUID(shown["billing_group"])  # the official client insists


def test_without_the_right_to_write_only_reading_is_left(call: Call) -> None:
    shown = call("/projects/gosling/my-other").data
    assert shown["permissions"] == {
        "read": True,
        "copy": True,
        "write": False,
        "execute": False,
        "admin": False,
    }
    assert call("/projects/gosling/images").data["permissions"]["admin"] is False


def test_a_region_shows_in_the_settings(call: Call) -> None:
    assert call("/projects/gosling/images").data["settings"]["location"] == "aws:eu-west-1"


@pytest.mark.parametrize("path", ["/projects/rfranklin/nothing", "/projects/nobody/archive"])
def test_an_unknown_project_is_not_there(call: Call, path: str) -> None:
    refused = call(path)
    assert (refused.status, refused.data["code"]) == (404, 3002)


@pytest.mark.parametrize("path", ["/projects", "/projects/"])
def test_all_projects_are_listed(call: Call, path: str) -> None:
    page = call(path)
    assert ids(page) == ["rfranklin/my-project", ARCHIVE, "gosling/my-other", "gosling/images"]
    assert page.headers["X-Total-Matching-Query"] == "4"
    assert page.data["items"][1] == {"href": f"{BASE}/projects/{ARCHIVE}", "id": ARCHIVE, "name": "archive"}


def test_projects_are_listed_by_owner_and_name(call: Call) -> None:
    assert ids(call("/projects/gosling")) == ["gosling/my-other", "gosling/images"]
    assert ids(call("/projects/?name=MY-")) == ["rfranklin/my-project", "gosling/my-other"]
    assert ids(call("/projects/gosling?name=my-")) == ["gosling/my-other"]
    assert ids(call("/projects/nobody")) == []


def test_the_pages_are_linked(call: Call) -> None:
    page = call("/projects/?limit=3&fields=_all")
    assert page.data["items"][1] == call(f"/projects/{ARCHIVE}").data
    (onward,) = page.data["links"]
    assert onward["rel"] == "next"
    last = call(onward["href"].removeprefix(BASE))
    assert ids(last) == ["gosling/images"]
    assert "permissions" in last.data["items"][0]
