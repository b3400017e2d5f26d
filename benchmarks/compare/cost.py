"""What a contender of `benchmarks.compare` took: in one run, and in all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from attrs import frozen


@frozen
class Cost:
    """One run. Times are in seconds; `cpu` is the client's once all is loaded, `whole_cpu` its process's."""

    completed: int
    cpu: float
    whole_cpu: float
    seconds: float
    peak_mb: float
    creates: int
    gets: int
    others: int
    left: int
    server_cpu: float


@frozen
class Costs:
    """All runs of one contender, in the order of the rounds, each with so many items."""

    name: str
    items: int
    runs: Sequence[Cost]

    def middle(self, figure: Callable[[Cost], float]) -> float:
        """Return the median of a figure."""
        return median(map(figure, self.runs))

    @property
    def cpu_us(self) -> list[float]:
        """The client's CPU time for each item in each round, in microseconds."""
        return [one.cpu / self.items * 1e6 for one in self.runs]

    @property
    def rate(self) -> float:
        """Items in a second."""
        return self.middle(lambda one: self.items / one.seconds)

    def cpu_over(self, other: Costs) -> float:
        """Return the median of what it takes over what another took in the same round."""
        return median(mine.cpu / its.cpu for mine, its in zip(self.runs, other.runs, strict=True))

    def best_cpu_over(self, other: Costs) -> float:
        """Return the least that it takes over the least that another takes."""
        return min(self.cpu_us) / min(other.cpu_us)

    def faster_than(self, other: Costs) -> float:
        """Return the median of how much faster it was than another in the same round."""
        return median(its.seconds / mine.seconds for mine, its in zip(self.runs, other.runs, strict=True))
