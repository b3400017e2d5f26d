"""A platform whose jobs all take the same time, and a short way to call it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import orjson
import pytest

from sbtransfer.simulator import Answer, Durations, Platform, Request

START = 1_700_000_000.0  # 2023-11-14T22:13:20Z


@attrs.frozen
class Reply:
    """An answer with its body decoded."""

    status: int
    headers: dict[str, str]
    data: Any


Call = Callable[..., Reply]


def decoded(answer: Answer) -> Reply:
    return Reply(answer.status, answer.headers, orjson.loads(answer.body))


@pytest.fixture
def calls_to() -> Callable[[Platform], Call]:
    """Return what makes calls to a platform; `at` counts seconds from START."""

    def bind(platform: Platform) -> Call:
        def call(target: str, body: Any = None, *, at: float = 0.0, **headers: str) -> Reply:
            parts = urlsplit(target)
            request = Request(
                method="GET" if body is None else "POST",
                path=parts.path,
                query=parse_qs(parts.query),
                headers={"X-SBG-Auth-Token": platform.token}
                | {name.replace("_", "-"): value for name, value in headers.items()},
                body=b"" if body is None else orjson.dumps(body),
            )
            return decoded(platform.handle(request, START + at))

        return call

    return bind


@pytest.fixture
def platform() -> Platform:
    """Return a platform whose jobs are pending for 2 seconds and run for 10."""
    return Platform(start=START, durations=Durations(median=10, p99=10, pending=2))


@pytest.fixture
def call(platform: Platform, calls_to: Callable[[Platform], Call]) -> Call:
    """Return what makes calls to the `platform` fixture."""
    return calls_to(platform)
