import errno

import pytest

from sbtransfer.cli.advice import advice_for
from sbtransfer.cli.exits import words_for
from sbtransfer.errors import (
    APIError,
    ConsecutiveFailuresError,
    CountError,
    JournalError,
    NotSentError,
    OutageError,
    SBTransferError,
    SettingsError,
    UnauthorizedError,
    UnreadableAnswerError,
    WorkListError,
)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (UnauthorizedError(401, 1001, "no"), "get a new token"),
        (APIError(403, 9000, "no"), "for permission"),
        (ConsecutiveFailuresError.after(10, APIError(403, 9000, "no")), "for permission"),
        (APIError(400), "if it stays so, ask the platform's support"),
        (
            APIError(500),
            "try again later; if it stays so, ask the platform's support, with the request id",
        ),
        (UnreadableAnswerError("no JSON"), "with the request id that --log-file shows"),
        (CountError("lost"), "report it, with the log"),
        (OutageError("away for 3,600 s"), "check the network"),
        (
            NotSentError("no connection: X: [SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED]"),
            "SSL_CERT_FILE",
        ),
        (NotSentError("no connection: X: [SSL: WRONG_VERSION_NUMBER]"), "does not speak https"),
        (NotSentError("no connection: ClientConnectorDNSError: nowhere"), "no such host"),
        (SettingsError("cannot load the certificates of x: y"), "REQUESTS_CA_BUNDLE"),
        (OSError(errno.ENOSPC, "No space left on device"), "make room"),
        (OSError(errno.EADDRINUSE, "in use"), "give another --port"),
    ],
    ids=repr,
)
def test_what_does_not_say_what_to_do(error: Exception, advice: str) -> None:
    assert advice in (advice_for(error) or "")
    assert words_for(error).endswith(f"; {advice_for(error)}")
    assert len(words_for(error).splitlines()) == 1


@pytest.mark.parametrize(
    "error",
    [
        SettingsError("no token: set SB_AUTH_TOKEN"),
        WorkListError(["list.csv: is empty"]),
        JournalError("x: disk full: make room"),
        OutageError("not reached; check the endpoint and the network"),
        SBTransferError("other"),
        OSError("odd"),
        ValueError("odd"),
    ],
    ids=repr,
)
def test_what_says_so_itself_or_nobody_knows(error: Exception) -> None:
    assert advice_for(error) is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(28, "No space left on device", "out.csv"),
            "Error: out.csv: No space left on device; make room",
        ),
        (OSError(5, "Input/output error"), "Error: Input/output error"),
        (OSError("odd"), "Error: odd"),
    ],
)
def test_the_systems_errors_name_the_file_and_no_number(error: OSError, words: str) -> None:
    assert words_for(error).startswith(words)
    assert "Errno" not in words_for(error)
