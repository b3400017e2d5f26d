import pytest

from sbtransfer.simulator import File
from sbtransfer.simulator.refusals import RefusalError
from sbtransfer.simulator.scrolls import Scroll, Scrolls
from sbtransfer.simulator.tokens import seal

HOME = ("rfranklin/archive", None)


def scroll(count: int = 3, before: int = 0) -> Scroll:
    return Scroll(HOME, [File(id=f"f{number}", name="x") for number in range(count)], before=before)


def test_a_scroll_is_read_from_place_to_place() -> None:
    scrolls, begun = Scrolls(), scroll()
    token = scrolls.begin(begun)
    assert scrolls.read(token, HOME) == (begun, 0)
    assert scrolls.read(scrolls.after(token, 2), HOME) == (begun, 2)
    assert scrolls.read(scrolls.after(scrolls.after(token, 2), 1), HOME) == (begun, 3)
    assert scrolls.read(token, HOME) == (begun, 0)


def test_the_total_counts_what_was_shown_before() -> None:
    assert scroll(3, before=5000).total == 5003


def test_a_token_is_for_its_own_place() -> None:
    scrolls = Scrolls()
    token = scrolls.begin(scroll())
    with pytest.raises(RefusalError):
        scrolls.read(token, ("rfranklin/my-project", None))


@pytest.mark.parametrize("token", ["nonsense", seal("2", "0"), seal("1", "x"), seal("1", "-1"), seal("1")])
def test_a_token_that_leads_nowhere_is_refused(token: str) -> None:
    scrolls = Scrolls()
    scrolls.begin(scroll())
    with pytest.raises(RefusalError) as caught:
        scrolls.read(token, HOME)
    assert caught.value.status == 400


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sbtransfer.simulator.scrolls.OPEN_SCROLLS", 2)
    scrolls = Scrolls()
    first, second, third = (scrolls.begin(scroll()) for _ in range(3))
    assert [scrolls.read(token, HOME)[1] for token in (second, third)] == [0, 0]
    with pytest.raises(RefusalError):
        scrolls.read(first, HOME)
