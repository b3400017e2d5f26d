"""Answers that were cut, shuffled, doubled and mixed with errors: no item ever gets what is another's."""

from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings, strategies as st

from sbtransfer.models import ErrorRecord, Job
from sbtransfer.operations.match import Ambiguous, match
from sbtransfer.wire import Echo, Record, import_echo
from tests.support import an_import

# Locations that end alike, so that one can be taken for another under a prefix or another name.
LOCATIONS = ["f", "x/f", "y/x/f", "g", "x/g", "_1_f", "x/_1_f", "f/f", "x"]
NAMES = [None, "f", "_1_f", "n"]
DESTINATIONS: list[dict[str, Any]] = [
    {"project": "rosa/study"},
    {"project": "rosa/other"},
    {"project": None, "parent": "5f1e"},
]
ECHOES = [
    import_echo(an_import(location, name=name, **destination))
    for location in LOCATIONS
    for name in NAMES
    for destination in DESTINATIONS
]
chunks = st.lists(st.sampled_from(ECHOES), min_size=1, max_size=6, unique=True)


def job_of(place: int, echo: Echo) -> Job:
    return Job(f"job-{place}", "PENDING", echo)


def error_of(place: int) -> ErrorRecord:
    return ErrorRecord(404, 9002, f"item {place}")


@st.composite
def answers(
    draw: st.DrawFn, chunk: st.SearchStrategy[list[Echo]] = chunks
) -> tuple[list[Echo], list[Record]]:
    """A chunk, and any of its records in any order, any number of times."""
    echoes = draw(chunk)
    honest: list[Record] = [
        draw(st.sampled_from([job_of(place, echo), job_of(place, echo), error_of(place), None]))
        for place, echo in enumerate(echoes)
    ]
    return echoes, draw(
        st.one_of(
            st.just(honest),
            st.permutations(honest),
            st.lists(st.sampled_from(honest), max_size=len(honest) + 2),
            st.lists(st.sampled_from(honest), min_size=len(honest), max_size=len(honest)),
        )
    )


def in_place(echoes: list[Echo], records: list[Record]) -> bool:
    return len(echoes) == len(records) and all(
        record.echo == echo for echo, record in zip(echoes, records, strict=True) if isinstance(record, Job)
    )


INNER, OUTER = (import_echo(an_import(location)) for location in ("x/f", "f"))


@settings(max_examples=250, deadline=None)
@given(answers())
@example(([INNER, OUTER], [job_of(0, INNER), job_of(0, INNER)]))
def test_no_item_gets_the_job_of_another(answer: tuple[list[Echo], list[Record]]) -> None:
    echoes, records = answer
    matches = match(echoes, records)
    jobs = [one for one in matches if isinstance(one, Job)]
    assert len(matches) == len(echoes)
    assert len({job.id for job in jobs}) == len(jobs)
    for echo, one in zip(echoes, matches, strict=True):
        # Every job here echoes an item of the chunk exactly.
        assert not isinstance(one, Job) or one.echo == echo
    found = {record.id for record in records if isinstance(record, Job)}
    assert {job.id for job in jobs} == found


@settings(max_examples=200, deadline=None)
@given(answers())
def test_an_error_is_its_items_or_nobodys(answer: tuple[list[Echo], list[Record]]) -> None:
    echoes, records = answer
    matches = match(echoes, records)
    if in_place(echoes, records):
        assert [None if isinstance(one, Ambiguous) else one for one in matches] == records
    else:
        assert not any(isinstance(one, ErrorRecord) for one in matches)


@settings(max_examples=200, deadline=None)
@given(answers(st.lists(st.sampled_from([INNER, OUTER]), min_size=1, max_size=6)))
@example(([INNER, INNER], [job_of(0, INNER), job_of(0, INNER), job_of(1, INNER)]))
def test_identical_items_do_not_share_a_job(answer: tuple[list[Echo], list[Record]]) -> None:
    echoes, records = answer
    matches = match(echoes, records)
    jobs = [one for one in matches if isinstance(one, Job)]
    assert len({job.id for job in jobs}) == len(jobs)
    for echo, one in zip(echoes, matches, strict=True):
        assert not isinstance(one, Job) or one.echo == echo


def under_prefix(echo: Echo) -> Echo:
    volume, location, *rest = echo
    return (volume, f"prefix/{location}", *rest)


def renamed(echo: Echo) -> Echo:
    *rest, name = echo
    return (*rest, f"_2_{name}")


@settings(max_examples=100, deadline=None)
@given(chunks, st.data())
def test_other_words_in_order_are_understood(echoes: list[Echo], data: st.DataObject) -> None:
    change = data.draw(st.sampled_from([under_prefix, renamed, lambda echo: under_prefix(renamed(echo))]))
    records: list[Record] = [
        data.draw(st.just(job_of(place, change(echo))) | st.just(error_of(place)))
        for place, echo in enumerate(echoes)
    ]
    assert match(echoes, records) == records


shuffled = chunks.flatmap(lambda echoes: st.tuples(st.just(echoes), st.permutations(range(len(echoes)))))
IN_FOLDER = import_echo(an_import("x/f", project=None, parent="5f1e"))


@settings(max_examples=200, deadline=None)
@given(shuffled, st.sampled_from([under_prefix, renamed]))
@example(([IN_FOLDER, INNER], [1, 0]), under_prefix)
def test_other_words_out_of_order_are_never_misunderstood(
    answer: tuple[list[Echo], list[int]], change: Callable[[Echo], Echo]
) -> None:
    echoes, order = answer
    jobs = [job_of(place, change(echo)) for place, echo in enumerate(echoes)]
    for place, one in enumerate(match(echoes, [jobs[place] for place in order])):
        assert isinstance(one, Ambiguous) or one == jobs[place]
