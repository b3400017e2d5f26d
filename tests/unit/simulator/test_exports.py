from collections.abc import Callable
from typing import Any

import pytest

from sbtransfer.simulator import Durations, File, Platform, Volume, World
from sbtransfer.simulator.exports import ExportJob, ExportOrder, accept_export

START = 1_700_000_000.0

CREATE = "/bulk/storage/exports/create"

Call = Callable[..., Any]
CallsTo = Callable[[Platform], Call]


def wanted(file: str = "f1", volume: str = "rfranklin/output", location: str = "out/f1") -> dict[str, Any]:
    return {"source": {"file": file}, "destination": {"volume": volume, "location": location}}


def create(call: Call, *items: dict[str, Any], path: str = CREATE, at: float = 0) -> list[Any]:
    records: list[Any] = call(path, {"items": list(items)}, at=at).data["items"]
    return records


def look(call: Call, record: Any, at: float) -> Any:
    return call(f"/storage/exports/{record['resource']['id']}", at=at).data


def test_a_new_job_is_pending_and_echoes_what_was_asked(call: Call) -> None:
    properties = {"sse_algorithm": "AES256"}
    job = create(call, wanted() | {"properties": properties, "overwrite": True})[0]["resource"]
    assert job["state"] == "PENDING"
    assert job["source"] == {"file": "f1"}
    assert job["destination"] == {"volume": "rfranklin/output", "location": "out/f1"}
    assert (job["properties"], job["overwrite"]) == (properties, True)


def test_a_completed_job_shows_its_file(call: Call) -> None:
    record = create(call, wanted())[0]
    assert [look(call, record, at)["state"] for at in (1.9, 2, 12)] == ["PENDING", "RUNNING", "COMPLETED"]
    assert look(call, record, 12)["result"]["id"] == "f1"


def test_a_file_becomes_an_alias_when_its_export_completes(call: Call) -> None:
    create(call, wanted())
    assert call("/files/f1", at=11.9).data["storage"] == {"type": "PLATFORM"}
    assert call("/files/f1", at=12).data["storage"] == {
        "type": "VOLUME",
        "volume": "rfranklin/output",
        "location": "out/f1",
    }


def test_an_alias_cannot_be_exported(platform: Platform, call: Call) -> None:
    create(call, wanted())
    again = create(call, wanted(location="elsewhere"), at=12)[0]
    assert (again["error"]["status"], again["error"]["code"] // 1000) == (400, 9)
    assert len(platform.jobs) == 1


def test_of_two_exports_of_one_file_the_later_one_fails(platform: Platform, call: Call) -> None:
    first = create(call, wanted())[0]
    second = create(call, wanted(), at=5)[0]
    assert [look(call, one, 16.9)["state"] for one in (first, second)] == ["COMPLETED", "RUNNING"]
    assert look(call, second, 17)["state"] == "FAILED"
    assert "alias" in look(call, second, 17)["error"]["message"]
    assert platform.created("exports") == [("f1", "rfranklin/output", "out/f1")] * 2


def test_the_export_that_finishes_first_wins_even_if_it_began_later(calls_to: CallsTo) -> None:
    # Of these two job times the second is much shorter.
    durations = Durations(seed=2)
    assert durations.draw() > durations.draw() + 10
    platform = Platform(start=START, durations=Durations(seed=2))
    call = calls_to(platform)
    slow, fast = create(call, wanted(location="slow"), wanted(location="fast"))
    late = 100_000
    assert [look(call, one, late)["state"] for one in (slow, fast)] == ["FAILED", "COMPLETED"]
    assert call("/files/f1", at=late).data["storage"]["location"] == "fast"


def test_copy_only_leaves_the_file_as_it_is(call: Call) -> None:
    for at in (0, 100):
        record = create(call, wanted(location=f"out/{at}"), path=f"{CREATE}?copy_only=true", at=at)[0]
        assert look(call, record, at + 12)["state"] == "COMPLETED"
    assert call("/files/f1", at=200).data["storage"] == {"type": "PLATFORM"}


@pytest.mark.parametrize(("headers", "sent"), [({}, False), ({"X_Sbg_Advance_Access": "Advance"}, True)])
def test_the_advance_access_header_is_recorded_not_required(
    platform: Platform, call: Call, headers: dict[str, str], sent: bool
) -> None:
    assert call(f"{CREATE}?copy_only=true", {"items": [wanted()]}, **headers).status == 200
    (job,) = platform.jobs.values()
    assert isinstance(job, ExportJob)
    assert job.advance_access is sent


@pytest.mark.parametrize(
    ("item", "status", "family"),
    [
        (wanted(file="missing"), 404, 5),
        (wanted(volume="rfranklin/unknown"), 404, 9),
        (wanted(volume="rfranklin/input"), 403, 9),
    ],
)
def test_a_bad_item_is_refused_alone(call: Call, item: dict[str, Any], status: int, family: int) -> None:
    good, bad = create(call, wanted(), item)
    assert "resource" in good
    assert (bad["error"]["status"], bad["error"]["code"] // 1000) == (status, family)


def test_an_item_of_the_wrong_shape_refuses_the_whole_call(platform: Platform, call: Call) -> None:
    bad_items: list[dict[str, Any]] = [
        {"source": {}},
        wanted() | {"destination": None},
        wanted() | {"properties": []},
    ]
    for bad in bad_items:
        assert call(CREATE, {"items": [wanted(), bad]}).status == 400
    assert platform.jobs == {}


def test_an_imported_file_can_be_exported(call: Call) -> None:
    item = {
        "source": {"volume": "rfranklin/input", "location": "a"},
        "destination": {"project": "rfranklin/archive"},
    }
    made = call("/bulk/storage/imports/create", {"items": [item]}).data["items"][0]["resource"]
    file_id = call(f"/storage/imports/{made['id']}", at=12).data["result"]["id"]
    record = create(call, wanted(file=file_id), at=12)[0]
    assert look(call, record, 24)["result"]["id"] == file_id


def on_volume(call: Call, at: float, volume: str = "rfranklin/output") -> list[tuple[str, int]]:
    items = call(f"/storage/volumes/{volume}/list?prefix=out/&fields=_all", at=at).data["items"]
    return [(one["location"], one["metadata"]["size"]) for one in items]


@pytest.mark.parametrize("path", [CREATE, f"{CREATE}?copy_only=true"])
def test_an_export_puts_an_object_onto_its_volume(call: Call, path: str) -> None:
    create(call, wanted(), path=path)
    assert on_volume(call, at=11.9) == []
    assert on_volume(call, at=12) == [("out/f1", call("/files/f1", at=12).data["size"])]


def test_an_object_that_is_there_is_replaced_only_where_that_is_asked_for(call: Call) -> None:
    create(call, wanted())
    taken = create(call, wanted("f2"), at=12)[0]
    assert (taken["error"]["status"], taken["error"]["code"] // 1000) == (409, 9)
    record = create(call, wanted("f2") | {"overwrite": True}, at=12)[0]
    assert look(call, record, at=24)["state"] == "COMPLETED"
    assert on_volume(call, at=24) == [("out/f1", call("/files/f2", at=24).data["size"])]


@pytest.mark.parametrize(
    ("volume", "status"),
    [(Volume("a/off", active=False), 403), (Volume("a/far", region="eu-west-1"), 400)],
)
def test_volumes_that_cannot_take_the_file_refuse_it(
    platform: Platform, call: Call, volume: Volume, status: int
) -> None:
    platform.world.volumes[volume.id] = volume
    (record,) = create(call, wanted(volume=volume.id))
    assert record["error"]["status"] == status
    assert call("/files/f1", at=100).data["storage"] == {"type": "PLATFORM"}


def test_public_files_and_folders_cannot_be_exported(platform: Platform, call: Call) -> None:
    platform.world.add(File(id="open", name="open", public=True))
    platform.world.add(File(id="box", name="box", type="folder"))
    refused = create(call, wanted("open"), wanted("box"))
    assert [record["error"]["status"] for record in refused] == [403, 400]
    assert platform.created("exports") == []


def test_of_two_exports_only_the_one_that_wins_leaves_an_object() -> None:
    order: dict[str, Any] = {
        "overwrite": False,
        "properties": {},
        "copy_only": False,
        "advance_access": False,
    }
    world = World()
    slow = ExportOrder(file="f1", volume="rfranklin/output", location="out/slow", **order)
    fast = ExportOrder(file="f1", volume="rfranklin/output", location="out/fast", **order)
    late = accept_export(slow, START, world, Durations(median=100, p99=100))
    soon = accept_export(fast, START, world, Durations(median=1, p99=1))
    assert (late.failure is None, soon.failure is None) == (False, True)
    assert [location for location, _ in world.volumes["rfranklin/output"].under()] == ["out/fast"]


def sent(world: World, location: str, seconds: float, *, copy_only: bool = False, now: float = START) -> Any:
    order = ExportOrder(
        file="f1",
        volume="rfranklin/output",
        location=location,
        overwrite=True,
        properties={},
        copy_only=copy_only,
        advance_access=False,
    )
    return accept_export(order, now, world, Durations(median=seconds, p99=seconds))


def locations(world: World) -> list[str]:
    return [location for location, _ in world.volumes["rfranklin/output"].under()]


def test_a_copy_that_comes_too_late_leaves_no_object() -> None:
    world = World()
    early = sent(world, "early", 1, copy_only=True)
    late = sent(world, "late", 100, copy_only=True)
    moved = sent(world, "moved", 10)
    after = sent(world, "after", 50, copy_only=True)
    assert [job.failure is None for job in (early, late, moved, after)] == [True, False, True, False]
    assert locations(world) == ["early", "moved"]


def test_the_object_of_the_winner_stays_where_the_loser_was_to_bring_it() -> None:
    world = World()
    copied = sent(world, "out", 10, copy_only=True)
    moved = sent(world, "out", 10)
    assert [job.failure is None for job in (copied, moved)] == [False, True]
    assert locations(world) == ["out"]


def test_only_exports_under_way_are_kept_with_their_file() -> None:
    world = World()
    for number in range(5):
        sent(world, "out", 10, copy_only=True, now=START + 100 * number)
    assert len(world.files["f1"].sent) == 1


def test_an_object_that_is_to_be_replaced_stays_until_then(call: Call) -> None:
    create(call, wanted())
    create(call, wanted("f2") | {"overwrite": True}, at=12)
    old, new = (call(f"/files/{file}", at=12).data["size"] for file in ("f1", "f2"))
    assert [on_volume(call, at=at) for at in (23.9, 24)] == [[("out/f1", old)], [("out/f1", new)]]
