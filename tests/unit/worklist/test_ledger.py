import sqlite3
from collections.abc import Iterable

import pytest

from sbtransfer.errors import WorkListError
from sbtransfer.items import Item
from sbtransfer.worklist.ledger import Ledger
from sbtransfer.worklist.places import Place
from sbtransfer.worklist.rows import Placed
from sbtransfer.worklist.traps import Trap
from tests.support import a_drs, an_export, an_import


def traps(items: Iterable[Item]) -> dict[str, Trap]:
    with Ledger("list.csv") as ledger:
        for line, item in enumerate(items, 2):
            ledger.add(Placed(Place("list.csv", line), item))
        return {trap.name: trap for trap in ledger.traps()}


def test_a_list_without_traps() -> None:
    assert traps(an_import(f"runs/{n}.gz") for n in range(2500)) == {}


def test_items_that_share_a_place_are_named_with_their_lines() -> None:
    found = traps(an_import(f"lane-{n}/{n % 1000}.gz") for n in range(2100))
    assert set(found) == {"name_collisions"}
    collisions = found["name_collisions"]
    assert collisions.items == 2100  # 100 names three times, 900 twice
    assert collisions.stops
    assert collisions.message.endswith("all but one of each may fail")
    assert collisions.examples[0] == "'0.gz' in rosa/study: list.csv, line 2, line 1002, line 2002"
    assert len(collisions.examples) == 3


def test_long_groups_are_counted() -> None:
    found = traps(an_import(f"lane-{n}/a.gz") for n in range(7))
    assert found["name_collisions"].examples == (
        "'a.gz' in rosa/study: list.csv, line 2, line 3, line 4 and 4 more",
    )


def test_what_becomes_of_the_others_depends_on_the_items() -> None:
    found = traps((a_drs(name="a"), a_drs("drs://x/2", name="a"), a_drs("drs://x/3", name="b")))
    assert found["name_collisions"].items == 2
    assert "left out" in found["name_collisions"].message
    found = traps(an_export(file, location="a", overwrite=True, copy_only=True) for file in "xy")
    assert "overwritten" in found["name_collisions"].message


def test_what_is_listed_twice() -> None:
    items = [a_drs("drs://x/1", ref="a"), a_drs("drs://x/2"), a_drs("drs://x/1", ref="b")]
    found = traps(items)
    assert set(found) == {"duplicates"}
    assert found["duplicates"].items == 1
    assert not found["duplicates"].stops
    assert found["duplicates"].examples == ("list.csv, line 2, line 4",)


def test_a_file_that_is_exported_twice() -> None:
    once = [an_export("5f", location="a"), an_export("5f", location="b", copy_only=True)]
    assert traps(once) == {}
    found = traps([*once, an_export("5f", location="c")])
    assert found["exported_twice"].items == 1
    assert found["exported_twice"].examples == ("'5f': list.csv, line 2, line 4",)


def test_folders_without_their_slash() -> None:
    locations = ("runs/2024", "runs/2024/lane-1/a.gz", "runs/README", "runs/2023/")
    found = traps(an_import(location) for location in locations)
    assert set(found) == {"folders_without_slash", "maybe_folders"}
    assert found["folders_without_slash"].examples == ("'rosa/input runs/2024': list.csv, line 2",)
    assert found["maybe_folders"].examples == ("'rosa/input runs/README': list.csv, line 4",)


def test_a_folder_is_known_however_many_there_are() -> None:
    items = [an_import("deep/one"), *(an_import(f"deep/one/{n}/{n}.gz") for n in range(1500))]
    assert traps(items)["folders_without_slash"].items == 1


def test_calls_are_counted_by_what_items_must_agree_on() -> None:
    with Ledger("list") as ledger:
        for n in range(2050):
            ledger.add(Placed(Place("list", n), an_export(str(n), copy_only=n % 2 == 0)))
        assert ledger.calls(100) == 22
    with Ledger("list") as ledger:
        for n in range(1100):
            ledger.add(Placed(Place("list", n), a_drs(f"drs://x/{n}", tags=(str(n),))))
        assert ledger.calls(100) == 1100
    with Ledger("list") as ledger:
        assert ledger.calls(100) == 0


def test_a_disk_without_room_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger("list.csv") as ledger:
        ledger._database.execute("PRAGMA max_page_count = 8")
        with pytest.raises(WorkListError, match=r"list.csv: cannot be searched for traps .*full"):
            for n in range(5000):
                ledger.add(Placed(Place("list", n), an_import(f"runs/{n}.gz")))


def test_nothing_is_left_open() -> None:
    with Ledger("list") as ledger:
        pass
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        ledger._database.execute("SELECT 1")
