"""What the journal of one process keeps in a database, and whom it keeps out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from attrs import evolve

from sbtransfer.cluster.database import Database
from sbtransfer.cluster.holding import Holding
from sbtransfer.cluster.journal import PostgresJournal
from sbtransfer.cluster.schema import Connection
from sbtransfer.cluster.writer_lock import LOCKS
from sbtransfer.errors import ClusterError, DatabaseAwayError, JournalError, JournalRefusedError
from sbtransfer.items import Item
from sbtransfer.journal import Owner, Past, Recorded, Spend, Unfinished, digest
from sbtransfer.models import Entry, ErrorRecord
from tests.postgres import Server
from tests.support import a_drs, an_export, an_import
from tests.unit.cluster.runs import a_run, execute, imports, rows
from tests.unit.journal.journals import BEGUN, ROSA, SUBMITTED, an_outcome, completed, intend, listed

MAX = Owner(endpoint=ROSA.endpoint, username="max")


@asynccontextmanager
async def opened(
    database: Database, name: str = "move", owner: Owner = ROSA
) -> AsyncIterator[PostgresJournal]:
    journal = PostgresJournal(database, name)
    await journal.open(owner)
    try:
        yield journal
    finally:
        await journal.aclose()


@pytest.fixture
def twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every write be done twice, as after a commit whose answer was lost."""
    once = Holding.fenced

    def fenced(self: Holding, work: Callable[[Connection], Awaitable[Any]]) -> Any:
        return partial(both, once(self, work), self)

    async def both(
        work: Callable[[Connection], Awaitable[Any]], self: Holding, connection: Connection
    ) -> Any:
        await work(connection)
        await connection.commit()
        return await work(connection)

    monkeypatch.setattr(Holding, "fenced", fenced)


# The states ----------------------------------------------------------------------------------------------


async def test_an_intended_item_is_in_doubt(database: Database) -> None:
    entries = listed(3)
    async with opened(database) as journal:
        sent = await intend(journal, entries)
    async with opened(database) as journal:
        assert journal.past == Past(length=3)
        assert await journal.unfinished() == [Unfinished(sent=sent, doubtful=entries)]
        assert await journal.recorded(1, 1) == {1: Recorded(digest=digest(entries[1].item))}
        assert await journal.entries_waiting(-1, 9) == []


async def test_an_answer_leaves_jobs_outcomes_and_doubt(database: Database) -> None:
    entries = listed(4)
    failed = an_outcome(entries[1], "FAILED", error=ErrorRecord(400, 9002, "no", "https://example.org"))
    async with opened(database) as journal:
        sent = await intend(journal, entries)
        await journal.answered(sent.call, {0: "a", 3: "b"}, [failed])
    async with opened(database) as journal:
        (unfinished,) = await journal.unfinished()
        assert unfinished == Unfinished(
            sent=sent, jobs={"a": [entries[0]], "b": [entries[3]]}, doubtful=[entries[2]]
        )
        assert await journal.outcomes(-1, 9) == [evolve(failed, resumed=True)]
        recorded = await journal.recorded(0, 9)
        told = recorded[1].outcome
        assert told is not None
        assert told(entries[1].item) == evolve(failed, resumed=True)
        assert [one.waiting for one in recorded.values()] == [False] * 4


async def test_the_items_of_a_call_that_did_nothing_wait_as_if_it_had_never_been(database: Database) -> None:
    entries = listed(3)
    async with opened(database) as journal:
        sent = await intend(journal, entries)
        await journal.undone(sent.call)
    async with opened(database) as journal:
        assert await journal.unfinished() == []
        assert await journal.entries_waiting(-1, 9) == entries
        assert await journal.entries_waiting(0, 1) == [entries[1]]
        assert (await journal.recorded(0, 1))[0] == Recorded(digest=digest(entries[0].item), waiting=True)
        assert await rows(database, "SELECT * FROM calls") == []


async def test_items_out_of_doubt_wait_and_the_calls_that_carried_them_count(database: Database) -> None:
    entries = [evolve(entry, attempts=2) for entry in listed(2)]
    async with opened(database) as journal:
        sent = await intend(journal, entries, attempts=3)
        await journal.waiting([1])
        assert await journal.entries_waiting(-1, 9) == [evolve(entries[1], attempts=5)]
        assert await journal.unfinished() == [Unfinished(sent=sent, doubtful=[entries[0]])]


async def test_an_item_that_is_sent_again_is_in_doubt_by_its_last_call_alone(database: Database) -> None:
    entries = listed(3)
    async with opened(database) as journal:
        first = await intend(journal, entries)
        again = [evolve(entries[2], attempts=1), evolve(entries[0], attempts=1)]
        second = await intend(journal, again, attempts=2)
        assert await journal.unfinished() == [
            Unfinished(sent=first, doubtful=[entries[1]]),
            Unfinished(sent=second, doubtful=again),
        ]
        await journal.undone(first.call)
        assert [entry.index for entry in await journal.entries_waiting(-1, 9)] == [1]


async def test_an_item_with_a_job_never_waits_again_by_itself(database: Database) -> None:
    async with opened(database) as journal:
        sent = await intend(journal, listed(1))
        await journal.answered(sent.call, {0: "a"}, ())
        await journal.waiting([0])
        await journal.undone(sent.call)
        assert await journal.entries_waiting(-1, 9) == []
        assert await journal.known(["a"]) == {"a"}


async def test_a_job_of_many_items_keeps_the_order_in_which_they_were_sent(database: Database) -> None:
    entries = [Entry(index, a_drs(f"drs://x:{index}")) for index in (5, 6, 1, 9)]
    async with opened(database) as journal:
        sent = await intend(journal, entries)
        await journal.answered(sent.call, {entry.index: "d1" for entry in reversed(entries)}, ())
    async with opened(database) as journal:
        assert journal.past.length == 10
        assert await journal.unfinished() == [Unfinished(sent=sent, jobs={"d1": entries})]


async def test_numbers_of_calls_go_on(database: Database) -> None:
    async with opened(database) as journal:
        first = await intend(journal, listed(1))
    async with opened(database) as journal:
        assert (await intend(journal, listed(1, first=1))).call > first.call


async def test_outcomes_come_in_the_order_of_the_list_in_pages(database: Database) -> None:
    entries = listed(5)
    async with opened(database) as journal:
        await completed(journal, entries[3:])
        await completed(journal, entries[:3])
        assert [one.index for one in await journal.outcomes(-1, 2)] == [0, 1]
        assert [one.index for one in await journal.outcomes(1, 9)] == [2, 3, 4]
        told = an_outcome(entries[4], job_id="j4", resumed=True)
        assert await journal.outcomes(3, 9) == [told]


async def test_the_last_word_on_an_item_counts(database: Database) -> None:
    (entry,) = listed(1)
    last = an_outcome(entry, "FAILED", file_id="f", attempts=3, skipped=True, job_id="b", submitted_on=None)
    async with opened(database) as journal:
        await intend(journal, [entry])
        await journal.ended([an_outcome(entry, job_id="a")])
        await journal.ended([an_outcome(entry), last])
        assert await journal.outcomes(-1, 9) == [evolve(last, resumed=True)]


async def test_items_of_all_kinds_come_back(database: Database) -> None:
    kinds: list[Item] = [
        an_import(ref=("a", (1, None), "\0")),
        an_export(ref=2.5),
        a_drs(ref="ü\ud800", tags=["x"], metadata={"a": [1], "Größe": "μ\0🧬"}),
    ]
    entries = [Entry(index, item, key=f"k{index}'\\ü", attempts=index) for index, item in enumerate(kinds)]
    async with opened(database) as journal:
        for entry in entries:
            await journal.undone((await intend(journal, [entry])).call)
    async with opened(database) as journal:
        assert await journal.entries_waiting(-1, 9) == entries
        assert journal.past == Past(length=3, keyed=True)


async def test_times_and_errors_come_back_as_they_were(database: Database) -> None:
    (entry,) = listed(1)
    told = an_outcome(
        entry,
        "UNCONFIRMED",
        submitted_on=SUBMITTED + timedelta(microseconds=1),
        finished_on=None,
        error=ErrorRecord(code="ambiguous", message="a\ud800\0ü"),
    )
    async with opened(database) as journal:
        await intend(journal, [entry])
        await journal.ended([told])
        assert await journal.outcomes(-1, 1) == [evolve(told, resumed=True)]


async def test_a_ref_that_cannot_be_kept_is_refused_before_anything_is_written(database: Database) -> None:
    async with opened(database) as journal:
        entries = [*listed(3), Entry(3, an_import(ref=object()))]
        with pytest.raises(
            JournalError, match=r"item 3: .* cannot keep its ref \(builtins\.object\): use text"
        ):
            await intend(journal, entries)
        assert await journal.recorded(0, 9) == {}
        await intend(journal, listed(1))


@pytest.mark.usefixtures("twice")
async def test_whatever_is_written_twice_is_there_once(database: Database) -> None:
    entries = listed(6)
    async with opened(database) as journal:
        sent = await intend(journal, entries)
        await journal.answered(sent.call, {0: "a", 1: "b"}, [an_outcome(entries[2], "FAILED", job_id="c")])
        await journal.waiting([3])
        await journal.ended([an_outcome(entries[1])])
        again = await intend(journal, [evolve(entries[3], attempts=1)])
        await journal.undone(again.call)
        await journal.spent({1: Spend(budget="files", amount=3)})
        await journal.note("a", [1])
        await journal.exhausted(6)
    async with opened(database) as journal:
        assert journal.past == Past(length=6, total=6)
        assert await journal.unfinished() == [
            Unfinished(sent=sent, jobs={"a": [entries[0]]}, doubtful=[entries[4], entries[5]])
        ]
        assert await journal.entries_waiting(-1, 9) == [evolve(entries[3], attempts=1)]
        assert [(one.index, one.job_id) for one in await journal.outcomes(-1, 9)] == [(1, "b"), (2, "c")]
        assert await journal.spends(0) == [Spend(budget="files", amount=3)]
        await journal.retry(unconfirmed=False)
        assert await journal.known(["c"]) == {"c"}
        assert [entry.index for entry in await journal.entries_waiting(-1, 9)] == [2, 3]


# The list ------------------------------------------------------------------------------------------------


async def test_keys_of_known_items_cannot_be_claimed(database: Database) -> None:
    async with opened(database) as journal:
        assert await journal.reserve("k")
        await intend(journal, [Entry(0, an_import(), key="k")])
        assert not await journal.reserve("k")
    async with opened(database) as journal:
        claims = ["k", "ü", "ü", *map(str, range(500))]
        assert await asyncio.gather(*map(journal.reserve, claims)) == [False, True, False] + [True] * 500
    async with opened(database, "another") as journal:
        assert await journal.reserve("k")


async def test_what_described_the_list_is_filled_in_and_never_changed(database: Database) -> None:
    journal = PostgresJournal(database, "move")
    for source in (None, {"path": "a.csv"}, {"path": "b.csv"}, None):
        await journal.open(ROSA, source)
        await journal.aclose()
    assert journal.past.source == {"path": "a.csv"}


async def test_notes_are_kept(database: Database) -> None:
    async with opened(database) as journal:
        await journal.note("results", "out.csv")
        await journal.note("results", ["out.jsonl", 1])
        await journal.note("endpoint", None)
        assert await journal.notes() == {"results": ["out.jsonl", 1], "endpoint": None}
    async with opened(database) as journal:
        assert list(await journal.notes()) == ["endpoint", "results"]


# Jobs and budgets ----------------------------------------------------------------------------------------


async def test_jobs_of_the_past_and_of_other_journals_are_known(database: Database) -> None:
    async with opened(database) as journal:
        await completed(journal, listed(300))
    async with opened(database, "another") as journal:
        assert await journal.known(["j0", "j299", "x", "ü'\""]) == {"j0", "j299"}


async def test_what_earlier_writers_spent_is_told(database: Database) -> None:
    async with opened(database) as journal:
        await journal.spent({1: Spend(budget="requests", amount=1), 2: Spend(budget="files", amount=100)})
        await journal.spent({1: Spend(budget="requests", amount=1, answered=BEGUN)})
        await journal.spent({3: Spend(budget="requests", amount=1, answered=BEGUN - 900)})
        assert await journal.spends(0) == []
    async with opened(database) as journal:
        await journal.spent({1: Spend(budget="requests", amount=7, answered=BEGUN)})
        assert await journal.spends(BEGUN - 300) == [
            Spend(budget="requests", amount=1, answered=BEGUN),
            Spend(budget="files", amount=100),
        ]
    async with opened(database, "another") as journal:
        assert await journal.spends(0) == []
    async with opened(database) as journal:
        assert len(await journal.spends(BEGUN - 300)) == 3


async def test_spends_without_an_answer_are_forgotten_with_the_answers_of_later_writers(
    database: Database,
) -> None:
    async with opened(database) as journal:
        await journal.spent({1: Spend(budget="requests", amount=1)})
    async with opened(database) as journal:
        await journal.spent({1: Spend(budget="requests", amount=2, answered=BEGUN)})
    async with opened(database) as journal:
        assert len(await journal.spends(BEGUN)) == 2
        assert await journal.spends(BEGUN + 1) == []
        assert await rows(database, "SELECT * FROM own_spends") == []


# Another try ---------------------------------------------------------------------------------------------


async def one_of_each(journal: PostgresJournal) -> list[Entry]:
    """0 completed; 1 failed, with a job; 2 failed; 3 unconfirmed, with a job; 4 unconfirmed; 5 under way."""
    entries = listed(6)
    sent = await intend(journal, entries)
    await journal.answered(sent.call, {0: "j0", 1: "j1", 3: "j3", 5: "j5"}, ())
    states = ["COMPLETED", "FAILED", "FAILED", "UNCONFIRMED", "UNCONFIRMED"]
    await journal.ended(
        [an_outcome(entry, state, attempts=2) for entry, state in zip(entries, states, strict=False)]
    )
    return entries


async def test_failed_items_are_sent_again(database: Database) -> None:
    async with opened(database) as journal:
        entries = await one_of_each(journal)
        assert await journal.retry(unconfirmed=False) == 2
        assert await journal.entries_waiting(-1, 9) == [evolve(entry, attempts=2) for entry in entries[1:3]]
        assert [one.index for one in await journal.outcomes(-1, 9)] == [0, 3, 4]
        assert await journal.known(["j0", "j1", "j3", "j5"]) == {"j0", "j1", "j3", "j5"}
        await completed(journal, [evolve(entry, attempts=2) for entry in entries[1:3]])
        assert await journal.retry(unconfirmed=False) == 0


async def test_unconfirmed_items_are_looked_at_again(database: Database) -> None:
    async with opened(database) as journal:
        entries = await one_of_each(journal)
        assert await journal.retry(unconfirmed=True) == 4
    async with opened(database) as journal:
        (unfinished,) = await journal.unfinished()
        assert unfinished.jobs == {"j3": [entries[3]], "j5": [entries[5]]}
        assert unfinished.doubtful == [entries[4]]
        assert unfinished.ended == frozenset()


async def test_a_drs_job_that_is_looked_at_again_has_all_its_items_in_their_places(
    database: Database,
) -> None:
    entries = [Entry(index, a_drs(f"drs://x:{index}")) for index in (3, 1, 2)]
    async with opened(database) as journal:
        sent = await intend(journal, entries)
        await journal.answered(sent.call, {entry.index: "d1" for entry in entries}, ())
        states = ["COMPLETED", "UNCONFIRMED", "COMPLETED"]
        await journal.ended([an_outcome(*one) for one in zip(entries, states, strict=True)])
        await journal.retry(unconfirmed=True)
        (unfinished,) = await journal.unfinished()
        assert unfinished == Unfinished(sent=sent, jobs={"d1": entries}, ended=frozenset({3, 2}))


# Many in one database --------------------------------------------------------------------------------------


async def test_journals_of_other_names_are_other_journals(database: Database) -> None:
    async with opened(database, "a") as a, opened(database, "b", MAX) as b:
        assert a.name != b.name
        await completed(a, listed(2))
        await b.undone((await intend(b, listed(3))).call)
        await b.retry(unconfirmed=True)
        assert (await a.recorded(0, 9)).keys() == {0, 1}
        assert await b.outcomes(-1, 9) == []
        assert len(await a.outcomes(-1, 9)) == 2
        assert await b.entries_waiting(-1, 9) == listed(3)
        assert await a.entries_waiting(-1, 9) == []


async def test_another_user_is_refused(database: Database) -> None:
    async with opened(database) as journal:
        await intend(journal, listed(1))
    with pytest.raises(JournalRefusedError, match=r"journal 'move' .* belongs to rosa at .*, not to max"):
        await PostgresJournal(database, "move").open(MAX)
    async with opened(database) as journal:
        with pytest.raises(JournalRefusedError, match="belongs to rosa"):
            await journal.open(MAX)
        await intend(journal, listed(1))


async def test_a_run_of_the_queue_is_no_journal(database: Database) -> None:
    await a_run(database, imports(3), "move")
    ((endpoint, username),) = await rows(database, "SELECT endpoint, username FROM owners")
    with pytest.raises(JournalRefusedError, match="of the queue has this name"):
        await PostgresJournal(database, "move").open(Owner(endpoint=str(endpoint), username=str(username)))
    async with opened(database, owner=MAX) as journal:
        assert journal.past == Past()


async def test_a_second_writer_is_refused_until_the_first_has_closed(database: Database) -> None:
    async with opened(database) as journal:
        second = PostgresJournal(database, "move")
        with pytest.raises(JournalRefusedError, match="another run is writing this journal"):
            await second.open(ROSA)
        assert second.owner is None
        await intend(journal, listed(1))
    await second.open(ROSA)
    assert second.past.length == 1
    await second.aclose()


async def test_of_many_that_open_at_once_one_may_write(database: Database) -> None:
    journals = [PostgresJournal(database, "move") for _ in range(6)]
    results = await asyncio.gather(*(one.open(ROSA) for one in journals), return_exceptions=True)
    assert results.count(None) == 1
    assert sum(isinstance(result, JournalRefusedError) for result in results) == 5
    assert await rows(database, "SELECT count(*), max(writers) FROM runs") == [(1, 1)]
    for one in journals:
        await one.aclose()


# The right to write ----------------------------------------------------------------------------------------


async def cut(database: Database, *, pool: bool = False) -> None:
    """End the connections that hold advisory locks, or all but the one that asks."""
    which = "pid <> pg_backend_pid() AND datname = current_database()"
    if not pool:
        which += " AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
    async with database.connection() as connection:
        await connection.execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {which}"
        )


@pytest.mark.parametrize("pool", [False, True])
async def test_a_lock_that_was_lost_is_taken_again_before_anything_is_written(
    database: Database, pool: bool
) -> None:
    async with opened(database) as journal:
        await cut(database, pool=pool)
        assert await rows(database, "SELECT * FROM pg_locks WHERE locktype = 'advisory'") == []
        await intend(journal, listed(1))
        with pytest.raises(JournalRefusedError, match="another run is writing"):
            await PostgresJournal(database, "move").open(ROSA)


async def test_a_lock_that_the_server_still_holds_for_a_lost_connection_stops_nobody(
    database: Database,
) -> None:
    async with opened(database) as journal, database.connection() as ghost:
        await cut(database)
        run = journal._open.run
        await ghost.execute("SELECT pg_advisory_lock(%s, %s)", (LOCKS, run))
        for first in range(3):
            await intend(journal, listed(1, first))
        assert (await journal.recorded(0, 9)).keys() == {0, 1, 2}


async def test_who_was_replaced_can_write_no_more(database: Database) -> None:
    async with opened(database) as first:
        await intend(first, listed(2))
        await cut(database)
        async with opened(database) as second:
            with pytest.raises(JournalRefusedError, match="another run has opened this journal meanwhile"):
                await intend(first, listed(1, first=2))
            with pytest.raises(JournalRefusedError, match="another run has opened"):
                await first.exhausted(3)
            assert (await second.recorded(0, 9)).keys() == {0, 1}
            await intend(second, listed(1, first=2))
        with pytest.raises(JournalRefusedError, match="another run has opened"):
            await intend(first, listed(1, first=3))


async def test_who_opens_it_sees_what_the_one_before_was_just_writing(database: Database) -> None:
    async with opened(database) as first, database.connection() as slow:
        # A transaction of the first one that is not yet committed.
        await slow.execute("BEGIN")
        await first._open.fenced(lambda connection: connection.execute("SELECT 1"))(slow)
        await cut_lock_of(database, slow)
        second = PostgresJournal(database, "move")
        opening = asyncio.create_task(second.open(ROSA))
        await blocked(database)
        await slow.execute("INSERT INTO items (id, digest, item) SELECT (id << 32) + 6, 'x', '{}' FROM runs")
        await slow.execute("COMMIT")
        await opening
        assert second.past.length == 7
        await second.aclose()


async def cut_lock_of(database: Database, spared: Connection) -> None:
    await execute(
        database,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND pid <> %s",
        spared.info.backend_pid,
    )


async def blocked(database: Database) -> None:
    query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    while not await rows(database, query):
        await asyncio.sleep(0.01)


async def test_a_restart_of_the_server_is_outlived(own_postgres: Server, own_database_url: str) -> None:
    async with Database(own_database_url, patience=30.0) as database, opened(database) as journal:
        await intend(journal, listed(2))
        own_postgres.stop("fast")  # all that was committed is still there
        writing = asyncio.create_task(intend(journal, listed(2, first=2)))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(own_postgres.start)
        await writing
        assert (await journal.recorded(0, 9)).keys() == {0, 1, 2, 3}
        with pytest.raises(JournalRefusedError, match="another run is writing"):
            await PostgresJournal(database, "move").open(ROSA)


async def test_a_database_that_stays_away_is_an_error_and_what_follows_works(
    own_postgres: Server, own_database_url: str
) -> None:
    async with Database(own_database_url, patience=0.5) as database, opened(database) as journal:
        own_postgres.stop("fast")
        with pytest.raises(DatabaseAwayError):
            await intend(journal, listed(2))
        own_postgres.start()
        database.patience = 30.0
        await intend(journal, listed(1))
        assert (await journal.recorded(0, 9)).keys() == {0}


# Cancellation ----------------------------------------------------------------------------------------------


async def held_up(database: Database, journal: PostgresJournal) -> tuple[asyncio.Task[Any], asyncio.Event]:
    """Hold up all that the journal writes, until the event is set."""
    release, held = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with database.connection() as connection:
            await connection.execute("BEGIN")
            await connection.execute("SELECT FROM runs FOR UPDATE")
            held.set()
            await release.wait()
            await connection.execute("ROLLBACK")

    task = asyncio.create_task(hold())
    await held.wait()
    return task, release


async def test_the_items_of_a_call_that_was_cancelled_wait(database: Database) -> None:
    async with opened(database) as journal:
        task, release = await held_up(database, journal)
        intending = asyncio.create_task(intend(journal, listed(3)))
        await blocked(database)
        intending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await intending
        reading = asyncio.create_task(journal.entries_waiting(-1, 9))
        release.set()
        assert await reading == listed(3)
        await task
    assert journal._shielded._tasks == set()
    assert await rows(database, "SELECT * FROM calls") == []


async def test_it_closes_when_all_is_written_even_while_it_is_cancelled(database: Database) -> None:
    journal = PostgresJournal(database, "move")
    await journal.open(ROSA)
    sent = await intend(journal, listed(3))
    task, release = await held_up(database, journal)
    answering = asyncio.create_task(journal.answered(sent.call, {0: "a"}, ()))
    intending = asyncio.create_task(intend(journal, listed(1, first=3)))
    await blocked(database)
    answering.cancel()
    intending.cancel()
    await asyncio.wait({answering, intending})
    closing = asyncio.create_task(journal.aclose())
    await asyncio.sleep(0.05)
    closing.cancel()
    await asyncio.sleep(0.05)
    assert not closing.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await task
    async with opened(database) as journal:
        (unfinished,) = await journal.unfinished()
        assert list(unfinished.jobs) == ["a"]
        assert await journal.entries_waiting(-1, 9) == listed(1, first=3)


async def test_what_could_not_be_written_for_nobody_is_told_at_the_end(database: Database) -> None:
    journal = PostgresJournal(database, "move")
    await journal.open(ROSA)
    noting = asyncio.create_task(journal.note("a", "\0"))
    await asyncio.sleep(0)
    noting.cancel()
    await asyncio.wait({noting})
    with pytest.raises(ClusterError):
        await journal.aclose()
    async with opened(database) as journal:
        assert await journal.notes() == {}


# Opening and closing -------------------------------------------------------------------------------------


async def test_nothing_works_before_it_is_open_or_after_it_is_closed(database: Database) -> None:
    journal = PostgresJournal(database, "move")
    assert repr(journal).endswith("closed>")
    for _ in range(2):
        with pytest.raises(JournalError, match="is not open"):
            await intend(journal, listed(1))
        with pytest.raises(JournalError, match="is not open"):
            await journal.reserve("k")
        with pytest.raises(JournalError, match="is not open"):
            await journal.outcomes(-1, 1)
        await journal.open(ROSA)
        assert "rosa" in repr(journal)
        await journal.aclose()


async def test_it_opens_its_database_and_then_closes_it(database_url: str) -> None:
    database = Database(database_url)
    async with opened(database) as journal:
        await intend(journal, listed(1))
    with pytest.raises(ClusterError, match="not open"):
        database.pool  # noqa: B018
    with pytest.raises(JournalRefusedError):
        await PostgresJournal(database, "move").open(MAX)
    with pytest.raises(ClusterError, match="not open"):
        database.pool  # noqa: B018


async def test_a_database_that_was_open_stays_so(database: Database) -> None:
    async with opened(database):
        pass
    assert not database.pool.closed


async def test_no_connection_is_left_after_opening_failed(database: Database) -> None:
    async with opened(database):
        for _ in range(5):
            with pytest.raises(JournalRefusedError):
                await PostgresJournal(database, "move").open(ROSA)
        locks = await rows(database, "SELECT * FROM pg_locks WHERE locktype = 'advisory'")
        assert len(locks) == 1


async def test_its_name_tells_no_secret() -> None:
    journal = PostgresJournal(Database("postgresql://rosa:secret@db.example/moves"), "move")
    assert journal.name == "journal 'move' in the database moves at db.example:5432"
    assert "secret" not in repr(journal)


async def test_a_database_without_tables_says_what_to_do(empty_database: str) -> None:
    journal = PostgresJournal(Database(empty_database), "move")
    with pytest.raises(ClusterError, match="cluster init"):
        await journal.open(ROSA)
