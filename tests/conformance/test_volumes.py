from datetime import datetime

import pytest

from sbtransfer.simulator import Platform, Volume
from tests.conformance.official import INPUT, OUTPUT, Official, fetched_for


def locations(page: Official) -> list[str]:
    return [found.location for found in page]


def test_all_volumes_are_listed(api: Official) -> None:
    page = api.volumes.query(limit=1)
    assert (len(page), page.total) == (1, 2)
    assert [volume.id for volume in page.all()] == [INPUT, OUTPUT]


def test_a_volume_tells_what_it_is(api: Official) -> None:
    volume = api.volumes.get(INPUT)
    assert (volume.id, volume.name, volume.access_mode, volume.active) == (INPUT, "input", "RO", True)
    assert (volume.service["type"].lower(), volume.service["bucket"]) == ("s3", "rfranklin-input")
    assert isinstance(volume.created_on, datetime)
    assert api.volumes.get(OUTPUT).access_mode == "RW"


def test_one_level_is_listed_with_its_folders_as_prefixes(api: Official) -> None:
    page = api.volumes.get(INPUT).list()
    assert locations(page) == ["README.txt"]
    assert [folder.prefix for folder in page.prefixes] == ["runs/", "samples/"]
    assert {(found.volume, found.metadata["size"]) for found in page} == {(INPUT, 2_048)}


def test_a_prefix_leads_into_a_folder(api: Official) -> None:
    volume = api.volumes.get(INPUT)
    assert locations(volume.list(prefix="samples/")) == ["samples/sheet.csv", "samples/sheet.tsv"]
    assert locations(volume.list(prefix="samples/sheet.c")) == ["samples/sheet.csv"]
    runs = volume.list(prefix="runs/")
    assert (locations(runs), len(runs.prefixes)) == ([], 12)
    inside = volume.list(prefix=runs.prefixes[0].prefix, limit=100)
    assert len(inside) == 100


def test_a_list_goes_on_by_its_continuation_tokens(api: Official) -> None:
    page = api.volumes.get(INPUT).list(prefix="runs/2024-01/", limit=100)
    found = locations(page.all())
    assert len(found) == len(set(found)) == 250
    assert locations(page.next_page().next_page()) == found[200:]


def test_an_object_is_shown_by_its_location(api: Official) -> None:
    found = api.volumes.get(INPUT).get_volume_object_info("samples/sheet.csv")
    assert (found.location, found.volume, found.metadata["size"]) == ("samples/sheet.csv", INPUT, 51_200)
    assert found.type.lower() == "s3"


@pytest.mark.parametrize("location", ["a b/ü+&=%#?.txt", "back\\slash'quote\""])
def test_locations_of_all_kinds_are_found(api: Official, platform: Platform, location: str) -> None:
    platform.world.volumes[OUTPUT].put(location, 3)
    volume = api.volumes.get(OUTPUT)
    assert volume.get_volume_object_info(location).location == location
    assert locations(volume.list(prefix=location)) == [location]


def test_a_prefix_of_the_volume_itself_does_not_show(api: Official, platform: Platform) -> None:
    volume = Volume("rfranklin/prefixed", prefix="base")
    volume.put("in/x.txt", 3)
    platform.world.volumes[volume.id] = volume
    shown = api.volumes.get(volume.id)
    assert shown.service["prefix"] == "base"
    assert locations(shown.list(prefix="in/")) == ["in/x.txt"]


def test_no_field_of_a_volume_has_to_be_asked_for_again(api: Official, platform: Platform) -> None:
    for volume in (api.volumes.query()[0], api.volumes.get(INPUT)):
        assert fetched_for(volume, platform) == []


def test_no_field_of_an_object_has_to_be_asked_for_again(api: Official, platform: Platform) -> None:
    page = api.volumes.get(INPUT).list()
    assert fetched_for(page[0], platform) == []
    assert fetched_for(page.prefixes[0], platform) == []
