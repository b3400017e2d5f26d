"""What the handlers of calls work on: all that a platform holds beside the time and who is let in."""

import attrs

from sbtransfer.simulator.drs import DRSImporter
from sbtransfer.simulator.durations import Durations
from sbtransfer.simulator.ledger import Ledger
from sbtransfer.simulator.scrolls import Scrolls
from sbtransfer.simulator.window import RequestWindow
from sbtransfer.simulator.world import World


@attrs.define(eq=False, kw_only=True)
class State:
    """The parts of one platform; `drs_log` has (time, items) of every accepted DRS call."""

    username: str
    world: World
    durations: Durations
    requests: RequestWindow
    ledger: Ledger
    drs: DRSImporter
    drs_log: list[tuple[float, int]] = attrs.field(factory=list)
    scrolls: Scrolls = attrs.field(factory=Scrolls)
