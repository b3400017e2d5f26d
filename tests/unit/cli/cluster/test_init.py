import pytest

from sbtransfer.cli.cluster.init import made


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (0, "tables made, schema 3"),
        (1, "tables brought from schema 1 to 3"),
        (3, "its tables are up to date, schema 3"),
    ],
)
def test_what_was_done(before: int, words: str) -> None:
    assert made(before, 3) == words
