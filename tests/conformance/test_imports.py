from datetime import datetime

import pytest

from sbtransfer.simulator import Platform
from tests.conformance.official import ARCHIVE, INPUT, NEVER, OUTPUT, PROJECT, Connect, Official, fetched_for

RUN = "runs/2024-01/sample-0001_R1.fastq.gz"


def submitted(api: Official, count: int, volume: str = INPUT, project: str = PROJECT) -> list[str]:
    items = [{"volume": volume, "location": f"runs/{n}.bam", "project": project} for n in range(count)]
    return [record.resource.id for record in api.imports.bulk_submit(items)]


def test_a_bulk_submit_brings_a_job_or_an_error_for_each_item(api: Official) -> None:
    good = {"volume": INPUT, "location": RUN, "project": PROJECT}
    records = api.imports.bulk_submit([good, {**good, "volume": "rfranklin/nothing"}, good])
    assert [record.valid for record in records] == [True, False, True]
    assert (records[1].error.status, records[1].error.code) == (404, 9002)
    assert "rfranklin/nothing" in records[1].error.message
    assert records[1].error.more_info.startswith("https://")
    assert records[0].resource.source.location == RUN


def test_all_that_an_item_can_say_comes_back_with_its_job(api: Official, platform: Platform) -> None:
    folder = api.files.create_folder("inbox", project=PROJECT)
    (record,) = api.imports.bulk_submit(
        [
            {
                "volume": INPUT,
                "location": "runs/2024-01/",
                "parent": folder,
                "name": "january",
                "overwrite": True,
                "autorename": True,
                "preserve_folder_structure": False,
            }
        ]
    )
    job = record.resource
    assert (job.source.volume, job.source.location) == (INPUT, "runs/2024-01/")
    assert (job.destination.parent, job.destination.name) == (folder.id, "january")
    assert (job.overwrite, job.autorename, job.preserve_folder_structure) == (True, True, False)


def test_bulk_get_shows_the_jobs_in_the_order_asked_for(api: Official) -> None:
    ids = submitted(api, 3)
    records = api.imports.bulk_get([ids[2], api.imports.get(ids[0]), "nothing"])
    assert [record.resource.id for record in records[:2]] == [ids[2], ids[0]]
    assert (records[2].valid, records[2].error.status) == (False, 404)


def test_a_single_import_ends_with_its_file(api: Official) -> None:
    job = api.imports.submit_import(volume=INPUT, location=RUN, project=PROJECT, name="r1.gz", overwrite=True)
    done = api.imports.get(job.id)
    assert (done.state, done.error, done.overwrite) == ("COMPLETED", None, True)
    assert isinstance(done.started_on, datetime)
    assert isinstance(done.finished_on, datetime)
    assert (done.result.name, done.result.project) == ("r1.gz", PROJECT)
    assert api.files.get(done.result.id).name == "r1.gz"


def test_an_import_of_what_is_not_there_ends_with_an_error(api: Official) -> None:
    job = api.imports.submit_import(volume=INPUT, location="missing", project=PROJECT).reload()
    assert (job.state, job.result) == ("FAILED", None)
    assert job.error.status == 404


def test_an_import_under_way_has_neither_file_nor_error(connect: Connect) -> None:
    api = connect(Platform(durations=NEVER))
    job = api.imports.submit_import(volume=INPUT, location=RUN, project=PROJECT).reload()
    assert (job.state, job.result, job.error, job.finished_on) == ("RUNNING", None, None, None)


def test_no_field_of_a_job_has_to_be_asked_for_again(api: Official, platform: Platform) -> None:
    submitted(api, 1)
    (listed,) = api.imports.query()
    for job in (listed, api.imports.get(listed.id), api.imports.bulk_get([listed])[0].resource):
        assert fetched_for(job, platform) == []


def test_all_pages_of_a_list_are_read(api: Official) -> None:
    ids = submitted(api, 30)
    page = api.imports.query(limit=7)
    assert (len(page), page.total) == (7, 30)
    assert sorted(job.id for job in page.all()) == sorted(ids)


def test_a_list_is_paged_forth_and_back(api: Official) -> None:
    submitted(api, 3)
    first = api.imports.query(limit=2)
    second = first.next_page()
    assert [job.id for job in second] == [job.id for job in api.imports.query(offset=2, limit=2)]
    assert [job.id for job in second.previous_page()] == [job.id for job in first]


def test_a_list_is_filtered_by_project_volume_and_state(connect: Connect) -> None:
    platform = Platform(durations=NEVER)
    api = connect(platform)
    (plain,), (archived,) = submitted(api, 1), submitted(api, 1, project=ARCHIVE)
    (other,) = submitted(api, 1, volume=OUTPUT)

    def found(**filters: object) -> set[str]:
        page = api.imports.query(**filters)
        assert page.total == len(page)
        return {job.id for job in page}

    assert found(project=ARCHIVE) == {archived}
    assert found(project=api.projects.get(PROJECT), volume=api.volumes.get(INPUT)) == {plain}
    assert found(volume=OUTPUT) == {other}
    assert found(state="RUNNING") == found(state=["PENDING", "RUNNING"]) == {plain, archived, other}
    assert found(state="COMPLETED") == set()
    assert {job.id for job in api.volumes.get(OUTPUT).get_imports(project=PROJECT)} == {other}


@pytest.mark.parametrize("place", ["project", "parent"])
def test_an_import_arrives_where_it_was_sent(api: Official, place: str) -> None:
    folder = api.files.create_folder("inbox", project=PROJECT)
    home = {"project": {"project": PROJECT}, "parent": {"parent": folder.id}}[place]
    api.imports.submit_import(volume=INPUT, location=RUN, **home)
    assert "sample-0001_R1.fastq.gz" in {file.name for file in api.files.query(**home)}
