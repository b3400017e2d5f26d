import pytest

from sbtransfer.cli.exits import Exit, exit_for
from sbtransfer.cli.unknown import named
from sbtransfer.errors import APIError, SBTransferError, UnauthorizedError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (APIError(404, 9002, "it does not exist."), Exit.USAGE),
        (APIError(403, 9002, "not for you."), Exit.REFUSED),
        (UnauthorizedError(401, 1001, "who are you?"), Exit.REFUSED),
        (APIError(400, 9002, "what?"), Exit.INCOMPLETE),
    ],
)
def test_an_error_says_what_was_asked_for(error: APIError, code: Exit) -> None:
    with pytest.raises(SBTransferError) as raised, named("volume rosa/input"):
        raise error
    assert str(raised.value) == f"volume rosa/input: {error}"
    assert exit_for(raised.value) is code


def test_other_errors_are_left_alone() -> None:
    error = LookupError("no")
    with pytest.raises(LookupError) as raised, named("volume rosa/input"):
        raise error
    assert raised.value is error
