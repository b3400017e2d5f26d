"""How long simulated jobs take."""

import math
from random import Random
from statistics import NormalDist

import attrs

P99_DEVIATIONS = NormalDist().inv_cdf(0.99)


def _not_below_median(durations: "Durations", _: "attrs.Attribute[float]", p99: float) -> None:
    if p99 != durations.median and not 0 < durations.median < p99:
        raise ValueError(f"p99 must equal the median or be above a positive one, not {p99}")


@attrs.frozen(kw_only=True)
class Durations:
    """Log-normal job times in seconds, the same sequence for the same seed.

    Half of the jobs run no longer than `median`, 99 in 100 no longer than `p99`, none longer than `cap`.
    Before it runs, every job is PENDING for `pending` seconds. With `median == p99` all jobs run equally
    long.
    """

    median: float = attrs.field(default=90.0, validator=attrs.validators.ge(0))
    p99: float = attrs.field(default=1200.0, validator=_not_below_median)
    cap: float = attrs.field(default=math.inf, validator=attrs.validators.gt(0))
    pending: float = attrs.field(default=2.0, validator=attrs.validators.ge(0))
    seed: int = 0
    _random: Random = attrs.field(init=False, repr=False, eq=False)

    @_random.default
    def _sequence(self) -> Random:
        return Random(self.seed)  # noqa: S311 -- job times, not secrets

    def draw(self) -> float:
        """Return how long the next job runs, in seconds."""
        return min(self.cap, self.median * math.exp(self._sigma() * self._random.gauss()))

    def faster(self, speed: float) -> "Durations":
        """Return the same times divided by `speed`, drawn from the start of the sequence."""
        return attrs.evolve(
            self,
            median=self.median / speed,
            p99=self.p99 / speed,
            cap=self.cap / speed,
            pending=self.pending / speed,
        )

    def _sigma(self) -> float:
        return 0.0 if self.p99 == self.median else math.log(self.p99 / self.median) / P99_DEVIATIONS
