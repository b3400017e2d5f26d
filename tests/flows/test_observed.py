"""What is told of runs while they go on: events as they are documented, in the logs and for listeners."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sbtransfer import Item, Limits, OutageError, events
from sbtransfer.http.transport import Request, Response
from sbtransfer.simulator import Durations, Faults, Platform
from sbtransfer.simulator.clock import run
from tests.flows.crash import killed_after, resumed
from tests.flows.simulated import (
    Send,
    connected,
    drs,
    exports,
    imports,
    is_create,
    outcomes_of,
    quick_platform,
)

OF_EVERY_RECORD = {"event", "run"}
STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime"}


class Kept(logging.Handler):
    """Keeps every record."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Iterator[list[logging.LogRecord]]:
    kept, logger = Kept(), logging.getLogger("sbtransfer")
    logger.addHandler(kept)
    with caplog.at_level(logging.DEBUG, "sbtransfer"):
        yield kept.records
    logger.removeHandler(kept)


def ours(records: list[logging.LogRecord]) -> list[logging.LogRecord]:
    return [record for record in records if record.name.split(".")[0] == "sbtransfer"]


def named(records: list[logging.LogRecord], name: str) -> list[Any]:
    return [record for record in records if vars(record).get("event") == f"sbtransfer.{name}"]


def assert_documented(records: list[logging.LogRecord], secrets: list[str]) -> None:
    """Each record is an event with its fields, and nothing in it is a secret."""
    assert ours(records)
    for record in ours(records):
        own = {name: value for name, value in vars(record).items() if name not in STANDARD}
        event = events.ALL[own["event"]]
        assert set(own) == {*event.fields, *OF_EVERY_RECORD}
        assert (record.name, record.levelno) == (event.name.rpartition(".")[0], event.level)
        for secret in secrets:
            assert secret not in f"{vars(record)} {record.getMessage()}"


def test_a_faulty_run_and_its_end(records: list[logging.LogRecord], tmp_path: Path) -> None:
    items: list[Item] = [*imports(700), *exports(300), *drs(300)]
    journal, tokens = tmp_path / "run.sqlite", ["e" * 32]

    async def main() -> None:
        platform = Platform(
            durations=Durations(median=15, p99=60), faults=Faults({"all": 0.25}, 5, revoked_after=40)
        )
        tokens.append(platform.token)

        async def token() -> str:
            if any(status == 401 for _, _, _, status in platform.requests_log):
                platform.accept_token(tokens[0])
                return tokens[0]
            return tokens[1]

        await killed_after(20.0, platform, items, journal)
        async with connected(platform, token=token, timeout=60.0) as (client, _):
            outcomes = await outcomes_of(client, items, journal=journal)
        assert len(outcomes) == 1300

    run(main())
    assert_documented(records, tokens)
    told = Counter(vars(record)["event"].removeprefix("sbtransfer.") for record in ours(records))
    assert told.keys() >= {
        *("run.started", "run.resumed", "run.list_ended", "run.ended"),
        *("chunk.sent", "chunk.accepted", "look.done", "doubt.found", "doubt.settled"),
        *("call.sent", "call.answered", "call.failed", "call.token_renewed"),
        *("limit.reached", "platform.away", "platform.back"),
    }
    sent = told["call.sent"]
    assert sent == told["call.answered"] + told["call.failed"] + told["call.abandoned"]
    # At most a few records for a call, and none for an item.
    assert sum(told.values()) < 4 * sent
    assert sum(told.values()) < len(items)
    (_, ended) = named(records, "run.ended")
    assert (ended.read, ended.completed + ended.failed, ended.error) == (1300, 1300, None)
    numbers = {record.run for record in named(records, "run.started")}
    assert len(numbers) == 2
    assert {record.run for record in named(records, "chunk.sent")} <= numbers


def test_what_a_chunk_and_a_call_went_through(records: list[logging.LogRecord]) -> None:
    async def picky(request: Request, send: Send) -> Response:
        if is_create(request) and b"runs/7.fastq.gz" in (request.body or b""):
            return Response(400, {"X-Request-Id": "ab-1"}, b'{"code": 1, "message": "bad"}')
        return await send(request)

    async def main() -> None:
        async with connected(quick_platform(), picky) as (client, _):
            await outcomes_of(client, imports(20), total=20)

    run(main())
    assert_documented(records, [])
    refused = named(records, "chunk.refused")
    assert (refused[0].items, refused[-1].items) == (20, 1)
    assert {(record.kind, record.status, record.error) for record in refused} == {
        ("import", 400, "bad (HTTP 400, code 1)")
    }
    assert sum(record.items for record in named(records, "chunk.accepted")) == 19
    first = named(records, "call.answered")[0]
    assert (first.method, first.route, first.status) == ("GET", "/rate_limit", 200)
    bad = [record for record in named(records, "call.answered") if record.status == 400]
    assert {(one.route, one.request_id) for one in bad} == {("/bulk/storage/imports/create", "ab-1")}
    assert bad[0].getMessage() == f"call {bad[0].call}: HTTP 400, request id ab-1"
    assert named(records, "run.started")[0].total == 20


def test_limits_stops_and_errors_of_ones_own(records: list[logging.LogRecord]) -> None:
    def broken() -> Iterator[Item]:
        yield from drs(120)
        raise ValueError("a secret of mine")

    async def main() -> None:
        async with connected(quick_platform(100.0), limits=Limits(drs_files=60)) as (client, _):
            async with client.transfer(broken()) as transfer:
                await asyncio.sleep(50)
                transfer.stop()
                transfer.stop()
                with pytest.raises(ValueError, match="secret"):
                    await transfer.wait()

    run(main())
    assert_documented(records, ["a secret of mine"])
    waited = named(records, "limit.waiting")
    assert {(one.budget, one.share) for one in waited} == {("files", "submit")}
    assert [one.error for one in named(records, "run.list_ended")] == ["ValueError"]
    assert [one.error for one in named(records, "run.stopped")] == [None]
    (ended,) = named(records, "run.ended")
    assert (ended.error, ended.unfinished) == ("ValueError", 60)


def test_an_outage_to_its_end(records: list[logging.LogRecord]) -> None:
    async def away(request: Request, send: Send) -> Response:
        return Response(503, {}, b'{"code": 0, "message": "maintenance"}')

    async def main() -> None:
        async with connected(quick_platform(), away, give_up_after=300.0) as (client, _):
            with pytest.raises(OutageError):
                await outcomes_of(client, imports(3))

    run(main())
    assert_documented(records, [])
    (first,) = named(records, "platform.away")
    assert "maintenance" in first.reason
    assert len(named(records, "platform.still_away")) > 3
    assert "maintenance" in named(records, "run.ended")[0].error


def test_a_resumed_run_that_is_done_is_told_so(records: list[logging.LogRecord], tmp_path: Path) -> None:
    async def main() -> None:
        platform = quick_platform()
        for _ in range(2):
            await resumed(platform, imports(120), tmp_path / "run.sqlite")

    run(main())
    assert_documented(records, [])
    (again,) = named(records, "run.resumed")
    assert (again.known, again.under_way, again.in_doubt) == (120, 0, 0)
    assert named(records, "run.started")[0].journal == str(tmp_path / "run.sqlite")
