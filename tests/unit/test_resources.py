"""What follows from the fields that the platform shows."""

from typing import Any

import pytest

from sbtransfer.resources import ExportJob, ImportJob, Project, Volume

STATES = [("PENDING", False), ("RUNNING", False), ("COMPLETED", True), ("FAILED", True), ("ELSE", False)]


@pytest.mark.parametrize(
    ("permissions", "writable"),
    [({"write": True}, True), ({"write": False, "read": True}, False), ({"read": True}, None), ({}, None)],
)
def test_whether_a_project_takes_files_is_known_only_where_it_is_told(
    permissions: dict[str, bool], writable: bool | None
) -> None:
    assert Project("rosa/study", "study", permissions=permissions).writable is writable


@pytest.mark.parametrize(("mode", "writable"), [("RW", True), ("RO", False), (None, False)])
def test_a_volume_takes_files_only_if_it_says_so(mode: str | None, writable: bool) -> None:
    assert Volume("rosa/output", "output", access_mode=mode).writable is writable


@pytest.mark.parametrize(("state", "ended"), STATES)
def test_a_job_that_is_over_does_not_change_any_more(state: str, ended: bool) -> None:
    fields: dict[str, Any] = {"id": "j1", "state": state, "volume": "rosa/input", "location": "a.bam"}
    assert ImportJob(**fields).ended is ended
    assert ExportJob(**fields, file="f1").ended is ended


def test_what_the_platform_shows_can_be_kept_in_a_set() -> None:
    fields: dict[str, Any] = {"id": "j1", "state": "RUNNING", "volume": "rosa/output", "location": "a.bam"}
    twins = [ExportJob(**fields, file="f1", properties={"sse_algorithm": "AES256"}) for _ in range(2)]
    projects = [Project("rosa/study", "study", permissions={"write": True}) for _ in range(2)]
    assert (len(set(twins)), len(set(projects))) == (1, 1)
