from typing import get_args

import pytest

from sbtransfer.worklist.traps import TrapName, trap


def test_a_trap_says_what_it_is_and_what_to_do() -> None:
    found = trap("name_collisions", 12, ["'a' in p: line 3"], ["fail", "skip"])
    assert str(found) == (
        "12 items share destination names: all but one of each may fail or all but one of each would be "
        "left out; give each a name of its own, or allow it with --allow-name-collisions"
    )
    assert found.examples == ("'a' in p: line 3",)


@pytest.mark.parametrize("name", get_args(TrapName))
def test_every_trap_has_words_for_one_and_for_many(name: TrapName) -> None:
    assert trap(name, 1).message.startswith("1 ")
    assert trap(name, 1200).message.startswith("1,200 ")
    assert trap(name, 1).message[2:] != trap(name, 1200).message[6:]


def test_only_items_that_cannot_arrive_stop_a_run() -> None:
    assert [name for name in get_args(TrapName) if trap(name, 1).stops] == ["name_collisions"]
