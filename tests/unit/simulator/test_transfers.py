"""The calls that make and show jobs: what is common to their kinds, single and in bulk."""

from collections.abc import Callable
from typing import Any

import pytest

from sbtransfer.simulator import Platform

Call = Callable[..., Any]

ITEMS = {
    "imports": {
        "source": {"volume": "rfranklin/input", "location": "a"},
        "destination": {"project": "rfranklin/my-project"},
    },
    "exports": {
        "source": {"file": "f1"},
        "destination": {"volume": "rfranklin/output", "location": "out"},
    },
}
BAD = {
    "imports": ITEMS["imports"] | {"source": {"volume": "a/unknown", "location": "a"}},
    "exports": ITEMS["exports"] | {"source": {"file": "missing"}},
}
KINDS = pytest.mark.parametrize("kind", ["imports", "exports"])


@KINDS
def test_a_single_create_answers_with_the_job_itself(call: Call, kind: str) -> None:
    made = call(f"/storage/{kind}", ITEMS[kind])
    assert (made.status, made.data["state"]) == (200, "PENDING")
    assert call(f"/storage/{kind}/{made.data['id']}").data == made.data
    (record,) = call(f"/bulk/storage/{kind}/get", {f"{kind[:-1]}_ids": [made.data["id"]]}).data["items"]
    assert record["resource"] == made.data


@KINDS
def test_a_single_create_is_refused_with_a_status_of_its_own(
    platform: Platform, call: Call, kind: str
) -> None:
    assert call(f"/storage/{kind}", BAD[kind]).status == 404
    assert platform.jobs == {}


@KINDS
def test_a_bulk_create_takes_1_to_100_items(platform: Platform, call: Call, kind: str) -> None:
    path = f"/bulk/storage/{kind}/create"
    assert [call(path, {"items": [ITEMS[kind]] * number}).status for number in (0, 101)] == [400, 400]
    assert platform.jobs == {}
    assert len(call(path, {"items": [ITEMS[kind]] * 100}).data["items"]) == 100


def test_a_drs_call_takes_1_to_100_items(platform: Platform, call: Call) -> None:
    item = {"drs_uri": "drs://data.example/1", "project": "rfranklin/my-project"}
    path = "/bulk/drs/imports/create"
    assert [call(path, {"items": [item] * number}).status for number in (0, 101, 100)] == [400, 400, 200]
    assert len(platform.jobs) == 1


@pytest.mark.parametrize(("flag", "storage"), [("true", "PLATFORM"), ("True", "PLATFORM"), ("", "VOLUME")])
def test_copy_only_belongs_to_the_call(call: Call, flag: str, storage: str) -> None:
    call(f"/storage/exports?copy_only={flag}", ITEMS["exports"])
    assert call("/files/f1", at=12).data["storage"]["type"] == storage


@KINDS
def test_the_newest_job_is_listed_first(call: Call, kind: str) -> None:
    made = [call(f"/storage/{kind}", ITEMS[kind], at=n).data["id"] for n in range(3)]
    page = call(f"/storage/{kind}?limit=2", at=3)
    assert [job["id"] for job in page.data["items"]] == [made[2], made[1]]
    assert page.headers["X-Total-Matching-Query"] == "3"
    assert set(page.data["items"][0]) == {"href", "id", "state"}
    full = call(f"/storage/{kind}?limit=1&fields=_all", at=3).data["items"][0]
    assert full == call(f"/storage/{kind}/{made[2]}", at=3).data
