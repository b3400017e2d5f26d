from collections.abc import Callable, Iterator
from functools import partial

from sbtransfer.errors import APIError
from sbtransfer.halving import Halving
from sbtransfer.models import Entry
from tests.support import an_import, entries

ALIKE = APIError(403, 9100, "read only")


def hundred(count: int = 100) -> list[Entry]:
    return entries(*(an_import(f"runs/{n}") for n in range(count)))


def by_item(bad: set[int]) -> Callable[[list[int]], APIError | None]:
    """A platform that refuses every part with a bad item in it, and names the first one."""

    def verdict(part: list[int]) -> APIError | None:
        culprit = next((index for index in part if index in bad), None)
        return None if culprit is None else APIError(400, 9000, f"item {culprit} is bad")

    return verdict


def carry_out(
    halving: Halving, verdict: Callable[[list[int]], APIError | None]
) -> tuple[list[list[int]], list[int], list[int]]:
    """Return the parts that were sent, the entries that were accepted, and those that failed."""
    sent: list[list[int]] = []
    accepted: list[int] = []
    failed: list[int] = []
    while part := halving.next:
        sent.append([entry.index for entry in part])
        error = verdict(sent[-1])
        if error is None:
            halving.accepted()
            accepted += sent[-1]
        else:
            failed += [entry.index for entry in halving.refused(error)]
    return sent, accepted, failed


def test_an_accepted_chunk_is_sent_once() -> None:
    halving = Halving(hundred())
    sent, accepted, failed = carry_out(halving, by_item(set()))
    assert (sent, accepted, failed) == ([list(range(100))], list(range(100)), [])
    assert not halving.wholly_refused


def test_a_bad_item_is_found_by_halves() -> None:
    sent, accepted, failed = carry_out(Halving(hundred(8)), by_item({5}))
    assert sent == [
        [0, 1, 2, 3, 4, 5, 6, 7],
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [4, 5],
        [6, 7],
        [4],
        [5],
    ]
    assert (sorted(accepted), failed) == ([0, 1, 2, 3, 4, 6, 7], [5])


def test_odd_parts_are_halved_too() -> None:
    sent, accepted, failed = carry_out(Halving(hundred(3)), by_item({1}))
    assert sent == [[0, 1, 2], [0, 1], [2], [0], [1]]
    assert (accepted, failed) == ([2, 0], [1])


def test_every_item_can_be_bad() -> None:
    halving = Halving(hundred(5))
    sent, accepted, failed = carry_out(halving, by_item(set(range(5))))
    assert (accepted, sorted(failed)) == ([], [0, 1, 2, 3, 4])
    assert len(sent) == 9
    assert halving.wholly_refused


def test_a_single_item_fails_at_once() -> None:
    halving = Halving(hundred(1))
    assert carry_out(halving, by_item({0})) == ([[0]], [], [0])
    assert halving.wholly_refused


def test_attempts_count_the_calls_that_carried_an_item() -> None:
    halving = Halving(hundred(4))
    attempts: list[tuple[int, int]] = []
    verdict = by_item({3})
    while part := halving.next:
        attempts.append((len(part), halving.attempts))
        error = verdict([entry.index for entry in part])
        if error is None:
            halving.accepted()
        else:
            halving.refused(error)
    assert attempts == [(4, 1), (2, 2), (2, 2), (1, 3), (1, 3)]


def test_two_pairs_alike_give_up_together() -> None:
    sent, accepted, failed = carry_out(Halving(hundred()), lambda part: ALIKE)
    assert [len(part) for part in sent] == [100, 50, 50, 25, 25]
    assert accepted == []
    assert sorted(failed) == list(range(100))


def test_one_pair_alike_is_not_enough() -> None:
    # Both quarters of the first half fail alike; the second half's do not.
    def verdict(part: list[int]) -> APIError | None:
        return ALIKE if len(part) > 2 or 0 in part else None

    sent, accepted, failed = carry_out(Halving(hundred(8)), verdict)
    assert sent[:4] == [list(range(8)), [0, 1, 2, 3], [4, 5, 6, 7], [0, 1]]
    assert (sorted(accepted), failed) == (list(range(1, 8)), [0])


def test_a_pair_that_differs_starts_the_count_anew() -> None:
    errors = {
        (0, 1, 2, 3): ALIKE,
        (4, 5, 6, 7): ALIKE,
        (0, 1): ALIKE,
        (2, 3): APIError(403, 9100, "another volume"),
        (4, 5): ALIKE,
        (6, 7): ALIKE,
    }
    sent, _, failed = carry_out(Halving(hundred(8)), lambda part: errors.get(tuple(part), ALIKE))
    # Alike, different, alike, and alike once more among the single items.
    assert [len(part) for part in sent] == [8, 4, 4, 2, 2, 2, 2, 1, 1]
    assert sorted(failed) == list(range(8))


def next_of(replies: Iterator[APIError], part: list[int]) -> APIError:
    return next(replies)


def test_errors_are_alike_in_status_code_and_message() -> None:
    for other in (
        APIError(404, 9100, "read only"),
        APIError(403, 9101, "read only"),
        APIError(403, 9100, "no"),
    ):
        replies: Iterator[APIError] = iter([ALIKE, *[ALIKE, other] * 20])
        sent, _, failed = carry_out(Halving(hundred(4)), partial(next_of, replies))
        assert len(sent) == 7
        assert sorted(failed) == [0, 1, 2, 3]


def test_one_accepted_part_means_not_wholly_refused() -> None:
    halving = Halving(hundred(2))
    carry_out(halving, by_item({0}))
    assert not halving.wholly_refused


def test_nothing_is_sent_of_nothing() -> None:
    assert not Halving([]).next
