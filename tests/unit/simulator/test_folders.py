from collections.abc import Callable
from typing import Any

import pytest

from sbtransfer.simulator import File, Platform, Project

PROJECT = "rfranklin/my-project"

Call = Callable[..., Any]


def make(call: Call, name: str = "runs", at: float = 0.0, **home: str) -> Any:
    body = {"name": name, "type": "FOLDER", **(home or {"project": PROJECT})}
    return call("/files", body, at=at)


def test_a_folder_is_made_in_a_project_and_in_a_folder(platform: Platform, call: Call) -> None:
    outer = make(call)
    assert (outer.status, outer.data["type"], outer.data["name"]) == (201, "folder", "runs")
    inner = make(call, "2024", parent=outer.data["id"])
    assert (inner.data["project"], inner.data["parent"]) == (PROJECT, outer.data["id"])
    platform.world.add(File(id="f1", name="x", project=PROJECT, parent=inner.data["id"]))
    assert list(platform.world.paths(PROJECT)) == ["runs/2024/x"]


def test_the_own_folder_of_a_project_stands_for_it(platform: Platform, call: Call) -> None:
    root = platform.world.projects[PROJECT].root
    assert make(call, parent=root).data["parent"] == root
    assert make(call).status == 409


def test_a_name_that_is_taken_is_refused(platform: Platform, call: Call) -> None:
    platform.world.add(File(id="f1", name="x", project=PROJECT))
    assert [make(call, "x").status, make(call).status, make(call).status] == [409, 201, 409]
    assert make(call, project="rfranklin/archive").status == 201


def test_a_name_is_free_until_what_has_it_arrives_and_after_it_has_gone(
    platform: Platform, call: Call
) -> None:
    until, since = 1_700_000_010.0, 1_700_000_005.0
    platform.world.add(File(id="f1", name="x", project=PROJECT, born=since, gone=until))
    assert [make(call, "x", at=5).status, make(call, "x", at=10).status] == [409, 201]
    platform.world.add(File(id="f2", name="y", project=PROJECT, born=until))
    assert [make(call, "y", at=9).status, make(call, "y", at=10).status] == [201, 409]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "type": "FILE", "project": PROJECT},
        {"name": "x", "project": PROJECT},
        {"type": "folder", "project": PROJECT},
        {"name": "a/b", "type": "folder", "project": PROJECT},
        {"name": "..", "type": "folder", "project": PROJECT},
        {"name": "x", "type": "folder"},
        {"name": "x", "type": "folder", "project": PROJECT, "parent": "folder-1"},
    ],
)
def test_what_is_no_folder_is_refused(platform: Platform, call: Call, body: dict[str, Any]) -> None:
    assert call("/files", body).status == 400
    assert platform.world.files == {}


def test_a_folder_needs_a_place_that_can_be_written(platform: Platform, call: Call) -> None:
    platform.world.projects["a/closed"] = Project("a/closed", writable=False)
    assert [make(call, project="a/closed").status, make(call, project="a/unknown").status] == [403, 404]
    assert make(call, parent="missing").status == 404
