"""How often jobs are looked at: one setting, and the plan that follows from what is known. Pure."""

from __future__ import annotations

from itertools import chain, product
from typing import ClassVar

from attrs import frozen

from sbtransfer.errors import SettingsError
from sbtransfer.experience import Survival

# The plans that are weighed: first looks around the lag, and how much older a job is at each further one.
# Steps under a tenth of the age are never worth their requests.
_FIRSTS = tuple(1.3**power for power in range(-5, 21))
_GROWTHS = tuple(1.1 * 1.07**power for power in range(13))

_TRIES = 8
_MOST_LOOKS = 60
_NOBODY = 1e-3


@frozen(order=True)
class Plan:
    """Looks at a job of age `first`, and then each time that its age has grown by `growth`.

    Of plans that cost the same, the one that looks first is the least.
    """

    first: float
    growth: float
    longest: float
    """No two looks are further apart than this, in seconds."""

    def next_look(self, age: float, spare: float = 0.0) -> float:
        """Return at which age a job that is under way at `age` is looked at next.

        `spare` requests, from 0 to 1, are spent on looking up to ten times as often: a short list under free
        limits is not kept waiting.
        """
        # A look that came early, to fill a call or to spend what is spare, is not yet the first one.
        wait = self.first - age if age < 0.8 * self.first else age * (self.growth - 1)
        return age + min(wait, self.longest) * (1 - 0.9 * spare)


@frozen
class Polling:
    """The point between requests and lag: half of the jobs are seen within `lag` seconds of their end.

    Polling finds the fewest looks that reach it, from what jobs of the same kind took so far. `thrifty`,
    `balanced` (the default) and `eager` take 48, 27 and 13 s. Where requests are to spare, they buy less
    lag than that. Jobs of many hours are seen later: no look is worth it before a job is a tenth older
    than at the last one.
    """

    lag: float = 27.0

    thrifty: ClassVar[Polling]
    balanced: ClassVar[Polling]
    eager: ClassVar[Polling]

    def __attrs_post_init__(self) -> None:
        if not 0 < self.lag < float("inf"):
            raise SettingsError(f"Polling.lag must be a time in seconds over 0, not {self.lag!r}")

    @classmethod
    def of(cls, polling: Polling | float | None, default: float) -> Polling:
        """Take a target lag in seconds for a setting, and nothing for the default lag."""
        return polling if isinstance(polling, Polling) else cls(default if polling is None else polling)

    def first_plan(self) -> Plan:
        """Return the plan for jobs of which nothing is known."""
        return Plan(self.lag, 1.5, 20 * self.lag)

    def plan(self, survival: Survival, now: Plan | None = None) -> Plan:
        """Return the plan with the fewest looks whose median lag is within `lag`.

        The plan that is in use `now` is weighed first: most others are soon known to be no better. Where no
        plan can be, as with jobs of hours and a lag of seconds, the least lag that one can reach.
        """
        # With steps of a tenth of the age, half of the jobs are seen within a twentieth of it at the soonest.
        least = max(self.lag, 0.04 * survival.median)
        for growing in range(_TRIES):
            lag = least * 1.25**growing
            plans = (Plan(lag * first, growth, 20 * lag) for first, growth in product(_FIRSTS, _GROWTHS))
            best = (1.0, float("inf"), self.first_plan())
            for plan in chain([now or self.first_plan()], plans):
                best = min(best, (*_cost(plan, survival, lag, float("inf") if best[0] else best[1]), plan))
            if not best[0]:
                break
        return best[2]


Polling.thrifty, Polling.balanced, Polling.eager = Polling(48.0), Polling(27.0), Polling(13.0)


def _cost(plan: Plan, survival: Survival, lag: float, best: float) -> tuple[float, float]:
    """Return what a plan is judged by: the share of jobs that it lacks to reach the lag, then its looks.

    It is not followed further once it takes more looks than the `best` that reaches the lag.
    """
    looks, in_time, age, left = 0.0, 0.0, 0.0, 1.0
    while left > _NOBODY and looks < _MOST_LOOKS:
        if looks > best + 0.01:
            return 1.0, looks
        looks += left
        last, age = age, plan.next_look(age)
        before = left if age - lag <= last else survival(age - lag)
        left = survival(age)
        in_time += before - left
    return round(max(0.5 - in_time, 0.0), 2), round(looks, 2)
