import click
import pytest

from sbtransfer.cli.listing.arguments import owned, size


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0", 0),
        ("500", 500),
        (" 20 ", 20),
        ("2k", 2048),
        ("20M", 20 * 1024**2),
        ("1.5G", 3 * 1024**3 // 2),
        ("4T", 4 * 1024**4),
        ("9007199254740993", 9_007_199_254_740_993),  # no float holds it
    ],
)
def test_a_size_in_bytes(text: str, wanted: int) -> None:
    assert size(text) == wanted


@pytest.mark.parametrize("text", ["", "K", "-1", "1.5", "1e3", "1 000", "1KB", "1P", "nan", "٣"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no size in bytes"):
        size(text)


def test_an_owner_and_a_name() -> None:
    assert owned("rfranklin/my-project") == "rfranklin/my-project"


@pytest.mark.parametrize("text", ["", "rfranklin", "rfranklin/", "/input", "a/b/c", "a/b c", "a/b\x1b"])
def test_what_is_no_owner_and_name(text: str) -> None:
    with pytest.raises(click.BadParameter, match="must look like 'owner/name'"):
        owned(text)
