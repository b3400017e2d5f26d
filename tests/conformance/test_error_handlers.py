"""The client's own ways to wait, which its users switch on: they must find what they look for."""

from collections.abc import Callable
from functools import partial
from itertools import count

import pytest
from sevenbridges.errors import NonJSONResponseError, ServiceUnavailable, TooManyRequests
from sevenbridges.http.error_handlers import general_error_sleeper, maintenance_sleeper, rate_limit_sleeper

from sbtransfer.simulator import Faults, Platform, Request
from tests.conformance.official import AT_ONCE, Connect, Official


def first(calls: int) -> Callable[[Request], bool]:
    """Let only so many calls go wrong."""
    numbers = count()
    return lambda _: next(numbers) < calls


def statuses(platform: Platform) -> list[int]:
    return [status for _, _, _, status in platform.requests_log]


def impatient(api: Official) -> Official:
    """Take away the one handler that every client has: it sleeps for five minutes."""
    api.remove_error_handler(maintenance_sleeper)
    return api


def test_past_the_limit_the_client_waits_for_the_next_window(connect: Connect) -> None:
    platform = Platform(durations=AT_ONCE, requests_limit=1, requests_period=1.0)
    api = connect(platform, error_handlers=[rate_limit_sleeper])
    for _ in range(20):
        api.users.me()
        # On a slow machine the window may end between two calls.
        if 429 in statuses(platform):
            break
    assert statuses(platform)[-2:] == [429, 200]


def test_without_the_handler_the_limit_is_an_error(connect: Connect) -> None:
    api = connect(Platform(requests_limit=0))
    with pytest.raises(TooManyRequests) as refused:
        api.users.me()
    assert (refused.value.status, refused.value.code) == (429, 1000)


def test_during_maintenance_the_client_tries_again(connect: Connect) -> None:
    platform = Platform(faults=Faults({"maintenance": 1.0}, only=first(2)))
    api = impatient(connect(platform))
    api.add_error_handler(partial(maintenance_sleeper, sleep=0.01))
    assert api.users.me().username == "rfranklin"
    assert statuses(platform) == [503, 503, 200]


def test_without_the_handler_maintenance_is_an_error(connect: Connect) -> None:
    api = impatient(connect(Platform(faults=Faults({"maintenance": 1.0}))))
    with pytest.raises(ServiceUnavailable) as refused:
        api.users.me()
    assert (refused.value.status, refused.value.code) == (503, 0)


def test_other_unavailability_is_not_taken_for_maintenance(connect: Connect) -> None:
    platform = Platform(faults=Faults({"503": 1.0}))
    with pytest.raises(ServiceUnavailable) as refused:
        connect(platform).users.me()
    assert (refused.value.status, refused.value.code) == (503, 7000)
    assert statuses(platform) == [503]


@pytest.mark.parametrize(("kind", "status"), [("gateway", 503), ("html-500", 500), ("html-502", 502)])
def test_a_page_of_a_gateway_is_not_the_platform_speaking(connect: Connect, kind: str, status: int) -> None:
    api = connect(Platform(faults=Faults({kind: 1.0})))
    with pytest.raises(NonJSONResponseError) as refused:
        api.users.me()
    assert refused.value.status == status
    assert "<html>" in refused.value.message


def test_server_errors_of_all_kinds_can_be_waited_for(connect: Connect) -> None:
    api = impatient(connect(Platform(faults=Faults({"html-504": 0.5, "503": 0.5}, only=first(3)))))
    api.add_error_handler(partial(general_error_sleeper, sleep=0.01))
    assert api.users.me().username == "rfranklin"


def test_a_lost_connection_is_made_anew(connect: Connect) -> None:
    platform = Platform(faults=Faults({"reset-before": 1.0}, only=first(1)))
    assert connect(platform, backoff_factor=0.01).users.me().username == "rfranklin"
    assert len(platform.faults_log) == 1


def test_a_slow_answer_is_waited_for(connect: Connect) -> None:
    platform = Platform(faults=Faults({"slow": 1.0}, slowest=0.05))
    assert connect(platform).users.me().username == "rfranklin"
    assert len(platform.faults_log) == 1
