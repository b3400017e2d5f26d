"""Which jobs of a list are those of items in doubt: jobs that nobody knows, in the items' own words. Pure."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeAlias, TypeVar

from attrs import frozen

from sbtransfer.models import Job
from sbtransfer.operations.match import Ambiguous, agrees, match_strays, of_another
from sbtransfer.wire import Echo

_SLACK = 2.0
"""Seconds by which a job's start may seem to lie before its call: both clocks show whole seconds."""


@frozen
class Wanted:
    """The words by which an item's job would be known, and when its call began, by the platform's clock."""

    echo: Echo
    begun: float

    def may_be(self, job: Job) -> bool:
        """Whether a job may be the item's: in its words or in words for it, and not older than its call."""
        return self.begun <= _start(job) + _SLACK and agrees(self.echo, job.echo)


Adopted: TypeAlias = Job | Ambiguous | None
T = TypeVar("T", Wanted, Job)


def earliest(wanted: Iterable[Wanted]) -> float:
    """Return the moment before which no job can be one of these items'."""
    return min(one.begun for one in wanted) - _SLACK


def candidates(wanted: Iterable[Wanted], jobs: Iterable[Job]) -> list[Job]:
    """Return the jobs that may be some item's."""
    by_gist = _by_gist(wanted)
    return [job for job in jobs if any(one.may_be(job) for one in by_gist.get(_gist(job.echo), ()))]


def adopt(wanted: Sequence[Wanted], jobs: Iterable[Job]) -> list[Adopted]:
    """Return for each item its job, `None` if none of these can be its, or why neither is certain.

    Items with the same words are counted, not merged: each takes a job of its own.
    """
    jobs_by_gist = _by_gist(jobs)
    adopted: dict[int, Adopted] = {}
    for gist, alike in _by_gist(wanted).items():
        pairs = zip(alike, _adopt_alike(alike, jobs_by_gist.get(gist, [])), strict=True)
        adopted.update((id(one), job) for one, job in pairs)
    return [adopted[id(one)] for one in wanted]


def _by_gist(things: Iterable[T]) -> dict[Hashable, list[T]]:
    by_gist: defaultdict[Hashable, list[T]] = defaultdict(list)
    for one in things:
        by_gist[_gist(one.echo)].append(one)
    return by_gist


def _gist(echo: Echo) -> Hashable:
    """Return what stays the same however the platform puts an item's words (see `match.agrees`).

    Comparing each job with each item would take minutes where both are thousands.
    """
    return tuple(re.split("[/_]", words or "")[-1] for words in echo[:2])


def _adopt_alike(wanted: Sequence[Wanted], jobs: Sequence[Job]) -> list[Adopted]:
    found = _in_their_very_words(wanted, jobs)
    echoes = [one.echo for one in wanted]
    known = set(echoes)
    strays = [job for job in jobs if job.echo not in known and any(one.may_be(job) for one in wanted)]
    if not strays:
        return list(found)
    certain = [None if job is not None and of_another(job, known, strays) else job for job in found]
    match_strays(echoes, certain, strays)
    claimed = {job.id for job in certain if job is not None}
    open_jobs = [job for job in jobs if job.id not in claimed]
    return [
        _UNCLEAR if job is None and any(one.may_be(other) for other in open_jobs) else job
        for one, job in zip(wanted, certain, strict=True)
    ]


_UNCLEAR = Ambiguous("the platform has jobs of which more than one pairing with the items could be true")


def _in_their_very_words(wanted: Sequence[Wanted], jobs: Iterable[Job]) -> list[Job | None]:
    """Give each job in an item's words to one of them, those whose calls were begun last first."""
    by_words: defaultdict[Echo, deque[Job]] = defaultdict(deque)
    for job in sorted(jobs, key=_start, reverse=True):
        by_words[job.echo].append(job)
    found: list[Job | None] = [None] * len(wanted)
    for place in sorted(range(len(wanted)), key=lambda place: wanted[place].begun, reverse=True):
        rest = by_words.get(wanted[place].echo)
        if rest and wanted[place].may_be(rest[0]):
            found[place] = rest.popleft()
    return found


def _start(job: Job) -> float:
    """Return when a job started; one that is still PENDING may start at any time to come."""
    return float("inf") if job.started_on is None else job.started_on.timestamp()
