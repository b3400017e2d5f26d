"""Which record of an answer belongs to which item: by what it echoes, never by trust in order.

An error record carries no echo. It is attributed by its place only while everything else in the answer stands
at its own place. What cannot be matched is ambiguous: it may have been done.
"""

from __future__ import annotations

from collections import defaultdict
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
    if len(records) == len(echoes) and _in_order(echoes, records):
        return [record or _HOLE for record in records]
    return _match_by_echo(echoes, records)


_HOLE = Ambiguous("the answer has no readable record for this item")


def _in_order(echoes: Sequence[Echo], records: Sequence[Record]) -> bool:
    odd = [
        (sent, record.echo)
        for sent, record in zip(echoes, records, strict=True)
        if isinstance(record, Job) and record.echo != sent
    ]
    if not odd:
        return True
    # Other words for the item in this place are fine, but not the very words of another one.
    known = set(echoes)
    return all(echoed not in known and _agrees(sent, echoed) for sent, echoed in odd)


def _match_by_echo(echoes: Sequence[Echo], records: Sequence[Record]) -> list[Match]:
    jobs: defaultdict[Echo, list[Job]] = defaultdict(list)
    for record in records:
        if isinstance(record, Job):
            jobs[record.echo].append(record)
    found: list[Match | None] = [jobs[echo].pop(0) if jobs[echo] else None for echo in echoes]
    strays = [job for left in jobs.values() for job in left]
    _match_strays(echoes, found, strays)
    ambiguous = Ambiguous(_what_is_wrong(echoes, records))
    return [one or ambiguous for one in found]


def _match_strays(echoes: Sequence[Echo], found: list[Match | None], strays: Sequence[Job]) -> None:
    """Match jobs that the platform describes in other words, where only one pairing is possible."""
    open_places = [place for place, one in enumerate(found) if one is None]
    for job in strays:
        places = [place for place in open_places if _agrees(echoes[place], job.echo)]
        rivals = [other for other in strays if places and _agrees(echoes[places[0]], other.echo)]
        if len(places) == len(rivals) == 1:
            found[places[0]] = job


def _agrees(sent: Echo, echoed: Echo) -> bool:
    """Whether a job may be the item's although its words differ.

    The platform puts a volume's prefix before a location, prefixes a name that is taken with an underscore
    and a number (`autorename`), and may leave out a part of the destination.
    """
    if len(sent) != len(echoed):
        return False
    return all(
        mine is None or its is None or mine == its or its.endswith((f"/{mine}", f"_{mine}"))
        for mine, its in zip(sent, echoed, strict=True)
    )


def _what_is_wrong(echoes: Sequence[Echo], records: Sequence[Record]) -> str:
    errors = [record for record in records if isinstance(record, ErrorRecord)]
    shown = f"; it also holds {len(errors)} errors, the first: {errors[0]}" if errors else ""
    if len(records) != len(echoes):
        return f"the answer has {len(records)} records for {len(echoes)} items{shown}"
    return f"the answer is not in the order of the items{shown}"
