"""What a ledger keeps, and what a forgetful one drops: seen through the platform that owns it."""

from collections.abc import Callable
from typing import Any

import pytest

from sbtransfer.simulator import Durations, Platform

PROJECT = "rfranklin/my-project"

Call = Callable[..., Any]


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Return a platform that keeps two jobs whose end it has shown; all jobs take 12 seconds."""
    monkeypatch.setattr("sbtransfer.simulator.ledger.STILL_KNOWN", 2)
    return Platform(forgetful=True, durations=Durations(median=10, p99=10, pending=2))


def moved(call: Call, kind: str, item: dict[str, Any], at: float) -> str:
    """Make a job, look at its end, and return its id."""
    job: str = call(f"/storage/{kind}", item, at=at).data["id"]
    assert call(f"/storage/{kind}/{job}", at=at + 12).data["state"] == "COMPLETED"
    return job


def imported(call: Call, location: str, at: float) -> str:
    source = {"volume": "rfranklin/input", "location": location}
    return moved(call, "imports", {"source": source, "destination": {"project": PROJECT}}, at)


def exported(call: Call, file: str, at: float) -> str:
    destination = {"volume": "rfranklin/output", "location": f"out/{file}"}
    return moved(call, "exports", {"source": {"file": file}, "destination": destination}, at)


def test_jobs_whose_end_was_shown_are_dropped_with_their_files(
    forgetful: Platform, calls_to: Callable[[Platform], Call]
) -> None:
    call = calls_to(forgetful)
    jobs = [imported(call, f"x/{n}", at=20 * n) for n in range(5)]
    assert list(forgetful.jobs) == jobs[3:]
    assert [call(f"/storage/imports/{job}", at=200).status for job in jobs] == [404, 404, 404, 200, 200]
    assert list(forgetful.world.paths(PROJECT)) == ["3", "4"]
    listed = call("/storage/imports", at=200)
    assert [job["id"] for job in listed.data["items"]] == jobs[:2:-1]
    assert (forgetful.accepted["imports"], forgetful.dropped["imports"]) == (5, 3)


def test_a_folder_is_dropped_with_all_that_is_in_it(
    forgetful: Platform, calls_to: Callable[[Platform], Call]
) -> None:
    call = calls_to(forgetful)
    for n in range(3):
        imported(call, f"runs/2024-0{n + 1}/", at=20 * n)
    assert len(forgetful.world.files) == 2 * 251


def test_a_dropped_export_leaves_no_object_and_no_file_that_was_only_named(
    forgetful: Platform, calls_to: Callable[[Platform], Call]
) -> None:
    call = calls_to(forgetful)
    for n in range(3):
        exported(call, f"f{n}", at=20 * n)
    assert list(forgetful.world.files) == ["f1", "f2"]
    locations = [location for location, _ in forgetful.world.volumes["rfranklin/output"].under()]
    assert locations == ["out/f1", "out/f2"]


def test_a_dropped_export_leaves_the_file_that_an_import_brought(
    forgetful: Platform, calls_to: Callable[[Platform], Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = calls_to(forgetful)
    monkeypatch.setattr("sbtransfer.simulator.ledger.STILL_KNOWN", 1)
    forgetful.world.file("kept", 0.0)
    kept = forgetful.world.add(forgetful.world.files["kept"])
    exported(call, "kept", at=0)
    exported(call, "other", at=20)
    assert forgetful.dropped["exports"] == 1
    assert forgetful.world.files["kept"] is kept


def test_jobs_whose_end_nobody_saw_are_kept(
    forgetful: Platform, calls_to: Callable[[Platform], Call]
) -> None:
    call = calls_to(forgetful)
    unseen = {
        "source": {"volume": "rfranklin/input", "location": "unseen"},
        "destination": {"project": PROJECT},
    }
    job = call("/storage/imports", unseen).data["id"]
    for n in range(5):
        imported(call, f"x/{n}", at=20 * n)
    assert job in forgetful.jobs


def test_the_items_of_a_drs_job_count_each(forgetful: Platform, calls_to: Callable[[Platform], Call]) -> None:
    call = calls_to(forgetful)
    for n in range(2):
        items = [{"drs_uri": f"drs://data.example/{n}{one}", "project": PROJECT} for one in "ab"]
        job = call("/bulk/drs/imports/create", {"items": items}, at=20 * n).data["id"]
        assert call(f"/bulk/drs/imports/{job}", at=20 * n + 14).data["state"] == "FINISHED"
    assert forgetful.dropped["drs"] == 1
    assert list(forgetful.world.paths(PROJECT)) == ["1a", "1b"]


def test_a_platform_that_is_not_forgetful_keeps_all(
    platform: Platform, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sbtransfer.simulator.ledger.STILL_KNOWN", 2)
    jobs = [imported(call, f"x/{n}", at=20 * n) for n in range(5)]
    assert list(platform.jobs) == jobs
    assert platform.dropped.total() == 0


def test_a_forgetful_platform_does_not_know_what_it_created(forgetful: Platform) -> None:
    with pytest.raises(RuntimeError, match="accepted"):
        forgetful.created("imports")
