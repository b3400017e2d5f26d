"""What workers and their follower note of queued runs, and that nobody can take what another one has."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from attrs import evolve

from sbtransfer.cluster.database import Database
from sbtransfer.cluster.queue_journal import QueueJournal, TakenError
from sbtransfer.cluster.schema import RUN_BITS
from sbtransfer.cluster.session import Session
from sbtransfer.errors import SessionLostError
from sbtransfer.items import Item
from sbtransfer.journal import Journal, Owner, Past, Sent, Spend, Unfinished
from sbtransfer.models import Entry
from tests.unit.cluster.runs import a_run, an_owner, drs, execute, imports, rows
from tests.unit.journal.journals import BEGUN, SUBMITTED, an_outcome

DEAD = "UPDATE sessions SET expires_at = clock_timestamp() - interval '1 s' WHERE id = %s"


async def begin(database: Database, username: str = "rosa") -> QueueJournal:
    session = Session(database, await an_owner(database, username), "worker")
    _sessions.append(await session.open())
    return QueueJournal(database, session.owner, session)


_sessions: list[Session] = []


@pytest.fixture(autouse=True)
async def leave(database: Database) -> AsyncIterator[None]:
    yield
    for session in _sessions:
        await session.aclose()
    _sessions.clear()


@pytest.fixture
async def worker(database: Database) -> QueueJournal:
    return await begin(database)


@pytest.fixture
async def follower(database: Database) -> QueueJournal:
    return await begin(database)


async def chunk(database: Database, items: Sequence[Item] | int = 5) -> tuple[int, list[Entry]]:
    """Submit a list that is one chunk; return its run and its items as a worker gets them."""
    listed = imports(items) if isinstance(items, int) else list(items)
    run = await a_run(database, listed)
    return run, [Entry(run << RUN_BITS | index, item) for index, item in enumerate(listed)]


async def intend(journal: QueueJournal, entries: Sequence[Entry], attempts: int = 1) -> Sent:
    return await journal.intend(entries[0].item.kind, entries, BEGUN, SUBMITTED, attempts)


def jobs(entries: Sequence[Entry]) -> dict[int, str]:
    return {entry.index: f"j{entry.index}" for entry in entries}


async def state_of(database: Database, call: int) -> Any:
    ((state, follower),) = await rows(database, "SELECT state, follower FROM calls WHERE id = %s", call)
    return state, follower


async def again(database: Database) -> list[tuple[object, ...]]:
    return await rows(database, "SELECT run, number FROM chunks WHERE again")


# Sending -------------------------------------------------------------------------------------------------


async def test_the_items_of_a_chunk_wait_as_they_were_submitted(
    database: Database, worker: QueueJournal
) -> None:
    run = await a_run(database, imports(150))
    first, second = await worker.waiting_in(run, 0), await worker.waiting_in(run, 1)
    assert [entry.item for entry in (*first, *second)] == imports(150)
    assert [entry.index for entry in second] == [run << RUN_BITS | index for index in range(100, 150)]
    assert await worker.waiting_in(run, 2) == []
    assert await worker.waiting_in(run + 1, 0) == []


async def test_what_was_intended_waits_no_more_and_is_on_its_way(
    database: Database, worker: QueueJournal, follower: QueueJournal
) -> None:
    run, entries = await chunk(database)
    sent = await intend(worker, entries[1:3], attempts=2)
    assert (sent.kind, sent.begun, sent.submitted_on, sent.attempts) == ("import", BEGUN, SUBMITTED, 2)
    assert await worker.waiting_in(run, 0) == [entries[0], *entries[3:]]
    assert await follower.sending("import") == entries[1:3]
    assert await follower.sending("drs") == []
    assert await follower.take_open() == []


async def test_items_that_another_worker_has_taken_are_refused_together(
    database: Database, worker: QueueJournal
) -> None:
    run, entries = await chunk(database)
    other = await begin(database)
    await intend(worker, entries[:2])
    with pytest.raises(TakenError, match="of 4 items some were taken by another worker"):
        await intend(other, entries[1:])
    assert await worker.waiting_in(run, 0) == entries[2:]
    assert len(await rows(database, "SELECT id FROM calls")) == 1


async def test_of_workers_that_take_the_same_items_at_once_one_has_them(database: Database) -> None:
    _, entries = await chunk(database, 60)
    workers = [await begin(database) for _ in range(6)]
    results = await asyncio.gather(
        *(intend(one, entries[::step]) for one, step in zip(workers, (1, -1) * 3, strict=True)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Sent) for result in results) == 1
    assert sum(isinstance(result, TakenError) for result in results) == 5


@pytest.mark.parametrize("state", ["cancelled", "halted"])
async def test_nothing_of_a_run_that_was_ended_is_sent(
    database: Database, worker: QueueJournal, state: str
) -> None:
    run, entries = await chunk(database)
    await execute(database, "UPDATE runs SET state = %s", state)
    with pytest.raises(TakenError, match="their run was ended"):
        await intend(worker, entries)
    assert await worker.waiting_in(run, 0) == []


async def test_items_that_have_ended_are_not_sent(database: Database, worker: QueueJournal) -> None:
    run, entries = await chunk(database)
    await worker.ended([an_outcome(entries[0], "FAILED")])
    assert await worker.waiting_in(run, 0) == entries[1:]
    with pytest.raises(TakenError, match="have ended"):
        await intend(worker, entries)


@pytest.mark.parametrize("how", ["expired", "gone"])
async def test_a_process_that_others_take_for_dead_intends_nothing(
    database: Database, worker: QueueJournal, how: str
) -> None:
    run, entries = await chunk(database)
    await execute(
        database, DEAD if how == "expired" else "DELETE FROM sessions WHERE id = %s", worker._session.id
    )
    with pytest.raises(SessionLostError, match="is over"):
        await intend(worker, entries)
    assert await worker.waiting_in(run, 0) == entries
    assert await rows(database, "SELECT * FROM calls") == []


async def test_a_session_that_is_lost_is_not_even_asked_for(database: Database) -> None:
    class Lost:
        id = 1

        def check(self) -> None:
            raise SessionLostError("lost")

    with pytest.raises(SessionLostError, match="lost"):
        await intend(QueueJournal(database, 1, Lost()), [Entry(0, imports(1)[0])])


async def test_items_of_several_runs_may_share_a_call(database: Database, worker: QueueJournal) -> None:
    (first, some), (second, more) = await chunk(database, 2), await chunk(database, 2)
    await intend(worker, [*more, *some])
    assert await worker.waiting_in(first, 0) == await worker.waiting_in(second, 0) == []


async def test_the_items_of_a_call_that_did_nothing_wait_and_the_call_is_gone(
    database: Database, worker: QueueJournal
) -> None:
    run, entries = await chunk(database)
    sent = await intend(worker, entries)
    await worker.undone(sent.call)
    await worker.undone(sent.call)
    assert await worker.waiting_in(run, 0) == entries
    assert await rows(database, "SELECT * FROM calls") == []
    assert (await intend(worker, entries)).call > sent.call


async def test_the_items_of_a_call_that_was_cancelled_wait(database: Database, worker: QueueJournal) -> None:
    run, entries = await chunk(database)
    async with database.connection() as other:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM items FOR UPDATE")
        intending = asyncio.create_task(intend(worker, entries))
        while not await rows(database, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            await asyncio.sleep(0.01)
        intending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await intending
        await other.execute("ROLLBACK")
    await worker.aclose()
    assert await worker.waiting_in(run, 0) == entries
    assert await rows(database, "SELECT * FROM calls") == []


async def test_a_call_may_be_noted_twice(database: Database, worker: QueueJournal) -> None:
    _, entries = await chunk(database)
    sent = await intend(worker, entries)
    worker._numbers._left.appendleft(sent.call)  # as if the answer to the commit had been lost
    assert await intend(worker, entries) == sent
    for _ in range(2):
        await worker.answered(sent.call, jobs(entries[:3]), [an_outcome(entries[3], "FAILED")])
        await worker.ended([an_outcome(entries[0], job_id="other")])
    (left,) = await worker.take_open()
    assert left == Unfinished(
        sent=sent,
        jobs={f"j{entry.index}": [entry] for entry in entries[1:3]},
        doubtful=[entries[4]],
    )


# Following -----------------------------------------------------------------------------------------------


async def test_what_was_answered_is_taken_by_one_follower(
    database: Database, worker: QueueJournal, follower: QueueJournal
) -> None:
    _, entries = await chunk(database)
    sent = await intend(worker, entries)
    await worker.answered(sent.call, jobs(entries[:2]), [an_outcome(entries[2], "FAILED", job_id="x")])
    assert await follower.known(["x", f"j{entries[0].index}", "y"]) == {"x", f"j{entries[0].index}"}
    assert await follower.take_open() == [
        Unfinished(sent=sent, jobs={f"j{one.index}": [one] for one in entries[:2]}, doubtful=entries[3:])
    ]
    assert await follower.take_open() == []
    assert await worker.take_open() == []
    assert await state_of(database, sent.call) == ("open", follower._session.id)


async def test_an_answer_that_tells_nothing_leaves_all_in_doubt(
    database: Database, worker: QueueJournal, follower: QueueJournal
) -> None:
    _, entries = await chunk(database)
    sent = await intend(worker, entries)
    await worker.answered(sent.call, {}, ())
    assert await follower.take_open() == [Unfinished(sent=sent, doubtful=entries)]


async def test_calls_of_which_nothing_is_left_are_passed_over(
    database: Database, worker: QueueJournal, follower: QueueJournal
) -> None:
    _, entries = await chunk(database, 30)
    for entry in entries[:29]:
        sent = await intend(worker, [entry])
        await worker.answered(sent.call, {}, [an_outcome(entry, "FAILED")])
    last = await intend(worker, entries[29:])
    await worker.answered(last.call, jobs(entries[29:]), ())
    assert [left.sent for left in await follower.take_open(limit=4)] == [last]
    assert await state_of(database, sent.call) == ("done", follower._session.id)
    await follower.ended([an_outcome(entries[29])])
    assert await state_of(database, last.call) == ("done", follower._session.id)


async def test_calls_are_taken_in_parts_the_oldest_first(
    database: Database, worker: QueueJournal, follower: QueueJournal
) -> None:
    _, entries = await chunk(database, 10)
    calls = []
    for entry in entries:
        sent = await intend(worker, [entry])
        await worker.answered(sent.call, jobs([entry]), ())
        calls.append(sent)
    assert [left.sent for left in await follower.take_open(limit=7)] == calls[:7]
    assert [left.sent for left in await follower.take_open(limit=7)] == calls[7:]


async def test_each_owner_has_calls_of_its_own(database: Database, worker: QueueJournal) -> None:
    _, entries = await chunk(database)
    stranger = await begin(database, "max")
    sent = await intend(worker, entries)
    assert await stranger.sending("import") == []
    await execute(database, DEAD, worker._session.id)
    assert await stranger.open_dead() == 0
    await worker.answered(sent.call, jobs(entries), ())
    assert await stranger.take_open() == []
    await worker.take_open()
    await stranger.leave_others()
    assert await state_of(database, sent.call) == ("open", worker._session.id)


async def test_who_begins_to_follow_takes_all_over(
    database: Database, worker: QueueJournal, follower: QueueJournal
) -> None:
    _, entries = await chunk(database)
    first = await intend(worker, entries[:2])
    await worker.answered(first.call, jobs(entries[:2]), ())
    second = await intend(worker, entries[2:])
    await worker.answered(second.call, jobs(entries[2:4]), ())
    taken = await follower.take_open()
    await follower.ended([an_outcome(entry) for entry in entries[:2]])
    for successor in (await begin(database), follower):
        await successor.leave_others()
        assert await successor.take_open() == taken[1:]


async def test_a_drs_job_has_all_its_items_in_their_places(
    database: Database, worker: QueueJournal, follower: QueueJournal
) -> None:
    _, entries = await chunk(database, drs(3))
    carried = [entries[2], entries[0], entries[1]]
    sent = await intend(worker, carried)
    await worker.answered(
        sent.call, {entry.index: "d" for entry in entries}, [an_outcome(entries[0], job_id="d")]
    )
    assert await follower.take_open() == [
        Unfinished(sent=sent, jobs={"d": carried}, ended=frozenset({entries[0].index}))
    ]


# Death -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["expired", "gone"])
async def test_the_calls_of_a_worker_that_died_are_in_doubt(
    database: Database, worker: QueueJournal, follower: QueueJournal, how: str
) -> None:
    _, entries = await chunk(database)
    sent = await intend(worker, entries)
    assert await follower.open_dead() == 0
    await execute(
        database, DEAD if how == "expired" else "DELETE FROM sessions WHERE id = %s", worker._session.id
    )
    assert await follower.open_dead() == 1
    assert await follower.open_dead() == 0
    # Until somebody follows them, they are rivals of all other doubts.
    assert await follower.sending("import") == entries
    assert await follower.take_open() == [Unfinished(sent=sent, doubtful=entries)]
    assert await follower.sending("import") == []


async def dead(database: Database, worker: QueueJournal, follower: QueueJournal, sent: Sent) -> None:
    """Let a worker die, and its call be taken."""
    await execute(database, DEAD, worker._session.id)
    assert await follower.open_dead() == 1
    assert [left.sent for left in await follower.take_open()] == [sent]


async def test_what_the_follower_finds_is_noted_and_the_rest_waits_to_be_queued(
    database: Database, worker: QueueJournal, follower: QueueJournal
) -> None:
    run = await a_run(database, imports(150))
    entries = [*await worker.waiting_in(run, 0), *await worker.waiting_in(run, 1)]
    sent = await intend(worker, entries[98:103], attempts=2)
    await dead(database, worker, follower, sent)
    await follower.answered(sent.call, jobs(entries[98:99]), [an_outcome(entries[99], "UNCONFIRMED")])
    assert await state_of(database, sent.call) == ("open", follower._session.id)
    assert await again(database) == []
    await follower.waiting([entry.index for entry in entries[98:102]])
    assert await again(database) == [(run, 1)]
    waiting = [evolve(entry, attempts=2) for entry in entries[100:102]]
    assert (await worker.waiting_in(run, 1))[:2] == [*waiting]
    assert await follower.take_open() == []
    await follower.leave_others()
    assert await follower.take_open() == [
        Unfinished(sent=sent, jobs={f"j{entries[98].index}": [entries[98]]}, doubtful=[entries[102]])
    ]


async def test_an_item_that_was_sent_again_is_not_put_back_by_an_old_doubt(
    database: Database, worker: QueueJournal, follower: QueueJournal
) -> None:
    _, entries = await chunk(database)
    sent = await intend(worker, entries)
    await dead(database, worker, follower, sent)
    successor = await begin(database)
    await successor.leave_others()
    await successor.take_open()
    ids = [entry.index for entry in entries]
    await follower.waiting(ids)
    assert await follower.waiting_in(entries[0].index >> RUN_BITS, 0) == []
    await successor.waiting(ids)
    other = await begin(database)
    again = [evolve(entry, attempts=1) for entry in entries]
    await intend(other, again)
    await successor.waiting(ids)
    await follower.waiting(ids)
    assert await other.sending("import") == again


async def test_an_answer_that_comes_after_its_call_was_taken_is_followed(
    database: Database, worker: QueueJournal, follower: QueueJournal
) -> None:
    _, entries = await chunk(database)
    sent = await intend(worker, entries)
    await dead(database, worker, follower, sent)
    await follower.answered(sent.call, {entries[0].index: "found"}, ())
    await worker.answered(
        sent.call,
        jobs(entries[:3]),
        [an_outcome(entries[3], "FAILED"), an_outcome(entries[0], "FAILED")],
    )
    # The job that was found stays, and what was handed out before is not handed out again.
    assert await follower.take_open() == [
        Unfinished(sent=sent, jobs={f"j{entry.index}": [entry] for entry in entries[1:3]})
    ]
    await worker.answered(sent.call, jobs(entries[:3]), ())
    assert await follower.take_open() == []
    await follower.waiting([entry.index for entry in entries])
    assert [entry.index for entry in await worker.waiting_in(entries[0].index >> RUN_BITS, 0)] == [
        entries[4].index
    ]


async def test_an_answer_that_comes_after_its_items_were_sent_again_is_dropped(
    database: Database, worker: QueueJournal, follower: QueueJournal, caplog: pytest.LogCaptureFixture
) -> None:
    _, entries = await chunk(database)
    sent = await intend(worker, entries)
    await dead(database, worker, follower, sent)
    await follower.waiting([entry.index for entry in entries])
    other = await begin(database)
    second = await intend(other, [evolve(entry, attempts=1) for entry in entries])
    await worker.answered(sent.call, jobs(entries[:4]), [an_outcome(entries[4], "FAILED")])
    assert f"the answer to call {sent.call} came late: 5 of its items" in caplog.text
    assert await other.known(list(jobs(entries).values())) == set()
    await other.answered(second.call, {entry.index: f"k{entry.index}" for entry in entries}, ())
    (left,) = await follower.take_open()
    assert (left.sent, len(left.jobs), left.doubtful) == (second, 5, [])


async def test_a_call_that_is_followed_is_not_undone_by_its_sender(
    database: Database, worker: QueueJournal, follower: QueueJournal
) -> None:
    run, entries = await chunk(database)
    sent = await intend(worker, entries)
    await dead(database, worker, follower, sent)
    await worker.undone(sent.call)
    assert await worker.waiting_in(run, 0) == []
    await follower.waiting([entry.index for entry in entries])
    assert len(await worker.waiting_in(run, 0)) == 5


async def test_an_outcome_is_written_anew_only_if_it_changes(
    database: Database, worker: QueueJournal
) -> None:
    _, entries = await chunk(database, 2)
    await worker.ended([an_outcome(entry) for entry in entries])
    before = await rows(database, "SELECT id, written::text FROM outcomes ORDER BY id")
    await worker.ended([an_outcome(entries[0]), an_outcome(entries[1], "FAILED")])
    after = await rows(database, "SELECT id, written::text FROM outcomes ORDER BY id")
    assert after[0] == before[0]
    assert after[1] != before[1]


# What is no list's past ------------------------------------------------------------------------------------


async def test_it_is_a_journal_that_has_no_past(worker: QueueJournal) -> None:
    journal: Journal = worker
    await journal.open(Owner(endpoint="e", username="u"))
    assert journal.owner is None
    assert journal.past == Past()
    assert await journal.reserve("k")
    assert await journal.unfinished() == []
    assert await journal.entries_waiting(-1, 9) == []
    assert await journal.outcomes(-1, 9) == []
    assert await journal.recorded(0, 9) == {}
    assert await journal.retry(unconfirmed=True) == 0
    await journal.exhausted(9)
    await journal.spent({1: Spend(budget="files", amount=1)})
    assert await journal.spends(0) == []
    await journal.waiting(())
    await journal.ended(())
    assert "owner" in journal.name
    assert "owner" in repr(journal)
