"""The platform's own client, unmodified, connected over real sockets to a simulated platform."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeAlias

import pytest
from sevenbridges import Api
from sevenbridges.models.drs_import import DRSImportBulk

from sbtransfer.simulator import Durations, Platform
from tests.acceptance.commands import Served

PROJECT = "rfranklin/my-project"
ARCHIVE = "rfranklin/archive"
INPUT = "rfranklin/input"
OUTPUT = "rfranklin/output"

AT_ONCE = Durations(median=0, p99=0, pending=0)
NEVER = Durations(median=1e9, p99=1e9, pending=0)

Official: TypeAlias = Any
"""A `sevenbridges.Api`, or what it returns: the client has no types."""

Connect: TypeAlias = Callable[..., Official]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Return what serves a platform and connects the official client to it."""
    # Where the environment names a proxy, the client would ask it even for what is on this machine.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # The client keeps the files of all DRS jobs that it ever saw in one list.
    monkeypatch.setattr(DRSImportBulk, "_result_files", [])
    with ExitStack() as stack:

        def start(platform: Platform, **options: Any) -> Official:
            served = stack.enter_context(Served(platform))
            api = Api(**{"url": served.url, "token": platform.token, "debug": True} | options)
            # It has no way to be closed, and what it leaves open is a warning.
            stack.callback(api.session.close)
            return api

        yield start


@pytest.fixture
def platform() -> Platform:
    """Return a platform whose jobs take no time."""
    return Platform(durations=AT_ONCE)


@pytest.fixture
def api(connect: Connect, platform: Platform) -> Official:
    """Return the official client of the `platform` fixture."""
    return connect(platform)


def fetched_for(resource: Official, platform: Platform) -> list[str]:
    """Return the fields of a resource that it did not come with: the client asks for each once more."""
    fetched = []
    for name in type(resource)._fields:
        before = len(platform.requests_log)
        resource.deepcopy()._data[name]
        if len(platform.requests_log) > before:
            fetched.append(name)
    return fetched
