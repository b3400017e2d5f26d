import pytest

from sbtransfer.simulator.refusals import RefusalError
from sbtransfer.simulator.tokens import seal, unseal


@pytest.mark.parametrize("parts", [["a"], ["rfranklin/input", "", "runs/ö b"], ["1", "100"]])
def test_what_was_sealed_comes_back(parts: list[str]) -> None:
    assert unseal(seal(*parts), len(parts)) == parts


def test_a_token_shows_nothing_and_needs_no_escapes() -> None:
    token = seal("rfranklin/input", "runs/2024-01/sample-0001")
    assert "runs" not in token
    assert token.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "token", ["nonsense", "", "ö", "!!", "a", seal("a"), seal("a", "b", "c"), "WzEsMl0", "e30"]
)
def test_what_cannot_be_read_is_refused(token: str) -> None:
    with pytest.raises(RefusalError) as caught:
        unseal(token, 2)
    assert caught.value.status == 400
