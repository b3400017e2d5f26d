from collections.abc import Callable
from typing import Any

import pytest

from sbtransfer.simulator import Platform, Volume, World

BASE = "http://127.0.0.1:8900/v2"
HOME = f"{BASE}/storage/volumes/rfranklin/input"
INPUT = "/storage/volumes/rfranklin/input"
DATA = "/storage/volumes/rfranklin/data"
START = 1_700_000_000.0

Call = Callable[..., Any]


@pytest.fixture
def data(platform: Platform) -> Volume:
    """Return a volume whose locations are within `shared/data/` of its bucket."""
    volume = Volume("rfranklin/data", prefix="shared/data", service="gcs", bucket="lab", active=False)
    platform.world.volumes[volume.id] = volume
    return volume


def ids(reply: Any) -> list[str]:
    return [item["id"] for item in reply.data["items"]]


def contents(reply: Any) -> tuple[list[str], list[str]]:
    return (
        [item["location"] for item in reply.data["items"]],
        [folder["prefix"] for folder in reply.data["prefixes"]],
    )


def all_contents(call: Call, target: str) -> tuple[list[str], list[str], list[int]]:
    """Follow the links; returns the locations, the folders and how many entries each page had."""
    locations, folders, sizes = [], [], []
    while target:
        page = call(target)
        of_page = contents(page)
        locations += of_page[0]
        folders += of_page[1]
        sizes.append(len(of_page[0]) + len(of_page[1]))
        links = page.data["links"]
        target = links[0]["next"].removeprefix(BASE) if links else ""
    return locations, folders, sizes


def test_a_volume_shows_where_it_leads(call: Call, data: Volume) -> None:
    assert call(DATA).data == {
        "href": f"{BASE}{DATA}",
        "id": "rfranklin/data",
        "name": "data",
        "access_mode": "RW",
        "active": False,
        "description": "",
        "service": {
            "type": "gcs",
            "bucket": "lab",
            "prefix": "shared/data",
            "properties": {"region": "us-east-1"},
        },
        "created_on": "2023-01-02T03:04:05Z",
        "modified_on": "2023-01-02T03:04:05Z",
    }
    assert call(INPUT).data["access_mode"] == "RO"


@pytest.mark.parametrize("rest", ["", "/list", "/object?location=a"])
def test_an_unknown_volume_is_not_there(call: Call, rest: str) -> None:
    refused = call(f"/storage/volumes/rfranklin/nothing{rest}")
    assert (refused.status, refused.data["code"]) == (404, 9002)


def test_volumes_are_listed_in_pages(call: Call, data: Volume) -> None:
    page = call("/storage/volumes?limit=2")
    assert ids(page) == ["rfranklin/input", "rfranklin/output"]
    assert page.headers["X-Total-Matching-Query"] == "3"
    assert "service" not in page.data["items"][0]
    last = call(page.data["links"][0]["href"].removeprefix(BASE))
    assert ids(last) == ["rfranklin/data"]
    assert call("/storage/volumes?fields=_all").data["items"][2] == call(DATA).data


def test_one_level_is_listed_with_its_folders(call: Call) -> None:
    page = call(f"{INPUT}/list?fields=_all").data
    assert page["items"] == [
        {
            "href": f"{HOME}/object?location=README.txt",
            "location": "README.txt",
            "volume": "rfranklin/input",
            "type": "s3",
            "metadata": {"size": 2048, "md5": page["items"][0]["metadata"]["md5"]},
        }
    ]
    assert page["prefixes"] == [
        {"href": f"{HOME}/list?prefix=runs%2F", "prefix": "runs/", "volume": "rfranklin/input"},
        {"href": f"{HOME}/list?prefix=samples%2F", "prefix": "samples/", "volume": "rfranklin/input"},
    ]
    assert page["links"] == []


def test_the_details_of_objects_show_when_they_are_asked_for(call: Call) -> None:
    assert "metadata" not in call(f"{INPUT}/list").data["items"][0]


def test_the_hrefs_lead_on(call: Call) -> None:
    page = call(f"{INPUT}/list?fields=_all").data
    inner = call(page["prefixes"][1]["href"].removeprefix(BASE))
    assert contents(inner) == (["samples/sheet.csv", "samples/sheet.tsv"], [])
    assert call(page["items"][0]["href"].removeprefix(BASE)).data == page["items"][0]
    assert call(inner.data["href"].removeprefix(BASE)).data == inner.data


def test_following_the_links_shows_each_entry_once(call: Call) -> None:
    prefix = "runs/2024-07/"
    locations, folders, sizes = all_contents(call, f"{INPUT}/list?prefix={prefix}&limit=100")
    assert len(set(locations)) == len(locations) == 250
    assert locations == sorted(locations)
    assert folders == []
    assert sizes == [100, 100, 50]
    runs = all_contents(call, f"{INPUT}/list?prefix=runs/&limit=5")
    assert (len(set(runs[1])), runs[2]) == (12, [5, 5, 2])


def test_a_page_holds_25_entries_unless_told_otherwise(call: Call) -> None:
    assert len(call(f"{INPUT}/list?prefix=runs/2024-01/").data["items"]) == 25
    assert [call(f"{INPUT}/list?limit={limit}").status for limit in (0, 1, 100, 101)] == [400, 200, 200, 400]


def test_a_prefix_need_not_end_at_a_folder(call: Call) -> None:
    assert contents(call(f"{INPUT}/list?prefix=runs/2024-1")) == (
        [],
        ["runs/2024-10/", "runs/2024-11/", "runs/2024-12/"],
    )
    assert contents(call(f"{INPUT}/list?prefix=nothing/")) == ([], [])


def test_the_prefix_of_the_volume_does_not_show(call: Call, data: Volume) -> None:
    data.put("a/x", 1)
    data.put("b", 2)
    data.put("c", 3)
    data.put("d", 4, since=START + 60)
    data.objects.put("shared/database", data.objects.get("shared/data/b"))  # type: ignore[arg-type] # it is there
    assert all_contents(call, f"{DATA}/list?limit=1") == (["b", "c"], ["a/"], [1, 1, 1])
    assert contents(call(f"{DATA}/list?prefix=a/")) == (["a/x"], [])
    assert contents(call(f"{DATA}/list?prefix=d", at=60)) == (["d"], [])


def test_the_token_shows_no_location_and_belongs_to_its_list(call: Call, platform: Platform) -> None:
    link = call(f"{INPUT}/list?prefix=runs/&limit=1").data["links"][0]["next"]
    token = link.partition("continuation_token=")[2].partition("&")[0]
    assert "2024-02" not in token
    again = f"{INPUT}/list?prefix=runs/&continuation_token={token}"
    assert contents(call(again))[1][0] == "runs/2024-02/"
    for wrong in (
        f"{INPUT}/list?continuation_token={token}",
        f"/storage/volumes/rfranklin/output/list?prefix=runs/&continuation_token={token}",
        f"{INPUT}/list?continuation_token=runs/2024-02/",
    ):
        refused = call(wrong)
        assert (refused.status, refused.data["code"]) == (400, 1004)


def test_an_object_that_is_known_shows_as_it_is(call: Call, data: Volume) -> None:
    data.put("b c", 7, "0" * 32)
    data.put("later", 7, since=START + 60)
    assert call(f"{DATA}/object?location=b+c").data == {
        "href": f"{BASE}{DATA}/object?location=b+c",
        "location": "b c",
        "volume": "rfranklin/data",
        "type": "gcs",
        "metadata": {"size": 7, "md5": "0" * 32},
    }


def test_any_object_exists_in_a_world_that_is_not_strict(call: Call) -> None:
    found = call(f"{INPUT}/object?location=a/b").data
    assert found["metadata"] == {"size": call(f"{INPUT}/object?location=a/b").data["metadata"]["size"]}
    for location in ("a/missing", "missing", "a/"):
        refused = call(f"{INPUT}/object?location={location}")
        assert (refused.status, refused.data["code"]) == (404, 9004)
    assert call(f"{INPUT}/object").status == 400


def test_only_what_is_there_exists_in_a_strict_world(calls_to: Callable[[Platform], Call]) -> None:
    call = calls_to(Platform(world=World(strict=True)))
    assert call(f"{INPUT}/object?location=README.txt").data["metadata"]["size"] == 2048
    assert call(f"{INPUT}/object?location=a/b").status == 404
