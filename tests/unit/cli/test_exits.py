import click
import pytest
from rich.console import Console

from sbtransfer.cli.exits import EXIT_CODES, Exit, exit_for, told, words_for
from sbtransfer.errors import (
    APIError,
    ClusterError,
    ClusterRefusedError,
    ConsecutiveFailuresError,
    CountError,
    DatabaseAwayError,
    InvalidItemError,
    JournalError,
    JournalRefusedError,
    NoAnswerError,
    NotSentError,
    OutageError,
    SBTransferError,
    SessionLostError,
    SettingsError,
    UnauthorizedError,
    UnreadableAnswerError,
    UsageError,
    WorkListError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("no token"), Exit.USAGE),
        (WorkListError(["list.csv, line 2: bad"]), Exit.USAGE),
        (InvalidItemError("VolumeImport", "volume", "bad"), Exit.USAGE),
        (UsageError("twice"), Exit.USAGE),
        (JournalRefusedError("another list"), Exit.USAGE),
        (JournalError("disk full"), Exit.INCOMPLETE),
        (ClusterRefusedError("not initialised"), Exit.USAGE),
        (DatabaseAwayError("no connection"), Exit.UNREACHABLE),
        (ClusterError("odd"), Exit.INCOMPLETE),
        (SessionLostError("not heard of"), Exit.INCOMPLETE),
        (UnauthorizedError(401), Exit.REFUSED),
        (APIError(403), Exit.REFUSED),
        (APIError(404), Exit.INCOMPLETE),
        (APIError(500), Exit.INCOMPLETE),
        (ConsecutiveFailuresError.after(10, APIError(403, 9000, "no permission")), Exit.REFUSED),
        (ConsecutiveFailuresError.after(10, APIError(401)), Exit.REFUSED),
        (ConsecutiveFailuresError.after(10, APIError(400)), Exit.INCOMPLETE),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (click.Abort(), Exit.INTERRUPTED),
        (NotSentError("no connection"), Exit.UNREACHABLE),
        (NoAnswerError("no answer"), Exit.UNREACHABLE),
        (OutageError("for an hour"), Exit.UNREACHABLE),
        (CountError("lost"), Exit.INCOMPLETE),
        (UnreadableAnswerError("odd"), Exit.INCOMPLETE),
        (SBTransferError("other"), Exit.INCOMPLETE),
        (OSError(28, "No space left on device"), Exit.INCOMPLETE),
        (ZeroDivisionError(), Exit.INCOMPLETE),
    ],
    ids=repr,
)
def test_each_error_has_a_code(error: BaseException, code: Exit) -> None:
    assert exit_for(error) is code


def test_the_help_names_every_code() -> None:
    for code in Exit:
        assert f"{int(code)} " in EXIT_CODES


def test_one_bad_row_is_one_line() -> None:
    assert words_for(WorkListError(["list.csv, line 2: bad"])) == "Error: list.csv, line 2: bad"


def test_many_bad_rows_are_counted_and_listed_below() -> None:
    error = WorkListError(["list.csv, line 2: bad", "list.csv, line 3: bad"], 1500)
    error.add_note("Nothing was sent.")
    assert words_for(error).splitlines() == [
        "Error: 1,500 problems in the work list:",
        "  list.csv, line 2: bad",
        "  list.csv, line 3: bad",
        "  … and 1,498 more",
        "Nothing was sent.",
    ]


def test_what_nobody_expected_says_how_to_learn_more() -> None:
    assert words_for(KeyError("x")) == "internal error: KeyError: 'x'; run with --debug to see where"


def said(error: BaseException, *, debug: bool) -> tuple[str, object]:
    console = Console(width=200)
    with console.capture() as captured, pytest.raises(SystemExit) as ended:
        with told(console, debug=debug):
            raise error
    return captured.get(), ended.value.code


def test_an_error_ends_in_words_and_a_code() -> None:
    assert said(SettingsError("no token"), debug=False) == ("Error: no token\n", Exit.USAGE)


def test_a_question_that_is_not_answered_interrupts() -> None:
    assert said(click.Abort(), debug=False) == ("Interrupted.\n", Exit.INTERRUPTED)


def test_a_traceback_is_for_debugging_only() -> None:
    text, code = said(ValueError("odd"), debug=False)
    assert (len(text.splitlines()), code) == (1, Exit.INCOMPLETE)
    text, _ = said(ValueError("odd"), debug=True)
    assert text.startswith("Traceback")
    assert text.splitlines()[-1].startswith("internal error: ValueError: odd")


@pytest.mark.parametrize("error", [click.UsageError("no such option"), BrokenPipeError(32, "Broken pipe")])
def test_what_click_deals_with_is_left_to_it(error: Exception) -> None:
    with pytest.raises(type(error)):
        with told(Console(), debug=False):
            raise error


def test_words_of_the_platform_cannot_steer_a_terminal() -> None:
    text, _ = said(SBTransferError("\x1b[2Jwiped\x07"), debug=False)
    assert text == "Error:  [2Jwiped \n"
