import pytest

from sbtransfer.cli.preflight import known_user
from sbtransfer.client import Client
from sbtransfer.errors import (
    APIError,
    NetworkError,
    NoAnswerError,
    NotSentError,
    OutageError,
    SBTransferError,
    UnauthorizedError,
)
from sbtransfer.simulator.clock import run
from tests.support import ScriptedTransport, Step, now, rate_limited, refusal, reply

ENDPOINT = "https://platform.example/v2"
RATE = reply(body={"rate": {"limit": 1000, "remaining": 9, "reset": 1_700_000_000}})
USER = reply(body={"username": "rosa"})


def asked(steps: list[Step], probes: list[Step]) -> tuple[str | SBTransferError, float]:
    """Return the user's name or the error that came instead, and how long that took."""

    async def main() -> tuple[str | SBTransferError, float]:
        transport = ScriptedTransport(steps, probes)
        async with Client(ENDPOINT, "0" * 32, transport=transport) as client:
            try:
                return (await known_user(client, 30)).username, now()
            except SBTransferError as error:
                return error, now()

    return run(main())


def refused(probe: Step, *more: Step) -> SBTransferError:
    error, _ = asked([], [probe, *more])
    assert isinstance(error, SBTransferError)
    return error


def test_the_user_is_known() -> None:
    assert asked([USER], [RATE]) == ("rosa", 0.0)


def test_a_token_that_is_refused() -> None:
    error = refused(refusal(401, 2001, "Unauthorized."))
    assert isinstance(error, UnauthorizedError)
    assert str(error) == (
        f"{ENDPOINT} refuses the token, check SB_AUTH_TOKEN or the profile: "
        "Unauthorized. (HTTP 401, code 2001)"
    )


def test_a_permission_that_is_missing() -> None:
    error = refused(refusal(403, 2002, "Forbidden."))
    assert isinstance(error, APIError)
    assert error.status == 403


@pytest.mark.parametrize("page", [reply(404, b"<html>"), reply(200, b"<html>")], ids=["404", "200"])
def test_another_service_is_not_the_platform(page: Step) -> None:
    error = refused(*[page] * 10)
    assert isinstance(error, NetworkError)
    assert "does not answer as the platform does, check the endpoint, which ends in /v2" in str(error)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (NotSentError("no connection: refused"), "no connection: refused"),
        (NoAnswerError("no whole answer: hung up"), "no whole answer: hung up"),
        (refusal(503, 0, "Maintenance."), "Maintenance. (HTTP 503, code 0)"),
    ],
    ids=["refused", "hung up", "maintenance"],
)
def test_a_platform_that_is_away_is_not_waited_for_long(step: Step, reason: str) -> None:
    error, waited = asked([], [step] * 100)
    assert isinstance(error, OutageError)
    assert waited == 30
    assert str(error) == (
        f"{ENDPOINT} could not be reached within 30 s: {reason}; check the endpoint and the network"
    )


def test_a_limit_that_is_used_up_is_waited_for() -> None:
    assert asked([rate_limited(reset_in=200), USER], [RATE]) == ("rosa", 201.0)
