import pickle

import pytest

from sbtransfer import errors
from sbtransfer.errors import (
    APIError,
    ConsecutiveFailuresError,
    InvalidItemError,
    SBTransferError,
    UnauthorizedError,
    WorkListError,
)

ALL = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)]


@pytest.mark.parametrize("error", ALL)
def test_there_is_one_root(error: type[Exception]) -> None:
    assert issubclass(error, SBTransferError)


@pytest.mark.parametrize(
    ("error", "family"),
    [
        (errors.SettingsError, ValueError),
        (errors.InvalidItemError, ValueError),
        (errors.WorkListError, ValueError),
        (errors.UsageError, RuntimeError),
        (errors.UnauthorizedError, errors.APIError),
        (errors.ConsecutiveFailuresError, errors.APIError),
        (errors.NotSentError, errors.NetworkError),
        (errors.NoAnswerError, errors.NetworkError),
        (errors.OutageError, errors.NetworkError),
    ],
)
def test_families(error: type[Exception], family: type[Exception]) -> None:
    assert issubclass(error, family)


def test_no_answer_is_not_taken_for_not_sent() -> None:
    assert not issubclass(errors.NoAnswerError, errors.NotSentError)
    assert not issubclass(errors.NotSentError, errors.NoAnswerError)
    assert not issubclass(errors.NetworkError, OSError)


def test_an_invalid_item_names_its_kind_field_and_reason() -> None:
    error = InvalidItemError("VolumeImport", "location", "must not be empty")
    assert (error.kind, error.field, error.reason) == ("VolumeImport", "location", "must not be empty")
    assert str(error) == "VolumeImport.location: must not be empty"


def test_a_work_list_error_has_one_line_a_problem() -> None:
    error = WorkListError(["list.csv:3: no volume", "list.csv:9: no location"])
    assert error.total == 2
    assert str(error) == "list.csv:3: no volume\nlist.csv:9: no location"


def test_a_work_list_error_counts_what_it_does_not_show() -> None:
    error = WorkListError(["list.csv:3: no volume"], total=12_001)
    assert (error.problems, error.total) == (("list.csv:3: no volume",), 12_001)
    assert str(error) == "list.csv:3: no volume\n… and 12,000 more"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (APIError(404, 9002, "no such volume"), "no such volume (HTTP 404, code 9002)"),
        (APIError(503, 0, "maintenance"), "maintenance (HTTP 503, code 0)"),
        (APIError(502), "no message (HTTP 502)"),
    ],
)
def test_an_api_error_tells_status_code_and_message(error: APIError, text: str) -> None:
    assert str(error) == text


def test_consecutive_failures_tell_how_many_and_why() -> None:
    error = ConsecutiveFailuresError.after(10, APIError(403, 9100, "read only", "https://docs.example/9100"))
    assert (error.status, error.code, error.more_info) == (403, 9100, "https://docs.example/9100")
    assert "10 chunks" in str(error)
    assert "read only" in str(error)


@pytest.mark.parametrize(
    "error",
    [
        InvalidItemError("VolumeImport", "name", "is empty"),
        WorkListError(["a", "b"], total=7),
        UnauthorizedError(401, 2001, "who?", "https://docs.example/2001"),
        ConsecutiveFailuresError.after(3, APIError(403)),
        errors.NoAnswerError("no answer within 120 s"),
    ],
)
def test_errors_survive_the_way_to_another_process(error: Exception) -> None:
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)
