from datetime import datetime

import pytest

from sbtransfer.simulator import Platform, Project
from tests.conformance.official import ARCHIVE, PROJECT, Official, fetched_for


@pytest.fixture(autouse=True)
def another_owner(platform: Platform) -> None:
    platform.world.projects["gosling/images"] = Project("gosling/images")


def ids(page: Official) -> list[str]:
    return [project.id for project in page]


def test_all_projects_are_listed(api: Official) -> None:
    page = api.projects.query(limit=2)
    assert (ids(page), page.total) == ([PROJECT, ARCHIVE], 3)
    assert ids(page.all()) == [PROJECT, ARCHIVE, "gosling/images"]


def test_projects_are_listed_by_owner_and_name(api: Official) -> None:
    assert ids(api.projects.query(owner="gosling")) == ["gosling/images"]
    assert ids(api.projects.query(name="archive")) == [ARCHIVE]


def test_a_project_tells_what_it_is(api: Official) -> None:
    project = api.projects.get(ARCHIVE)
    assert (project.id, project.name, project.created_by) == (ARCHIVE, "archive", "rfranklin")
    assert isinstance(project.created_on, datetime)
    assert project.settings["location"] == "aws:us-east-1"


def test_no_field_of_a_project_has_to_be_asked_for_again(api: Official, platform: Platform) -> None:
    for project in (api.projects.query()[0], api.projects.get(PROJECT)):
        assert fetched_for(project, platform) == []
