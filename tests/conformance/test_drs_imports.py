from datetime import datetime

import pytest
from sevenbridges.errors import NotFound

from sbtransfer.simulator import Platform
from tests.conformance.official import NEVER, PROJECT, Connect, Official, fetched_for


def item(number: int, **fields: object) -> dict[str, object]:
    return {"drs_uri": f"drs://data.example/{number}", "project": PROJECT, "name": f"d{number}", **fields}


def test_a_whole_call_is_one_job_and_ends_with_a_file_for_each_item(api: Official) -> None:
    receipt = api.drs_imports.bulk_submit([item(1), item(2)])
    assert (receipt.state, receipt.result) == ("SUBMITTED", [])
    job = api.drs_imports.bulk_get(receipt.id)
    assert job.state == "FINISHED"
    assert isinstance(job.started_on, datetime)
    assert isinstance(job.finished_on, datetime)
    assert [entry.error for entry in job.result] == [None, None]
    assert [entry.resource.name for entry in job.result] == ["d1", "d2"]


def test_a_job_under_way_has_no_result(connect: Connect) -> None:
    api = connect(Platform(durations=NEVER))
    job = api.drs_imports.bulk_get(api.drs_imports.bulk_submit([item(1)]).id)
    assert (job.state, job.result, job.result_files, job.finished_on) == ("RUNNING", [], None, None)


def test_the_files_of_a_job_are_read_in_bulk(api: Official, platform: Platform) -> None:
    job = api.drs_imports.bulk_get(api.drs_imports.bulk_submit([item(1), item(2)]).id)
    files = {record.resource.name: record for record in job.result_files}
    assert set(files) == {"d1", "d2"}
    assert all(record.valid for record in files.values())
    assert ("POST", "/bulk/files/get", 200) in [entry[1:] for entry in platform.requests_log]


def test_an_item_that_cannot_be_resolved_ends_with_an_error_of_its_own(api: Official) -> None:
    lost = {"drs_uri": "drs://unknown.example/1", "project": PROJECT}
    job = api.drs_imports.bulk_get(api.drs_imports.bulk_submit([item(1), lost]).id)
    fine, failed = job.result
    assert (fine.error, failed.resource) == (None, None)
    assert (failed.error.status, failed.error.code // 1000) == (404, 9)
    assert [record.resource.name for record in job.result_files] == ["d1"]


def test_tags_and_metadata_are_on_the_files(api: Official) -> None:
    made = api.drs_imports.bulk_submit([item(1, metadata={"sample_id": "s1"})], tags=["trial"])
    (entry,) = api.drs_imports.bulk_get(made.id).result
    file = api.files.get(entry.resource.id)
    assert (file.tags, file.metadata["sample_id"]) == (["trial"], "s1")


def test_a_file_may_go_to_a_folder(api: Official) -> None:
    folder = api.files.create_folder("inbox", project=PROJECT)
    api.drs_imports.bulk_submit([{"drs_uri": "drs://data.example/1", "parent": folder, "name": "inside"}])
    assert [file.name for file in folder.list_files()] == ["inside"]


def test_a_bundle_becomes_a_folder(api: Official) -> None:
    bundle = {"drs_uri": "drs://data.example/bundle-3", "project": PROJECT, "name": "bundle"}
    (entry,) = api.drs_imports.bulk_get(api.drs_imports.bulk_submit([bundle]).id).result
    folder = api.files.get(entry.resource.id)
    assert folder.is_folder()
    assert folder.list_files().total == 3


@pytest.mark.parametrize(
    ("resolution", "names", "tagged"),
    [("SKIP", ["d1"], 0), ("OVERWRITE", ["d1"], 1), ("RENAME", ["_1_d1", "d1"], 1)],
)
def test_a_taken_name_is_resolved_as_the_call_says(
    api: Official, resolution: str, names: list[str], tagged: int
) -> None:
    api.drs_imports.bulk_submit([item(1)])
    api.drs_imports.bulk_submit([item(1)], conflict_resolution=resolution, tags=["second"])
    files = list(api.files.query(project=PROJECT))
    assert sorted(file.name for file in files) == names
    assert sum(file.tags == ["second"] for file in files) == tagged


def test_no_field_of_a_finished_job_has_to_be_asked_for_again(api: Official, platform: Platform) -> None:
    job = api.drs_imports.bulk_get(api.drs_imports.bulk_submit([item(1)]).id)
    assert fetched_for(job, platform) == []


def test_an_unknown_job_is_not_there(api: Official) -> None:
    with pytest.raises(NotFound):
        api.drs_imports.bulk_get("nothing")
