"""Which record of an answer belongs to which item: by what it echoes, never by trust in order.

An error record carries no echo. It is attributed by its place only while everything else in the answer stands
at its own place. What cannot be matched is ambiguous: it may have been done.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import TypeAlias

from attrs import frozen

from sbtransfer.models import ErrorRecord, Job
from sbtransfer.wire import Echo, Record


@frozen
class Ambiguous:
    """No record was matched with the item; `reason` says what was wrong with the answer."""

    reason: str


Match: TypeAlias = Job | ErrorRecord | Ambiguous


def match(echoes: Sequence[Echo], records: Sequence[Record]) -> list[Match]:
    """Return for each item, given by its expected echo, its job, its error, or why neither is known."""
    jobs = {record.id: record for record in records if isinstance(record, Job)}
    errors = sum(not isinstance(record, Job) for record in records)
    if len(records) == len(jobs) + errors == len(echoes) and _in_order(echoes, records):
        return [record or _HOLE for record in records]
    ambiguous = Ambiguous(_what_is_wrong(echoes, records))
    return [job or ambiguous for job in _by_echo(echoes, list(jobs.values()))]


_HOLE = Ambiguous("the answer has no readable record for this item")


def _in_order(echoes: Sequence[Echo], records: Sequence[Record]) -> bool:
    """Whether each job is its place's item's: in its very words, or in words that can be no other's."""
    odd = [
        place
        for place, record in enumerate(records)
        if isinstance(record, Job) and record.echo != echoes[place]
    ]
    known = set(echoes) if odd else set()
    return all(
        (echoed := _echo(records[place])) not in known
        and agrees(echoes[place], echoed)
        and not _could_be_swapped(place, echoes, records)
        for place in odd
    )


def _echo(record: Record) -> Echo:
    return record.echo if isinstance(record, Job) else ()


def _could_be_swapped(place: int, echoes: Sequence[Echo], records: Sequence[Record]) -> bool:
    return any(
        agrees(echoes[place], _echo(record)) and agrees(echoes[other], _echo(records[place]))
        for other, record in enumerate(records)
        if other != place
    )


def _by_echo(echoes: Sequence[Echo], jobs: Sequence[Job]) -> list[Job | None]:
    """Match jobs with items by their words alone."""
    known = set(echoes)
    strays = [job for job in jobs if job.echo not in known]
    exact: defaultdict[Echo, deque[Job]] = defaultdict(deque)
    for job in jobs:
        exact[job.echo].append(job)
    found = [exact[echo].popleft() if exact[echo] else None for echo in echoes]
    if strays:
        found = [None if job is not None and of_another(job, known, strays) else job for job in found]
        match_strays(echoes, found, strays)
    return found


def of_another(job: Job, known: set[Echo], strays: Sequence[Job]) -> bool:
    """Whether a job in an item's very words may be another item's, whose words the platform has changed."""
    return any(agrees(job.echo, stray.echo) for stray in strays) and any(
        agrees(other, job.echo) for other in known if other != job.echo
    )


def match_strays(echoes: Sequence[Echo], found: list[Job | None], strays: Sequence[Job]) -> None:
    """Match jobs that the platform describes in other words, where only one pairing is possible."""
    open_places = [place for place, job in enumerate(found) if job is None]
    for stray in strays:
        places = [place for place in open_places if agrees(echoes[place], stray.echo)]
        rivals = [other for other in strays if places and agrees(echoes[places[0]], other.echo)]
        if len(places) == len(rivals) == 1:
            found[places[0]] = stray


def agrees(sent: Echo, echoed: Echo) -> bool:
    """Whether a job may be the item's although its words differ.

    The platform puts a volume's prefix before a location, prefixes a name that is taken with an underscore
    and a number (`autorename`), and may leave out, or fill in, a part of the destination; never both.
    """
    if len(sent) != len(echoed):
        return False
    pairs = [(mine, its) for mine, its in zip(sent, echoed, strict=True) if mine != its]
    left_out = any(its is None for _, its in pairs)
    filled_in = any(mine is None for mine, _ in pairs)
    return not (left_out and filled_in) and all(
        mine is None or its is None or its.endswith((f"/{mine}", f"_{mine}")) for mine, its in pairs
    )


def _what_is_wrong(echoes: Sequence[Echo], records: Sequence[Record]) -> str:
    errors = [record for record in records if isinstance(record, ErrorRecord)]
    shown = f"; it also holds {len(errors)} errors, the first: {errors[0]}" if errors else ""
    if len(records) != len(echoes):
        return f"the answer has {len(records)} records for {len(echoes)} items{shown}"
    return f"the answer is not in the order of the items{shown}"
