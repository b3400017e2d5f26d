from collections.abc import Callable
from typing import Any

import pytest

from sbtransfer.simulator import Durations, Platform
from sbtransfer.simulator.drs import DRSJob

START = 1_700_000_000.0

CREATE = "/bulk/drs/imports/create"
PROJECT = "rfranklin/my-project"

Call = Callable[..., Any]
CallsTo = Callable[[Platform], Call]


def wanted(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"drs_uri": f"drs://nci-crdc.datacommons.io/{number}", "project": PROJECT, **more}


def create(call: Call, *items: dict[str, Any], at: float = 0, **settings: Any) -> Any:
    return call(CREATE, {"items": list(items), **settings}, at=at).data


def look(call: Call, job: Any, at: float = 10_000) -> Any:
    return call(f"/bulk/drs/imports/{job['id']}", at=at).data


def result_ids(call: Call, job: Any) -> list[str]:
    return [record["resource"]["id"] for record in look(call, job)["result"]]


def test_the_whole_call_is_one_job(platform: Platform, call: Call) -> None:
    job = create(call, wanted(1), wanted(2))
    href = f"http://127.0.0.1:8900/v2/bulk/drs/imports/{job['id']}"
    assert job == {"href": href, "id": job["id"], "result": [], "state": "SUBMITTED"}
    assert list(platform.jobs) == [job["id"]]


def test_the_state_follows_from_the_time_alone(call: Call) -> None:
    job = create(call, wanted())
    seen = [look(call, job, at)["state"] for at in (0, 1.9, 2, 3.9, 4, 13.9, 14)]
    assert seen == ["SUBMITTED", "SUBMITTED", "RESOLVING", "RESOLVING", "RUNNING", "RUNNING", "FINISHED"]


def test_the_result_shows_only_at_the_end(call: Call) -> None:
    job = create(call, wanted())
    running, finished = look(call, job, 13.9), look(call, job, 14)
    assert (running["result"], running["finished_on"]) == ([], None)
    assert running["started_on"] == finished["started_on"] == "2023-11-14T22:13:22Z"
    assert finished["finished_on"] == "2023-11-14T22:13:34Z"
    (record,) = finished["result"]
    file_id = record["resource"]["id"]
    href = f"http://127.0.0.1:8900/v2/files/{file_id}"
    assert record["resource"] == {"href": href, "id": file_id, "type": "file"}


def test_the_result_is_in_the_order_of_the_items(call: Call) -> None:
    items = [wanted(number, name=f"n{number}") for number in (3, 1, 2)]
    ids = result_ids(call, create(call, *items))
    files = call("/bulk/files/get", {"file_ids": ids}, at=10_000).data["items"]
    assert [file["resource"]["name"] for file in files] == ["n3", "n1", "n2"]


def test_a_file_keeps_tags_and_metadata(call: Call) -> None:
    job = create(call, wanted(metadata={"sample_id": "s1"}), tags=["tumour"])
    file = call(f"/files/{result_ids(call, job)[0]}", at=10_000).data
    assert (file["tags"], file["metadata"]) == (["tumour"], {"sample_id": "s1"})


def test_an_unnamed_item_is_called_by_the_last_segment(call: Call) -> None:
    job = create(call, wanted(7))
    assert call(f"/files/{result_ids(call, job)[0]}", at=10_000).data["name"] == "7"


@pytest.mark.parametrize(
    "body",
    [
        {"items": [wanted(1), wanted(2, drs_uri="https://example.org/1")]},
        {"items": [wanted(1), {"project": PROJECT}]},
        {"items": [wanted(1, metadata=[])]},
        {"items": [wanted(1)], "conflict_resolution": "MERGE"},
        {"items": [wanted(1)], "tags": "tumour"},
    ],
)
def test_a_bad_shape_refuses_the_whole_call(platform: Platform, call: Call, body: dict[str, Any]) -> None:
    assert call(CREATE, body).status == 400
    assert platform.jobs == {}
    assert platform.drs_log == []


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (wanted(drs_uri="drs://unknown.example/1"), 404),
        (wanted(drs_uri="drs://nci-crdc.datacommons.io/missing"), 404),
        (wanted(project="rfranklin/unknown"), 404),
        (wanted(project=None), 400),
        (wanted(parent="p"), 400),
    ],
)
def test_a_bad_item_shows_in_the_result(
    platform: Platform, call: Call, bad: dict[str, Any], status: int
) -> None:
    first, second, third = look(call, create(call, wanted(8), bad, wanted(9)))["result"]
    assert "resource" in first
    assert "resource" in third
    assert second["error"]["status"] == status
    assert len(platform.created("drs")) == 2


def test_a_call_of_bad_items_only_still_finishes(call: Call) -> None:
    job = create(call, wanted(drs_uri="drs://unknown.example/1"))
    assert [look(call, job, at)["state"] for at in (3.9, 4)] == ["RESOLVING", "FINISHED"]


def test_skip_answers_with_the_file_that_is_there(platform: Platform, call: Call) -> None:
    (existing,) = result_ids(call, create(call, wanted(1, name="x")))
    assert result_ids(call, create(call, wanted(2, name="x"), at=100)) == [existing]
    assert platform.created("drs") == [("drs://nci-crdc.datacommons.io/1", PROJECT, "x")]


def test_a_file_that_has_gone_is_not_what_an_item_is_skipped_for(platform: Platform, call: Call) -> None:
    (gone,) = result_ids(call, create(call, wanted(1, name="x")))
    platform.world.files[gone].gone = START + 50
    (again,) = result_ids(call, create(call, wanted(1, name="x"), at=100))
    assert again != gone
    assert call(f"/files/{again}", at=114).status == 200


def test_skip_holds_within_a_call_too(call: Call) -> None:
    first, second = result_ids(call, create(call, wanted(1, name="x"), wanted(2, name="x")))
    assert first == second


def test_a_skipped_item_waits_for_the_file_that_is_on_its_way(call: Call) -> None:
    create(call, wanted(1, name="x"))
    job = create(call, wanted(2, name="x"), at=3)
    assert [look(call, job, at)["state"] for at in (13.9, 14)] == ["RUNNING", "FINISHED"]


def test_the_same_name_elsewhere_is_no_conflict(platform: Platform, call: Call) -> None:
    create(call, wanted(1, name="x"), wanted(2, name="x", project="rfranklin/archive"))
    create(call, wanted(3, name="x", project=None, parent="folder-1"))
    assert len(platform.created("drs")) == 3


def test_overwrite_replaces_the_file_that_was_there(call: Call) -> None:
    (older,) = result_ids(call, create(call, wanted(1, name="x")))
    (newer,) = result_ids(call, create(call, wanted(2, name="x"), at=100, conflict_resolution="OVERWRITE"))
    assert newer != older
    assert call(f"/files/{older}", at=113.9).status == 200
    assert call(f"/files/{older}", at=114).status == 404


def test_rename_puts_a_number_before_the_name(call: Call) -> None:
    items = [wanted(number, name="x") for number in (1, 2, 3)]
    ids = result_ids(call, create(call, *items, conflict_resolution="RENAME"))
    names = [call(f"/files/{one}", at=10_000).data["name"] for one in ids]
    assert names == ["x", "_1_x", "_2_x"]


def begun(platform: Platform) -> list[float]:
    jobs = [job for job in platform.jobs.values() if isinstance(job, DRSJob)]
    return [at - START for job in jobs for file in job.files for at in file.begins]


def test_files_past_the_limit_are_held_for_the_next_windows(calls_to: CallsTo) -> None:
    platform = Platform(start=START, drs_limit=3, durations=Durations(median=10, p99=10, pending=2))
    call = calls_to(platform)
    job = create(call, *(wanted(number) for number in range(8)))
    assert begun(platform) == [4, 4, 4, 300, 300, 300, 600, 600]
    assert [look(call, job, at)["state"] for at in (609.9, 610)] == ["RUNNING", "FINISHED"]


def test_a_later_job_queues_behind_what_is_held(calls_to: CallsTo) -> None:
    platform = Platform(start=START, drs_limit=2, durations=Durations(median=10, p99=10, pending=2))
    call = calls_to(platform)
    create(call, wanted(1), wanted(2), wanted(3))
    create(call, wanted(4), wanted(5), at=50)
    assert begun(platform) == [4, 4, 300, 300, 600]


def test_no_window_begins_more_files_than_the_limit(calls_to: CallsTo) -> None:
    platform = Platform(start=START)
    call = calls_to(platform)
    for number in range(20):
        items = (wanted(100 * number + place) for place in range(100))
        assert create(call, *items, at=17 * number)["state"] == "SUBMITTED"
    windows = [int(at // 300) for at in begun(platform)]
    assert [windows.count(number) for number in range(5)] == [500, 500, 500, 500, 0]


def test_what_cannot_be_resolved_takes_no_place_in_the_window(calls_to: CallsTo) -> None:
    platform = Platform(start=START, drs_limit=1, durations=Durations(median=10, p99=10, pending=2))
    create(calls_to(platform), wanted(drs_uri="drs://unknown.example/1"), wanted(1))
    assert begun(platform) == [4]


def test_the_log_tells_how_many_files_each_call_asked_for(platform: Platform, call: Call) -> None:
    create(call, wanted(1), wanted(2), at=5)
    create(call, wanted(1), at=6)
    assert platform.drs_log == [(START + 5, 2), (START + 6, 1)]


def test_an_unknown_job_is_not_found(call: Call) -> None:
    assert look(call, {"id": "unknown"})["status"] == 404


def bundle(size: int, **more: Any) -> dict[str, Any]:
    return wanted(drs_uri=f"drs://data.example/bundle-{size}/a", **more)


def within(call: Call, folder: str, at: float = 10_000) -> list[Any]:
    items: list[Any] = call(f"/files?parent={folder}&limit=100", at=at).data["items"]
    return items


def test_a_bundle_becomes_a_folder_with_its_files(platform: Platform, call: Call) -> None:
    job = create(call, wanted(1), bundle(3, name="b", metadata={"sample_id": "s1"}), tags=["tumour"])
    file, folder = [record["resource"] for record in look(call, job)["result"]]
    href = f"http://127.0.0.1:8900/v2/files/{folder['id']}"
    assert folder == {"href": href, "id": folder["id"], "type": "folder"}
    assert file["type"] == "file"
    shown = call(f"/files/{folder['id']}", at=14).data
    assert (shown["name"], shown["type"], shown["project"]) == ("b", "folder", PROJECT)
    inner = within(call, folder["id"])
    assert [one["name"] for one in inner] == ["file-1", "file-2", "file-3"]
    assert {(one["type"], one["project"], one["parent"]) for one in inner} == {
        ("file", PROJECT, folder["id"])
    }
    last = call(f"/files/{inner[2]['id']}", at=14).data
    assert (last["tags"], last["metadata"]) == (["tumour"], {"sample_id": "s1"})
    assert [item[2] for item in platform.created("drs")] == ["1", "b"]


@pytest.mark.parametrize(
    ("uri", "size"),
    [
        ("drs://data.example/bundle-1/a", 1),
        ("drs://data.example/a/bundle-12", 12),
        ("drs://data.example/bundle-0/a", None),
        ("drs://data.example/bundle-02/a", None),
        ("drs://data.example/bundle-2x/a", None),
        ("drs://data.example/my-bundle-2/a", None),
        ("drs://bundle-2/a", None),
        ("drs://data.example/a?from=/bundle-2/", None),
    ],
)
def test_only_a_whole_segment_makes_a_bundle(call: Call, uri: str, size: int | None) -> None:
    (record,) = look(call, create(call, wanted(drs_uri=uri)))["result"]
    assert record["resource"]["type"] == ("file" if size is None else "folder")
    assert size is None or len(within(call, record["resource"]["id"])) == size


def test_all_files_of_a_bundle_count_and_may_be_held(calls_to: CallsTo) -> None:
    platform = Platform(start=START, drs_limit=3, durations=Durations(median=10, p99=10, pending=2))
    call = calls_to(platform)
    job = create(call, wanted(1), bundle(6), wanted(2))
    assert begun(platform) == [4, 4, 4, 300, 300, 300, 600, 600]
    accepted = platform.jobs[job["id"]]
    assert isinstance(accepted, DRSJob)
    first, whole, last = accepted.files
    assert [first.begun, whole.begun, last.begun] == [START + 4, START + 4, START + 600]
    assert [at - START for at in whole.begins] == [4, 4, 300, 300, 300, 600]
    assert [first.done - START, whole.done - START, last.done - START] == [14, 610, 610]


def test_the_files_of_a_bundle_arrive_one_by_one(calls_to: CallsTo) -> None:
    platform = Platform(start=START, drs_limit=2, durations=Durations(median=10, p99=10, pending=2))
    call = calls_to(platform)
    job = create(call, bundle(3))
    (folder,) = result_ids(call, job)
    assert [call(f"/files?parent={folder}", at=at).status for at in (3.9, 4)] == [404, 200]
    assert [len(within(call, folder, at)) for at in (4, 13.9, 14, 309.9, 310)] == [0, 0, 2, 2, 3]
    assert [look(call, job, at)["state"] for at in (309.9, 310)] == ["RUNNING", "FINISHED"]


def test_a_bundle_takes_as_long_as_its_slowest_file(calls_to: CallsTo) -> None:
    platform = Platform(start=START)
    call = calls_to(platform)
    job = create(call, bundle(50))
    (folder,) = result_ids(call, job)
    accepted = platform.jobs[job["id"]]
    inner = [file for file in platform.world.files.values() if file.parent == folder]
    assert len({file.born for file in inner}) == 50
    assert accepted.finished == max(file.born for file in inner)


def test_a_skipped_bundle_answers_with_the_folder_and_still_counts(platform: Platform, call: Call) -> None:
    (existing,) = result_ids(call, create(call, bundle(2, name="b")))
    assert result_ids(call, create(call, bundle(3, name="b"), at=100)) == [existing]
    assert begun(platform) == [4, 4, 104, 104, 104]
    assert len(platform.created("drs")) == 1
    assert len(within(call, existing)) == 2


def test_a_replaced_bundle_goes_with_its_files(call: Call) -> None:
    (older,) = result_ids(call, create(call, bundle(2, name="b")))
    inner = [one["id"] for one in within(call, older, at=50)]
    (newer,) = result_ids(call, create(call, bundle(3, name="b"), at=100, conflict_resolution="OVERWRITE"))
    assert [call(f"/files/{one}", at=103.9).status for one in (older, *inner)] == [200, 200, 200]
    assert [call(f"/files/{one}", at=104).status for one in (older, *inner)] == [404, 404, 404]
    assert call(f"/files?parent={older}", at=104).status == 404
    assert len(within(call, newer)) == 3


def test_a_renamed_bundle_has_files_of_the_same_names(call: Call) -> None:
    ids = result_ids(call, create(call, *[bundle(1, name="b")] * 2, conflict_resolution="RENAME"))
    assert [call(f"/files/{one}", at=20).data["name"] for one in ids] == ["b", "_1_b"]
    assert [within(call, one)[0]["name"] for one in ids] == ["file-1", "file-1"]


@pytest.mark.parametrize("uri", ["drs://unknown.example/bundle-5/a", "drs://data.example/bundle-5/missing"])
def test_a_bundle_that_cannot_be_resolved_takes_no_place(platform: Platform, call: Call, uri: str) -> None:
    (record,) = look(call, create(call, wanted(drs_uri=uri)))["result"]
    assert record["error"]["status"] == 404
    assert begun(platform) == []
    assert platform.world.files == {}
