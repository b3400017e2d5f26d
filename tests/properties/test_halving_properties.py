"""Halving against platforms of all tempers: no entry is lost, none is sent again in vain, and it ends."""

from math import ceil, log2

from hypothesis import given, settings, strategies as st

from sbtransfer.errors import APIError
from sbtransfer.halving import Halving
from sbtransfer.models import Entry
from tests.support import an_import

SIZES = st.integers(1, 100)
ERRORS = [APIError(400, 1, "a"), APIError(400, 1, "b"), APIError(403, 1, "a"), APIError(400, 2, "a")]


def chunk(size: int) -> list[Entry]:
    return [Entry(index, an_import(f"runs/{index}")) for index in range(size)]


@settings(max_examples=150, deadline=None)
@given(st.data(), SIZES)
def test_exactly_the_bad_items_are_found(data: st.DataObject, size: int) -> None:
    bad = data.draw(st.sets(st.integers(0, size - 1)))
    halving = Halving(chunk(size))
    accepted: list[int] = []
    failed: list[int] = []
    calls = 0
    while part := halving.next:
        calls += 1
        indexes = [entry.index for entry in part]
        assert not set(indexes) & set(accepted + failed)
        assert halving.attempts <= ceil(log2(size)) + 1
        culprits = [index for index in indexes if index in bad]
        if culprits:
            failed += [e.index for e in halving.refused(APIError(400, 9000, f"item {culprits[0]} is bad"))]
        else:
            halving.accepted()
            accepted += indexes
    assert set(failed) == bad
    assert sorted(accepted + failed) == list(range(size))
    assert halving.wholly_refused == (not accepted)
    assert calls <= min(2 * size - 1, 1 + 2 * len(bad) * ceil(log2(size)) if size > 1 else 1)


@settings(max_examples=200, deadline=None)
@given(st.data(), SIZES)
def test_nothing_is_lost_whatever_the_platform_says(data: st.DataObject, size: int) -> None:
    halving = Halving(chunk(size))
    ended: list[int] = []
    calls = 0
    while part := halving.next:
        calls += 1
        assert calls <= 2 * size - 1
        error = data.draw(st.sampled_from([None, *ERRORS]))
        if error is None:
            halving.accepted()
            ended += [entry.index for entry in part]
        else:
            ended += [entry.index for entry in halving.refused(error)]
        assert len(ended) == len(set(ended))
    assert sorted(ended) == list(range(size))


@settings(max_examples=50, deadline=None)
@given(SIZES, st.sampled_from(ERRORS))
def test_a_call_that_is_wrong_as_a_whole_fails_soon(size: int, error: APIError) -> None:
    halving = Halving(chunk(size))
    failed: list[int] = []
    calls = 0
    while halving.next:
        calls += 1
        failed += [entry.index for entry in halving.refused(error)]
    assert calls <= 5
    assert sorted(failed) == list(range(size))
    assert halving.wholly_refused
