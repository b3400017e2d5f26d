from collections.abc import Callable
from typing import Any

import pytest

from sbtransfer.simulator import Platform, Project, Volume, World

BASE = "http://127.0.0.1:8900/v2"

Call = Callable[..., Any]


def wanted(location: str = "runs/a.fastq", volume: str = "rfranklin/input", **more: Any) -> dict[str, Any]:
    destination = more.pop("destination", {"project": "rfranklin/my-project"})
    return {"source": {"volume": volume, "location": location}, "destination": destination, **more}


def create(call: Call, *items: dict[str, Any], at: float = 0) -> list[Any]:
    records: list[Any] = call("/bulk/storage/imports/create", {"items": list(items)}, at=at).data["items"]
    return records


def look(call: Call, record: Any, at: float) -> Any:
    return call(f"/storage/imports/{record['resource']['id']}", at=at).data


def test_a_new_job_is_pending_and_echoes_what_was_asked(call: Call) -> None:
    job = create(call, wanted(overwrite=True, autorename=True))[0]["resource"]
    assert job == {
        "href": f"{BASE}/storage/imports/{job['id']}",
        "id": job["id"],
        "state": "PENDING",
        "overwrite": True,
        "autorename": True,
        "preserve_folder_structure": False,
        "source": {"volume": "rfranklin/input", "location": "runs/a.fastq"},
        "destination": {"project": "rfranklin/my-project", "name": "a.fastq"},
        "started_on": None,
        "finished_on": None,
        "result": None,
        "error": None,
    }


def test_the_state_follows_from_the_time_alone(call: Call) -> None:
    record = create(call, wanted())[0]
    seen = [look(call, record, at)["state"] for at in (0, 1.9, 2, 11.9, 12, 5000)]
    assert seen == ["PENDING", "PENDING", "RUNNING", "RUNNING", "COMPLETED", "COMPLETED"]


def test_a_completed_job_tells_its_times_and_its_file(call: Call) -> None:
    record = create(call, wanted())[0]
    assert look(call, record, 2)["started_on"] == "2023-11-14T22:13:22Z"
    job = look(call, record, 12)
    assert (job["started_on"], job["finished_on"]) == ("2023-11-14T22:13:22Z", "2023-11-14T22:13:32Z")
    assert (job["result"]["name"], job["result"]["project"]) == ("a.fastq", "rfranklin/my-project")
    assert call(f"/files/{job['result']['id']}", at=12).data == job["result"]


def test_a_file_is_not_there_before_its_job_completes(platform: Platform, call: Call) -> None:
    create(call, wanted())
    (file_id,) = platform.world.files
    assert call(f"/files/{file_id}", at=11.9).status == 404
    assert call(f"/files/{file_id}", at=12).status == 200


def test_a_location_called_missing_fails_when_the_job_runs(call: Call) -> None:
    record = create(call, wanted("runs/missing/a"))[0]
    assert look(call, record, 11)["error"] is None
    job = look(call, record, 12)
    assert (job["state"], job["result"], job["error"]["status"]) == ("FAILED", None, 404)
    assert job["finished_on"] is not None


def test_only_a_whole_segment_makes_a_location_missing(call: Call) -> None:
    record = create(call, wanted("runs/missing.txt"))[0]
    assert look(call, record, 12)["state"] == "COMPLETED"


@pytest.mark.parametrize(
    ("item", "status", "family"),
    [
        (wanted(destination={}), 400, 1),
        (wanted(destination={"project": "rfranklin/my-project", "parent": "p"}), 400, 1),
        (wanted(destination={"project": "rfranklin/unknown"}), 404, 3),
        (wanted(destination={"project": "rfranklin/reference"}), 403, 3),
        (wanted(destination={"parent": "missing"}), 404, 5),
        (wanted(volume="rfranklin/unknown"), 404, 9),
    ],
)
def test_a_bad_item_is_refused_alone(
    platform: Platform, call: Call, item: dict[str, Any], status: int, family: int
) -> None:
    platform.world.projects["rfranklin/reference"] = Project("rfranklin/reference", writable=False)
    good, bad, last = create(call, wanted("a"), item, wanted("b"))
    assert (good["resource"]["source"]["location"], last["resource"]["source"]["location"]) == ("a", "b")
    assert bad["error"]["status"] == status
    assert bad["error"]["code"] // 1000 == family
    assert len(platform.jobs) == 2


@pytest.mark.parametrize(
    "item",
    [
        {"destination": {"parent": "p"}},
        wanted(location=""),
        wanted(overwrite="yes"),
        wanted(destination={"project": 5}),
        {"source": {"volume": 1, "location": "a"}, "destination": {"parent": "p"}},
    ],
)
def test_an_item_of_the_wrong_shape_refuses_the_whole_call(
    platform: Platform, call: Call, item: dict[str, Any]
) -> None:
    assert call("/bulk/storage/imports/create", {"items": [wanted(), item]}).status == 400
    assert platform.jobs == {}


def test_any_folder_takes_files(call: Call) -> None:
    record = create(call, wanted(destination={"parent": "folder-1", "name": "b"}))[0]
    assert record["resource"]["destination"] == {"parent": "folder-1", "name": "b"}
    assert look(call, record, 12)["result"]["parent"] == "folder-1"


def test_a_folder_becomes_a_folder_and_keeps_its_structure(call: Call) -> None:
    record = create(call, wanted("runs/2024/"))[0]
    assert record["resource"]["preserve_folder_structure"] is True
    assert record["resource"]["destination"]["name"] == "2024"
    assert look(call, record, 12)["result"]["type"] == "folder"


def test_autorename_puts_a_number_before_a_taken_name(call: Call) -> None:
    records = create(call, wanted("a/x"), wanted("b/x", autorename=True), wanted("c/x", autorename=True))
    assert [look(call, record, 12)["result"]["name"] for record in records] == ["x", "_1_x", "_2_x"]
    assert records[1]["resource"]["destination"]["name"] == "x"


def test_overwrite_takes_the_place_of_the_older_file(call: Call) -> None:
    older = create(call, wanted("a/x"))[0]
    newer = create(call, wanted("b/x", overwrite=True), at=100)[0]
    older_id = look(call, older, 12)["result"]["id"]
    assert call(f"/files/{older_id}", at=111.9).status == 200
    assert call(f"/files/{older_id}", at=112).status == 404
    assert look(call, newer, 112)["state"] == "COMPLETED"


def test_bulk_get_answers_in_the_order_asked(call: Call) -> None:
    ids = [record["resource"]["id"] for record in create(call, wanted("a"), wanted("b"))]
    asked = [ids[1], "unknown", ids[0]]
    records = call("/bulk/storage/imports/get", {"import_ids": asked}, at=5).data["items"]
    assert records[0]["resource"]["id"] == ids[1]
    assert records[0]["resource"]["state"] == "RUNNING"
    assert (records[1]["error"]["status"], records[1]["error"]["code"] // 1000) == (404, 9)
    assert records[2]["resource"]["id"] == ids[0]


def test_an_import_is_not_an_export(call: Call) -> None:
    job_id = create(call, wanted())[0]["resource"]["id"]
    assert call(f"/storage/imports/{job_id}").status == 200
    assert call(f"/storage/exports/{job_id}").status == 404
    assert "error" in call("/bulk/storage/exports/get", {"export_ids": [job_id]}).data["items"][0]


def test_what_was_created_twice_shows_twice(platform: Platform, call: Call) -> None:
    create(call, wanted("a"), wanted("b/missing"))
    create(call, wanted("a"), wanted("c", volume="rfranklin/unknown"))
    project = "rfranklin/my-project"
    assert platform.created("imports") == [
        ("rfranklin/input", "a", project, "a"),
        ("rfranklin/input", "b/missing", project, "missing"),
        ("rfranklin/input", "a", project, "a"),
    ]


def filled(platform: Platform) -> Volume:
    volume = platform.world.volumes["rosa/bucket"] = Volume("rosa/bucket")
    for number, location in enumerate(("runs/", "runs/a.bam", "runs/1/a.bam", "runs/1/x/b.bam", "other.bam")):
        volume.put(location, size=10 + number, md5="0" * 32)
    return volume


def sizes(platform: Platform) -> dict[str, int | None]:
    return {path: file.size for path, file in platform.world.paths("rfranklin/my-project").items()}


def test_a_file_has_the_size_of_its_object_and_no_checksum(platform: Platform, call: Call) -> None:
    filled(platform)
    result = look(call, create(call, wanted("runs/a.bam", "rosa/bucket"))[0], 12)["result"]
    assert result["size"] == 11
    assert "md5" not in result


def test_a_folder_brings_all_that_is_in_it(platform: Platform, call: Call) -> None:
    filled(platform)
    record = create(call, wanted("runs/", "rosa/bucket"))[0]
    assert call(f"/files?parent={look(call, record, 12)['result']['id']}", at=11.9).status == 404
    assert sizes(platform) == {"runs/a.bam": 11, "runs/1/a.bam": 12, "runs/1/x/b.bam": 13}


def test_a_folder_without_its_structure_numbers_what_shares_a_name(platform: Platform, call: Call) -> None:
    filled(platform)
    create(call, wanted("runs/", "rosa/bucket", preserve_folder_structure=False))
    assert sorted(sizes(platform).values(), key=str) == [11, 12, 13]
    assert set(sizes(platform)) == {"runs/a.bam", "runs/_1_a.bam", "runs/b.bam"}


def test_a_strict_world_has_no_folder_but_those_that_hold_something(calls_to: Callable[..., Call]) -> None:
    platform = Platform(start=1_700_000_000.0, world=World(strict=True))
    filled(platform)
    call = calls_to(platform)
    records = create(call, wanted("nothing/", "rosa/bucket"), wanted("runs/1/", "rosa/bucket"))
    ends = [look(call, record, 10_000) for record in records]
    assert [end["state"] for end in ends] == ["FAILED", "COMPLETED"]
    assert ends[0]["error"]["status"] == 404


def test_a_volume_that_is_switched_off_refuses(platform: Platform, call: Call) -> None:
    platform.world.volumes["a/off"] = Volume("a/off", active=False)
    (record,) = create(call, wanted(volume="a/off"))
    assert record["error"]["status"] == 403
