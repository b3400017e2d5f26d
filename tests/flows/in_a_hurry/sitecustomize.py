"""Python reads this at its start where this folder is on its path: jobs are looked at as soon as they run.

The programs of the documentation are written for a platform whose jobs take minutes; those of the simulated
one take no time, and all that is saved here is the wait for a look: ours, and that of a loop by hand.
"""

import time
from collections.abc import Callable
from typing import Any

from sbtransfer.polling import Plan, Polling


def at_once(self: Polling) -> Plan:
    """Return a plan for jobs of which nothing is known."""
    return Plan(0.1, 1.5, 20 * self.lag)


def hardly(seconds: Any, sleep: Callable[[float], None] = time.sleep) -> None:
    """Sleep for a tenth of a second at most."""
    sleep(min(float(seconds), 0.1))


Polling.first_plan = at_once  # type: ignore[method-assign]
time.sleep = hardly
