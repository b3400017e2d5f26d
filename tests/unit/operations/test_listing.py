"""Reading a job list: in full where nothing shows an order, else only as far back as need be."""

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

import pytest

from sbtransfer.errors import UnreadableAnswerError
from sbtransfer.models import Job
from sbtransfer.operations.listing import Listing
from sbtransfer.wire import Page


def job(number: int, start: float | None) -> Job:
    started = None if start is None else datetime.fromtimestamp(start, UTC)
    return Job(f"job-{number}", "RUNNING" if started else "PENDING", (str(number),), started_on=started)


def newest_first(count: int, pending: int = 0) -> list[Job]:
    """Jobs that started a second apart, the last `pending` of which have not started yet."""
    ages = range(count - 1, -1, -1)
    return [job(n, None if n >= count - pending else 1000.0 + n) for n in ages]


def page(jobs: Sequence[Job], offset: int, size: int = 100) -> Page[Job]:
    shown = tuple(jobs[offset : offset + size])
    return Page(shown, len(shown), len(jobs), offset + size >= len(jobs))


def read(jobs: list[Job], since: float, between: list[Job] | None = None) -> tuple[Listing, list[int]]:
    """Read a list; before the second page, the jobs `between` are made."""
    listing, offsets = Listing(since), list[int]()
    while listing.next is not None:
        offsets.append(listing.next)
        listing.add(page(jobs, listing.next))
        if between:
            jobs, between = between + jobs, None
    return listing, offsets


def test_an_empty_list_is_read_at_once() -> None:
    listing, offsets = read([], since=0)
    assert offsets == [0]
    assert listing.jobs == {}


def test_a_list_of_one_page_is_read_once() -> None:
    listing, offsets = read(newest_first(100), since=0)
    assert offsets == [0]
    assert len(listing.jobs) == 100


def test_newest_first_stops_at_the_first_page_past_the_moment() -> None:
    listing, offsets = read(newest_first(1000), since=1850.0)
    assert offsets == [0, 100, 200]
    assert {f"job-{n}" for n in range(850, 1000)} <= set(listing.jobs)


def test_newest_first_goes_on_while_a_page_has_a_job_of_the_moment_itself() -> None:
    # The second page ends with job 800, the third one begins with job 799.
    assert read(newest_first(1000), since=1799.0)[1] == [0, 100, 200, 300]
    assert read(newest_first(1000), since=1799.5)[1] == [0, 100, 200]


def test_pages_of_pending_jobs_show_no_order_and_are_passed() -> None:
    listing, offsets = read(newest_first(500, pending=150), since=1450.0)
    assert offsets == [0, 100, 200, 300, 400]
    assert len(listing.jobs) == 500


def test_oldest_first_is_read_from_its_end() -> None:
    jobs = newest_first(1000)[::-1]
    listing, offsets = read(jobs, since=1850.0)
    assert offsets == [0, 900, 800, 700]
    assert {f"job-{n}" for n in range(850, 1000)} <= set(listing.jobs)


def test_oldest_first_without_an_early_end_meets_the_front() -> None:
    listing, offsets = read(newest_first(450)[::-1], since=0)
    assert offsets == [0, 350, 250, 150, 100]
    assert len(listing.jobs) == 450


def test_a_list_in_no_order_is_read_in_full() -> None:
    jobs = newest_first(950)
    Random(1).shuffle(jobs)
    listing, offsets = read(jobs, since=1949.0)
    assert offsets == list(range(0, 1000, 100))
    assert len(listing.jobs) == 950


def test_few_dates_show_no_order() -> None:
    jobs = [job(n, 2000.0 - n if n % 12 == 0 else None) for n in range(300)]
    assert read(jobs, since=1999.0)[1] == [0, 100, 200]


def test_equal_dates_show_no_order() -> None:
    jobs = [job(n, 1000.0) for n in range(300)]
    assert read(jobs, since=2000.0)[1] == [0, 100, 200]


@pytest.mark.parametrize("oldest_first", [False, True])
def test_an_order_that_a_later_page_contradicts_is_given_up(oldest_first: bool) -> None:
    jobs = newest_first(1000)
    jobs[150], jobs[250] = jobs[250], jobs[150]
    jobs[850], jobs[750] = jobs[750], jobs[850]
    listing, _ = read(jobs[::-1] if oldest_first else jobs, since=1500.0)
    assert len(listing.jobs) == 1000


def test_jobs_that_are_made_meanwhile_contradict_nothing() -> None:
    made = [job(n, 1000.0 + n) for n in range(1029, 999, -1)]
    listing, offsets = read(newest_first(1000), since=1850.0, between=made)
    assert offsets == [0, 100, 200]
    assert {f"job-{n}" for n in range(850, 1000)} <= set(listing.jobs)


def test_a_list_that_shows_less_than_it_says_is_no_listing() -> None:
    listing = Listing(since=0)
    with pytest.raises(UnreadableAnswerError, match="300 entries shows 100"):
        listing.add(Page(tuple(newest_first(100)), 100, 300, is_last=True))


def test_an_empty_page_in_between_is_no_listing() -> None:
    listing = Listing(since=0)
    with pytest.raises(UnreadableAnswerError, match="no more"):
        listing.add(Page((), 0, 300, is_last=False))


def test_a_page_with_a_hole_is_continued_where_it_ended() -> None:
    listing = Listing(since=0)
    listing.add(Page(tuple(newest_first(99)), 99, 150, is_last=False))
    assert listing.next == 99
