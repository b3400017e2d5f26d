"""A simulated platform, for tests of anything that talks to the transfer API.

`Platform` holds the rules; `server.Server` puts it behind a real socket and `clock.run` gives it time that
costs nothing. Those two are imported from their own modules, since tests rarely need all of it and aiohttp
takes a while to import.
"""

from sbtransfer.simulator.durations import Durations
from sbtransfer.simulator.faults import FaultKind, Faults, is_create
from sbtransfer.simulator.messages import Answer, Delivery, Ending, Request
from sbtransfer.simulator.platform import Platform
from sbtransfer.simulator.world import Alias, File, Project, Volume, World

__all__ = [
    "Alias",
    "Answer",
    "Delivery",
    "Durations",
    "Ending",
    "FaultKind",
    "Faults",
    "File",
    "Platform",
    "Project",
    "Request",
    "Volume",
    "World",
    "is_create",
]
