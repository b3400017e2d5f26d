"""The picture of the rooms is the one that their source gives."""

import re
from xml.etree import ElementTree

from docs.architecture import NAMES, PICTURE, draw, stations
from docs.layered import direct
from tests.rooms import ARROWS, LAYERS


def test_the_picture_is_what_the_source_gives_now() -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw(), "draw it anew: python -m docs.architecture"


def test_the_stations_stand_in_the_order_of_an_items_way() -> None:
    way, beside = stations()
    assert [station.room for station in way] == ["reader", "submit", "poll", "stream"]
    assert [station.room for station in beside] == ["reconcile"]
    assert (way[0].takes, way[-1].makes) == ("work list", "consumer")


def test_every_room_is_there_once_and_every_layer_has_a_name() -> None:
    picture = ElementTree.fromstring(draw())
    names = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    shown = ["sbtransfer" if room == "__init__" else room for room in LAYERS]
    assert set(shown) <= set(names)
    assert set(NAMES) == set(LAYERS.values())


def test_there_is_an_arrow_head_for_each_import_that_no_other_implies() -> None:
    used = {one for _, one in direct((user, one) for user, one in ARROWS if user != one)}
    assert len(used) > 30
    assert draw().count('class="head"') >= len(used)


def test_it_asks_nobody_for_anything() -> None:
    assert not re.search(r"@font-face|url\(|(href|src)=|<script", draw())
