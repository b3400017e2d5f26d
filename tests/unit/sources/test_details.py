"""Details of any number of files: a hundred in a request, in the order of their ids."""

from collections.abc import AsyncIterator, Iterable

import pytest

from sbtransfer.models import ErrorRecord
from sbtransfer.resources import FileDetails
from sbtransfer.sources.details import details_by_id, details_of, in_hundreds
from tests.unit.sources.platform import DENIED, GONE, FakeAPI


async def one_by_one(ids: Iterable[str]) -> AsyncIterator[str]:
    for one in ids:
        yield one


def filled(count: int) -> tuple[FakeAPI, list[str]]:
    api = FakeAPI()
    api.add(*(f"{number}.bam" for number in range(count)))
    return api, list(api.files)


def shown(told: FileDetails | ErrorRecord) -> str:
    return told.id if isinstance(told, FileDetails) else told.message


@pytest.mark.parametrize(
    ("count", "asked"),
    [(0, []), (1, [1]), (99, [99]), (100, [100]), (101, [100, 1]), (251, [100, 100, 51])],
)
async def test_a_hundred_are_read_at_a_time(count: int, asked: list[int]) -> None:
    api, ids = filled(count)
    assert [shown(one) async for one in details_of(api, ids)] == ids
    assert [len(given) for given in api.asked("file_details")] == asked


async def test_ids_may_come_as_they_are_found() -> None:
    api, ids = filled(101)
    assert [shown(one) async for one in details_of(api, one_by_one(ids))] == ids
    assert [len(given) for given in api.asked("file_details")] == [100, 1]


async def test_an_id_that_is_given_twice_is_told_twice_and_asked_once() -> None:
    api, (first, second) = filled(2)
    wanted = [second, first, second, second]
    assert [shown(one) async for one in details_of(api, wanted)] == wanted
    assert api.asked("file_details") == [[second, first]]


async def test_a_hundred_of_the_same() -> None:
    api, (only,) = filled(1)
    assert [shown(one) async for one in details_of(api, [only] * 150)] == [only] * 150
    assert api.asked("file_details") == [[only], [only]]


async def test_errors_are_in_their_places() -> None:
    api, (first, second) = filled(2)
    api.told[second] = DENIED
    told = [one async for one in details_of(api, ["no", first, second, "no"])]
    assert told == [GONE, api.files[first], DENIED, GONE]


async def test_nothing_is_read_before_it_is_asked_for() -> None:
    api, ids = filled(150)
    details = details_of(api, ids)
    assert api.requests == []
    await anext(details)
    assert len(api.requests) == 1
    assert [shown(one) async for one in details] == ids[1:]


async def test_details_by_id() -> None:
    api, (first, second) = filled(2)
    assert await details_by_id(api, (second, first, second)) == [
        api.files[one] for one in (second, first, second)
    ]


@pytest.mark.parametrize("count", [0, 1, 100, 201])
async def test_in_hundreds(count: int) -> None:
    lists = [some async for some in in_hundreds(range(count))]
    assert [number for some in lists for number in some] == list(range(count))
    assert all(len(some) == 100 for some in lists[:-1])
    assert all(lists)
