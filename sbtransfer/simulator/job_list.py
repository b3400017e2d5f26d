"""All jobs of one kind, and what the filters of a list pick from them."""

from bisect import insort
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import chain, product

import attrs

from sbtransfer.simulator.jobs import Job

SLACK = 1_000  # dropped jobs that may stay in a list until it is worth a new one

_Filter = tuple[str | None, str | None]


@attrs.frozen(eq=False)
class Picked:
    """What a filter picks: places among jobs, oldest first."""

    jobs: Sequence[Job]
    places: Sequence[int]

    def __iter__(self) -> Iterator[Job]:
        return (self.jobs[place] for place in self.places)


class Shelf:
    """Jobs in the order of entry, sorted by their states as far as anyone asks.

    A job that has ended is sorted once and for all; only those that have not are looked at again. So the
    times that are asked about must not go back.
    """

    def __init__(self, jobs: Iterable[Job] = ()) -> None:
        self.jobs = list(jobs)
        self._sorted = 0
        self._open: list[tuple[float, int]] = []
        self._ended: defaultdict[str, list[int]] = defaultdict(list)

    def places(self, states: Collection[str], now: float) -> Sequence[int]:
        """Return the places of the jobs in any of the states; no states stand for all."""
        if not states:
            return range(len(self.jobs))
        self._sort(now)
        still = sorted(place for _, place in self._open if self.jobs[place].state(now) in states)
        ended = [places for state, places in self._ended.items() if state in states]
        runs = [run for run in (still, *ended) if run]
        return runs[0] if len(runs) == 1 else sorted(chain.from_iterable(runs))

    def _sort(self, now: float) -> None:
        for place in range(self._sorted, len(self.jobs)):
            heappush(self._open, (self.jobs[place].finished, place))
        self._sorted = len(self.jobs)
        while self._open and self._open[0][0] <= now:
            _, place = heappop(self._open)
            insort(self._ended[self.jobs[place].state(now)], place)


class JobList:
    """All jobs of one kind, oldest first, by the project and the volume that the filters may name."""

    def __init__(self) -> None:
        self._shelves: defaultdict[_Filter, Shelf] = defaultdict(Shelf)
        self._dropped: set[Job] = set()

    def __iter__(self) -> Iterator[Job]:
        return iter(self.pick(None, None, (), 0.0))

    def add(self, job: Job) -> None:
        """Enter a job."""
        for key in product({None, job.project}, (None, job.volume)):
            self._shelves[key].jobs.append(job)

    def drop(self, job: Job) -> None:
        """Take a job out. The lists themselves are made anew only now and then, or when one is asked for."""
        self._dropped.add(job)
        if len(self._dropped) > SLACK + len(self._shelves[None, None].jobs) // 2:
            self._tidy()

    def pick(self, project: str | None, volume: str | None, states: Collection[str], now: float) -> Picked:
        """Return the jobs of a project, a volume and any of the states; None and no states stand for all."""
        self._tidy()
        shelf = self._shelves.get((project, volume)) or Shelf()
        return Picked(shelf.jobs, shelf.places(states, now))

    def _tidy(self) -> None:
        if self._dropped:
            for key, shelf in self._shelves.items():
                self._shelves[key] = Shelf(job for job in shelf.jobs if job not in self._dropped)
            self._dropped = set()
