"""A run's journal: opened for the token's owner, kept spends, and closed by whoever opened it."""

import asyncio
from pathlib import Path

import pytest

from sbtransfer.http.api import API
from sbtransfer.http.caller import Caller
from sbtransfer.http.credentials import Credentials
from sbtransfer.journal import JournalReader, MemoryJournal, Owner, Spend, SQLiteJournal
from sbtransfer.limits import Limits
from sbtransfer.logbook import Logbook
from sbtransfer.simulator.clock import run
from tests.support import ScriptedTransport, reply
from tests.unit.journal.journals import an_outcome, intend, listed

ENDPOINT = "https://api.example.org/v2"


def api_of(username: str = "rosa") -> tuple[API, ScriptedTransport]:
    transport = ScriptedTransport([reply(200, {"username": username})] * 3)
    return API(
        Caller(ENDPOINT, transport, Credentials("token"), Limits(requests=100, drs_files=50))
    ), transport


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.sqlite"


def whose(logbook: Logbook) -> Owner | None:
    return logbook.journal.owner


def test_what_a_user_gives_becomes_a_journal(path: Path) -> None:
    assert isinstance(Logbook.of(None).journal, MemoryJournal)
    assert not Logbook.of(None).is_kept
    for given in (path, str(path)):
        made = Logbook.of(given)
        assert isinstance(made.journal, SQLiteJournal)
        assert (made.journal.path, made.is_kept, made.retry) == (path, True, None)
    own = SQLiteJournal(path)
    assert Logbook.of(own).journal is own
    assert Logbook.to_retry(own, unconfirmed=False).retry == "failed"
    assert Logbook.to_retry(own, unconfirmed=True).retry == "unconfirmed"


def test_it_is_opened_for_the_owner_of_the_token_and_closed(path: Path) -> None:
    async def main() -> None:
        api, transport = api_of()
        logbook = Logbook.of(path)
        async with logbook.opened([], api):
            assert whose(logbook) == Owner(endpoint=ENDPOINT, username="rosa")
        assert whose(logbook) is None
        assert [request.url for _, request in transport.sent] == [f"{ENDPOINT}/user"]

    run(main())


def test_without_a_journal_nobody_is_asked_for(path: Path) -> None:
    async def main() -> None:
        api, transport = api_of()
        async with Logbook.of(None).opened([], api):
            pass
        assert transport.sent == []

    run(main())


def test_one_that_was_open_stays_open(path: Path) -> None:
    async def main() -> None:
        api, _ = api_of()
        journal = SQLiteJournal(path)
        await journal.open(Owner(endpoint=ENDPOINT, username="rosa"))
        async with Logbook.of(journal).opened([], api):
            pass
        assert journal.owner is not None
        await journal.aclose()

    run(main())


def test_the_list_is_described_where_it_can_be(path: Path) -> None:
    class Described(list[object]):
        def describe(self) -> dict[str, str]:
            return {"path": "list.csv"}

    async def main() -> None:
        api, _ = api_of()
        async with Logbook.of(path).opened(Described(), api):
            pass

    run(main())
    with JournalReader(path) as journal:
        assert journal.source == {"path": "list.csv"}


@pytest.mark.parametrize(("unconfirmed", "states"), [(False, ["UNCONFIRMED"]), (True, [])])
def test_a_retry_opens_again_what_did_not_complete(path: Path, unconfirmed: bool, states: list[str]) -> None:
    async def main() -> None:
        journal = SQLiteJournal(path)
        await journal.open(Owner(endpoint=ENDPOINT, username="rosa"))
        failed, unclear = listed(2)
        await intend(journal, [failed, unclear])
        await journal.ended([an_outcome(failed, "FAILED"), an_outcome(unclear, "UNCONFIRMED")])
        await journal.aclose()
        api, _ = api_of()
        async with Logbook.to_retry(path, unconfirmed=unconfirmed).opened([], api):
            pass
        with JournalReader(path) as reader:
            assert [outcome.state for outcome in reader.outcomes()] == states

    run(main())


def test_what_an_earlier_process_spent_is_charged_once_for_each_client(path: Path) -> None:
    async def main() -> None:
        api, _ = api_of()
        journal = SQLiteJournal(path)
        await journal.open(Owner(endpoint=ENDPOINT, username="rosa"))
        now = api.caller.clock.now()
        await journal.spent({1: Spend(budget="requests", amount=30, answered=now - 10)})
        await journal.spent({2: Spend(budget="files", amount=20, answered=now - 10)})
        await journal.aclose()
        for _ in range(2):
            async with Logbook.of(path).opened([], api):
                # The run's own question for the user was one request each time.
                assert api.caller.requests.left == 70 - len(api.caller.transport.sent)  # type: ignore[attr-defined]
                assert api.caller.files.left == 30

    run(main())


def test_spends_are_kept_while_it_is_open_alone(path: Path) -> None:
    async def main() -> None:
        api, _ = api_of()
        async with Logbook.of(path).opened([], api):
            assert len(api.caller.spends.keepers) == 1
            await api.user()
            await asyncio.sleep(0)
        assert api.caller.spends.keepers == []
        journal = SQLiteJournal(path)
        await journal.open(Owner(endpoint=ENDPOINT, username="rosa"))
        spends = await journal.spends(0.0)
        assert [(spend.budget, spend.amount) for spend in spends] == [("requests", 1)]
        await journal.aclose()

    run(main())


def test_an_error_inside_closes_it(path: Path) -> None:
    async def main() -> None:
        api, _ = api_of()
        logbook = Logbook.of(path)
        with pytest.raises(RuntimeError, match="ours"):
            async with logbook.opened([], api):
                raise RuntimeError("ours")
        assert logbook.journal.owner is None
        assert api.caller.spends.keepers == []

    run(main())
