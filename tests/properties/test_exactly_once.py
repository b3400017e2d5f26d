"""Any sequence of answers, lost answers, late work, crashes and resumes ends with every item exactly once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sbtransfer import Client, Item, JournalReader, NoAnswerError, Outcome
from sbtransfer.http.transport import Request, Response
from sbtransfer.run import TransferRun
from sbtransfer.simulator import Durations, Platform
from sbtransfer.simulator.clock import VirtualClockLoop
from tests.flows.crash import left_behind
from tests.flows.simulated import ScriptedTransport, Send, drs, exports, imports, is_create, reply

EACH = 12
LOST = NoAnswerError("connection reset")
FATES = ("answered", "lost before", "lost after", "half", "reordered", "gateway", "429")


def everything() -> list[Item]:
    """All kinds, the imports twice."""
    lists = (imports(EACH), exports(EACH), imports(EACH), exports(EACH, copy_only=True), drs(EACH))
    return [item for group in zip(*lists, strict=True) for item in group]


class ExactlyOnce(RuleBasedStateMachine):
    """A platform, a list and a journal; each process that works on them may die at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualClockLoop()
        self.folder = TemporaryDirectory()
        self.lives = 0
        self.items = everything()
        self.platform = Platform(durations=Durations(median=8, p99=8))
        self.fates: list[str | float] = []
        self.client: Client | None = None
        self.run: TransferRun | None = None
        self.taking: asyncio.Task[None] | None = None
        self.delivered: list[Outcome] = []
        self.late: set[asyncio.Task[object]] = set()

    @property
    def journal(self) -> Path:
        return Path(self.folder.name) / f"life-{self.lives}.sqlite"

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    # What becomes of creates --------------------------------------------------------------------------------

    async def script(self, request: Request, send: Send) -> Response:
        fate = self.fates.pop(0) if self.fates and is_create(request) else "answered"
        if isinstance(fate, float):
            self.late.add(asyncio.create_task(self.work_late(fate, request, send)))
            raise LOST
        if fate == "lost before":
            raise LOST
        if fate == "429":
            return reply(429, b'{"status": 429, "code": 1000, "message": "limit"}')
        answer = await send(request)
        if fate == "lost after":
            raise LOST
        if fate == "gateway":
            return reply(502, b"<html>Bad Gateway</html>")
        return rearranged(answer, fate)

    async def work_late(self, seconds: float, request: Request, send: Send) -> None:
        await asyncio.sleep(seconds)
        await send(request)

    async def slowly(self) -> AsyncIterator[Item]:
        # Chunks that are not full: several calls of each kind are on their way at once.
        for number, item in enumerate(self.items):
            if number % 9 == 0:
                await asyncio.sleep(2.0)
            yield item

    # What happens -------------------------------------------------------------------------------------------

    @rule(fates=st.lists(st.sampled_from(FATES) | st.floats(0.1, 115.0), max_size=6))
    def fate(self, fates: list[str | float]) -> None:
        self.fates += fates

    @precondition(lambda self: self.run is None)
    @rule()
    def begin(self) -> None:
        self.do(self.started())

    async def started(self) -> None:
        transport = ScriptedTransport(self.platform, self.script)
        self.client = Client(self.platform.base_url, self.platform.token, transport=transport)
        self.run = self.client.transfer(self.slowly(), journal=self.journal, linger=0.5)
        self.taking = asyncio.create_task(self.take(self.run))

    async def take(self, run: TransferRun) -> None:
        async with run:
            async for outcome in run:
                self.delivered.append(outcome)

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 2.7, 9.0, 40.0, 130.0]))
    def time_passes(self, seconds: float) -> None:
        self.do(asyncio.sleep(seconds))

    @precondition(lambda self: self.run is not None)
    @rule()
    def crash(self) -> None:
        """Die: the journal stays as it lies on the disk, and what this process does from now on is undone."""
        before = self.journal
        self.lives += 1
        left_behind(before, self.journal)
        self.do(self.left())

    @precondition(lambda self: self.run is not None)
    @rule()
    def leave(self) -> None:
        self.do(self.left())

    @precondition(lambda self: self.run is not None and self.run.started)
    @rule()
    def stop(self) -> None:
        assert self.run is not None
        self.run.stop()

    async def left(self) -> None:
        assert self.client is not None
        assert self.taking is not None
        self.taking.cancel()
        await asyncio.wait({self.taking})
        await self.client.aclose()
        self.client = self.run = self.taking = None

    # What holds ---------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_done_twice(self) -> None:
        for kind in ("imports", "exports", "drs"):
            wanted = Counter(identity(item) for item in self.items if is_of(kind, item))
            assert Counter(platform_identity(one) for one in self.platform.created(kind)) <= wanted

    @invariant()
    def outcomes_are_of_their_items(self) -> None:
        assert all(outcome.item == self.items[outcome.index] for outcome in self.delivered)

    def teardown(self) -> None:
        try:
            self.fates.clear()
            if self.run is not None:
                self.leave()
            self.begin()
            assert self.taking is not None
            self.do(self.taking)
            self.do(self.left())
            self.platform.catch_up(float("inf"))
            self.check_the_end()
        finally:
            for task in self.late:
                task.cancel()
            self.do(asyncio.sleep(0))
            self.do(self.loop.shutdown_asyncgens())
            self.loop.close()
            self.folder.cleanup()

    def check_the_end(self) -> None:
        with JournalReader(self.journal) as reader:
            outcomes = list(reader.outcomes())
        assert [outcome.index for outcome in outcomes] == list(range(len(self.items)))
        assert all(outcome.ok for outcome in outcomes)
        for kind in ("imports", "exports", "drs"):
            wanted = Counter(identity(item) for item in self.items if is_of(kind, item))
            assert Counter(platform_identity(one) for one in self.platform.created(kind)) == wanted


def rearranged(answer: Response, fate: str) -> Response:
    """Leave records out of an answer, or turn them around; a DRS create has none."""
    body = orjson.loads(answer.body)
    if fate not in ("half", "reordered") or "items" not in body:
        return answer
    body["items"] = body["items"][::2] if fate == "half" else body["items"][::-1]
    return Response(answer.status, answer.headers, orjson.dumps(body))


KINDS: dict[str, str] = {"import": "imports", "export": "exports", "drs": "drs"}
NAMED: dict[str, Callable[[Any], str]] = {
    "import": lambda item: item.location,
    "export": lambda item: item.file,
    "drs": lambda item: item.drs_uri,
}


def is_of(kind: str, item: Item) -> bool:
    return KINDS[item.kind] == kind


def identity(item: Item) -> str:
    return NAMED[item.kind](item)


def platform_identity(created: tuple[str, ...]) -> str:
    """An import is told by its location, which comes second; the others by what comes first."""
    return created[1] if len(created) == 4 else created[0]


TestExactlyOnce = ExactlyOnce.TestCase
TestExactlyOnce.settings = settings(
    max_examples=30,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
