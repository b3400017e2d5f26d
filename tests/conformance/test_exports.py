from sbtransfer.simulator import Platform
from tests.conformance.official import INPUT, NEVER, OUTPUT, Connect, Official, fetched_for


def submitted(api: Official, count: int, **options: object) -> list[str]:
    items = [{"file": f"f{n}", "volume": OUTPUT, "location": f"out/{n}"} for n in range(count)]
    return [record.resource.id for record in api.exports.bulk_submit(items, **options)]


def test_a_bulk_submit_brings_a_job_or_an_error_for_each_item(api: Official) -> None:
    good = {"file": "f1", "volume": OUTPUT, "location": "out/1"}
    records = api.exports.bulk_submit(
        [good, {**good, "file": "f2", "volume": INPUT}, {**good, "file": "missing"}]
    )
    assert [record.valid for record in records] == [True, False, False]
    assert [(record.error.status, record.error.code) for record in records[1:]] == [(403, 9001), (404, 5002)]


def test_all_that_an_item_can_say_comes_back_with_its_job(api: Official) -> None:
    sse = {"sse_algorithm": "AES256"}
    item = {"file": "f1", "volume": OUTPUT, "location": "out/1", "properties": sse, "overwrite": True}
    job = api.exports.bulk_submit([item])[0].resource
    assert job.source.id == "f1"
    assert (job.destination.volume, job.destination.location) == (OUTPUT, "out/1")
    assert (job.properties["sse_algorithm"], job.overwrite) == ("AES256", True)


def test_bulk_get_shows_the_jobs_in_the_order_asked_for(api: Official) -> None:
    ids = submitted(api, 3)
    records = api.exports.bulk_get([ids[2], api.exports.get(ids[0]), "nothing"])
    assert [record.resource.id for record in records[:2]] == [ids[2], ids[0]]
    assert (records[2].valid, records[2].error.status) == (False, 404)


def test_an_exported_file_is_an_alias_of_the_object(api: Official) -> None:
    job = api.exports.submit_export(file="f1", volume=OUTPUT, location="out/1").reload()
    assert (job.state, job.error) == ("COMPLETED", None)
    storage = job.result.storage
    assert (storage.type, storage.volume, storage.location) == ("VOLUME", OUTPUT, "out/1")
    assert api.files.get("f1").storage.type == "VOLUME"


def test_a_copied_file_stays_on_the_platform(api: Official) -> None:
    submitted(api, 1, copy_only=True)
    api.exports.submit_export(file="f1", volume=OUTPUT, location="out/single", copy_only=True)
    assert {api.files.get(file).storage.type for file in ("f0", "f1")} == {"PLATFORM"}


def test_copies_may_be_asked_for_with_advance_access(connect: Connect, platform: Platform) -> None:
    submitted(connect(platform, advance_access=True), 1, copy_only=True)
    (job,) = platform.jobs.values()
    assert getattr(job, "advance_access", None) is True


def test_no_field_of_a_job_has_to_be_asked_for_again(api: Official, platform: Platform) -> None:
    submitted(api, 1)
    (listed,) = api.exports.query()
    for job in (listed, api.exports.get(listed.id), api.exports.bulk_get([listed])[0].resource):
        assert fetched_for(job, platform) == []


def test_all_pages_of_a_list_are_read(api: Official) -> None:
    ids = submitted(api, 30)
    page = api.exports.query(limit=7)
    assert (len(page), page.total) == (7, 30)
    assert sorted(job.id for job in page.all()) == sorted(ids)


def test_a_list_is_filtered_by_volume_and_state(connect: Connect) -> None:
    api = connect(Platform(durations=NEVER))
    ids = set(submitted(api, 2))

    def found(**filters: object) -> set[str]:
        return {job.id for job in api.exports.query(**filters)}

    assert found(volume=api.volumes.get(OUTPUT)) == found(state=["PENDING", "RUNNING"]) == ids
    assert found(volume=INPUT) == found(state="COMPLETED") == set()
    assert {job.id for job in api.volumes.get(OUTPUT).get_exports(state="RUNNING")} == ids
