"""A bare `aiohttp` loop that makes the calls of a transfer and keeps nothing: the practical limit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import aiohttp
from attrs import define, field

from benchmarks.compare.input import CHUNK, TOKEN, Row, in_chunks, rows

CREATES, GETS = 32, 16
"""How many calls of each sort are on their way at once."""

IN_FLIGHT = 10_000
"""How many items are under way at once: what `sbtransfer` allows itself."""


@define(eq=False)
class Loop:
    """A list on its way: chunks go out, and the jobs of all of them are looked at together."""

    session: aiohttp.ClientSession
    endpoint: str
    chunks: Iterator[list[Row]]
    look: float
    most: int
    in_flight: int = field(init=False, default=0)
    completed: int = field(init=False, default=0)
    waiting: list[str] = field(init=False, factory=list)

    async def run(self) -> int:
        """Import everything; return how many were completed."""
        creating = asyncio.gather(*(self.create() for _ in range(CREATES)))
        while not creating.done() or self.waiting:
            await asyncio.sleep(self.look)
            waiting, self.waiting = self.waiting, []
            batches = (waiting[start : start + CHUNK] for start in range(0, len(waiting), CHUNK))
            await asyncio.gather(*(self.get(batches) for _ in range(GETS)))
        await creating
        return self.completed

    async def create(self) -> None:
        """Start one chunk after the other."""
        for chunk in self.chunks:
            while self.in_flight + len(chunk) > self.most:  # noqa: ASYNC110
                await asyncio.sleep(self.look)
            self.in_flight += len(chunk)
            jobs = await self.call("create", {"items": [body(row) for row in chunk]})
            self.waiting += [job["resource"]["id"] for job in jobs]

    async def get(self, batches: Iterator[list[str]]) -> None:
        """Look at one batch of jobs after the other."""
        for batch in batches:
            for job in await self.call("get", {"import_ids": batch}):
                resource = job["resource"]
                if resource["state"] in ("COMPLETED", "FAILED"):
                    self.in_flight -= 1
                    self.completed += resource["state"] == "COMPLETED"
                else:
                    self.waiting.append(resource["id"])

    async def call(self, name: str, asked: dict[str, Any]) -> list[Any]:
        """Make one call and return the records of its answer."""
        url = f"{self.endpoint}/bulk/storage/imports/{name}"
        async with self.session.post(url, data=json.dumps(asked).encode()) as answer:
            answer.raise_for_status()
            records: list[Any] = json.loads(await answer.read())["items"]
            return records


def body(row: Row) -> dict[str, Any]:
    """Return what a create says of one item."""
    return {
        "source": {"volume": row["volume"], "location": row["location"]},
        "destination": {"project": row["project"]},
        "overwrite": False,
    }


async def imported(endpoint: str, count: int, look: float, most: int | None = None) -> int:
    """Import so many items; return how many were completed."""
    headers = {"X-SBG-Auth-Token": TOKEN, "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as session:
        return await Loop(session, endpoint, in_chunks(rows(count)), look, most or IN_FLIGHT).run()
