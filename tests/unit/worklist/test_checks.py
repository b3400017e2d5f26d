from collections.abc import Iterator

import pytest

from sbtransfer.errors import WorkListError
from sbtransfer.items import VolumeImport
from sbtransfer.worklist.checks import Check, first_pass
from sbtransfer.worklist.places import Place, Problem
from sbtransfer.worklist.rows import Placed

ITEM = VolumeImport(volume="a/v", location="x", project="a/p")


def found(bad: int) -> Iterator[Placed | Problem]:
    for line in range(bad):
        yield Placed(Place("list", line), ITEM)
        yield Problem(Place("list", line), "bad")


def test_every_row_is_counted_and_the_first_problems_are_kept() -> None:
    assert first_pass(found(30), limit=2) == Check(30, ("list, line 0: bad", "list, line 1: bad"), 30)


def test_a_check_without_problems_raises_nothing() -> None:
    Check(5, (), 0).raise_for_problems()


def test_a_check_raises_for_its_problems() -> None:
    with pytest.raises(WorkListError) as caught:
        first_pass(found(30), limit=1).raise_for_problems()
    assert str(caught.value) == "list, line 0: bad\n… and 29 more"
    with pytest.raises(WorkListError, match="1 more"):
        first_pass(found(1), limit=0).raise_for_problems()


def test_a_list_that_breaks_off_still_tells_what_was_found() -> None:
    def breaking() -> Iterator[Placed | Problem]:
        yield from found(3)
        raise Place("list", 9).error("cut short")

    with pytest.raises(WorkListError) as caught:
        first_pass(breaking(), limit=1)
    assert caught.value.problems == ("list, line 0: bad", "list, line 9: cut short")
    assert caught.value.total == 4
