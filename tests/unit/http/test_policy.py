import pytest

from sbtransfer.errors import (
    APIError,
    NoAnswerError,
    NotSentError,
    OutageError,
    SBTransferError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from sbtransfer.http.policy import (
    FINAL,
    REFUSALS,
    Verdict,
    seconds_to_reset,
    surely_undone,
    verdict_of,
    worth_repeating,
)
from sbtransfer.http.transport import Response
from tests.support import SERVER_TIME, rate_limited, refusal, reply

DATE = "Tue, 14 Nov 2023 22:13:20 GMT"  # SERVER_TIME
HTML = b"<html><title>Service Unavailable</title></html>"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (reply(200), Verdict.SUCCESS),
        (reply(201), Verdict.SUCCESS),
        (reply(204, b""), Verdict.SUCCESS),
        (reply(200, b"not json"), Verdict.SUCCESS),
        (refusal(401, 2001), Verdict.UNAUTHORIZED),
        (reply(401, HTML), Verdict.UNAUTHORIZED),
        (refusal(429, 1000), Verdict.LIMITED),
        (refusal(503, 0), Verdict.AWAY),
        (refusal(503, 1234), Verdict.AWAY),
        *((refusal(status), Verdict.REFUSED) for status in (400, 403, 404, 409, 422)),
        (reply(400, HTML), Verdict.REFUSED),
    ],
)
def test_answers_that_are_clear(answer: Response, verdict: Verdict) -> None:
    assert verdict_of(answer) is verdict


@pytest.mark.parametrize(
    "answer",
    [
        reply(429, HTML),
        reply(503, HTML),
        reply(503, b""),
        reply(503, {"message": "no code"}),
        reply(503, {"code": "0"}),
        reply(503, b"null"),
        *(reply(status, HTML) for status in (500, 502, 504)),
        *(refusal(status, 1) for status in (500, 502, 504)),
        *(reply(status) for status in (100, 301, 302, 304, 307, 308)),
        *(refusal(status) for status in (402, 405, 408, 410, 412, 413, 418, 599)),
    ],
)
def test_what_may_have_been_done_is_unclear(answer: Response) -> None:
    assert verdict_of(answer) is Verdict.UNCLEAR


def test_what_is_never_sent_again() -> None:
    assert {Verdict.SUCCESS, Verdict.REFUSED, Verdict.UNCLEAR} == FINAL


@pytest.mark.parametrize(
    ("error", "undone"),
    [
        *((APIError(status), True) for status in sorted(REFUSALS)),
        (UnauthorizedError(401), True),
        (APIError(500), False),
        (APIError(503), False),
        (APIError(429), False),
        (NoAnswerError("hung up"), False),
        (UnreadableAnswerError("not JSON"), False),
        (OutageError("away"), False),
    ],
)
def test_after_which_errors_a_call_surely_did_nothing(error: SBTransferError, undone: bool) -> None:
    assert surely_undone(error) is undone


@pytest.mark.parametrize(
    ("error", "again"),
    [
        *((APIError(status), True) for status in (408, 429, 500, 502, 503, 504)),
        *((APIError(status), False) for status in (302, 400, 403, 404, 409, 422)),
        (UnauthorizedError(401), False),
        (NoAnswerError("hung up"), True),
        (UnreadableAnswerError("not JSON"), True),
        (NotSentError("the gate repeats these"), False),
        (OutageError("away for an hour"), False),
        (ValueError(), False),
    ],
)
def test_which_reads_are_worth_repeating(error: Exception, again: bool) -> None:
    assert worth_repeating(error) is again


# Until when a limit lasts --------------------------------------------------------------------------------


def limited(**headers: str) -> float:
    return seconds_to_reset(refusal(429, 1000, **headers), period=300.0)


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        (f"{SERVER_TIME + 120}", 121.0),
        (f"{(SERVER_TIME + 120) * 1000}", 121.0),
        (f"{SERVER_TIME + 120}.0", 121.0),
        (f"{SERVER_TIME}", 1.0),
        (f"{SERVER_TIME - 50}", 1.0),
        (f"{SERVER_TIME + 299}", 300.0),
        (f"{SERVER_TIME + 86_400}", 300.0),
        ("soon", 300.0),
        ("", 300.0),
        ("inf", 300.0),
        ("-1", 1.0),
        ("nan", 300.0),
    ],
)
def test_a_reset_is_compared_with_the_servers_own_clock(reset: str, seconds: float) -> None:
    assert limited(X_RateLimit_Reset=reset, Date=DATE) == seconds


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Date": DATE},
        {"X_RateLimit_Reset": f"{SERVER_TIME + 120}"},
        {"X_RateLimit_Reset": f"{SERVER_TIME + 120}", "Date": "yesterday"},
        {"X_RateLimit_Reset": f"{SERVER_TIME + 120}", "Date": ""},
    ],
)
def test_without_a_usable_pair_one_period_is_enough(headers: dict[str, str]) -> None:
    assert limited(**headers) == 300.0


def test_headers_are_found_in_any_case() -> None:
    assert limited(x_ratelimit_reset=f"{SERVER_TIME + 7}", date=DATE) == 8.0


def test_the_made_up_answers_of_these_tests_are_what_they_say() -> None:
    assert seconds_to_reset(rate_limited(reset_in=41), period=300.0) == 42.0
    assert seconds_to_reset(rate_limited(), period=300.0) == 300.0
