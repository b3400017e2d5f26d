"""For tests of pipelines: the simulated platform, in process or behind a socket.

Installed with sbtransfer, pytest has three fixtures (`sbtransfer.testing.plugin`): `platform_simulator`,
`simulated_client` and `simulated_environment`. The pieces that they are made of are here, for other runners:

- `SimulatedTransport` takes the place of the network, so that a whole migration runs on a virtual clock
  (`sbtransfer.simulator.clock.run`);
- `ServedPlatform` serves a platform over HTTP from a thread, for other processes and blocking clients.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sbtransfer.testing.served import ServedPlatform
    from sbtransfer.testing.transport import EPOCH, SimulatedTransport

__all__ = ["EPOCH", "ServedPlatform", "SimulatedTransport"]

_HOMES = {"EPOCH": "transport", "ServedPlatform": "served", "SimulatedTransport": "transport"}


def __getattr__(name: str) -> Any:
    # Every pytest session of everybody who has sbtransfer installed comes by here: nothing may cost time.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
