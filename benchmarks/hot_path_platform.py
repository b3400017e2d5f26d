"""A platform in this process that keeps nothing: what there is to know of a job is in its id.

So all memory that grows in a run is the library's. Jobs take 30 to 300 s, the same in every run. Names of DRS
files must be those of `drs`, in the order of the list.
"""

from __future__ import annotations

import asyncio
import sys
from email.utils import formatdate
from itertools import count
from typing import Any

import orjson
from attrs import define, field
from multidict import CIMultiDict

from sbtransfer import DRSImport, Item, VolumeExport, VolumeImport
from sbtransfer.http.transport import Request, Response
from sbtransfer.simulator.timestamps import iso
from sbtransfer.testing import EPOCH

ENDPOINT, TOKEN = "http://127.0.0.1:8900/v2", "0" * 32
PROJECT = "rfranklin/my-project"
ONE_WAY = 0.05
"""Seconds to the platform, and back again."""


def imports(number: int) -> list[Item]:
    """Make a list of imports."""
    return [
        VolumeImport(volume="rfranklin/input", location=f"runs/lane-{n % 8}/{n:07}.fastq.gz", project=PROJECT)
        for n in range(number)
    ]


def exports(number: int) -> list[Item]:
    """Make a list of exports."""
    return [
        VolumeExport(file=f"{n:024x}", volume="rfranklin/output", location=f"backup/{n:07}.bam")
        for n in range(number)
    ]


def drs(number: int) -> list[Item]:
    """Make a list of DRS files."""
    return [
        DRSImport(drs_uri=f"drs://data.example/{n}", project=PROJECT, name=name_of(n)) for n in range(number)
    ]


def name_of(number: int) -> str:
    """Return the name of a DRS file."""
    return f"sample-{number:07}.bam"


@define(eq=False)
class Platform:
    """Answers creates and looks. `most_blocks` is the most blocks of memory that a call to it found."""

    most_blocks: int = field(init=False, default=0)
    _numbers: count[int] = field(init=False, factory=count)

    async def send(self, request: Request) -> Response:
        """Answer one call."""
        self.most_blocks = max(self.most_blocks, sys.getallocatedblocks())
        await asyncio.sleep(ONE_WAY)
        now = asyncio.get_running_loop().time()
        answer = self._answer(request.url, orjson.loads(request.body or b"{}"), now)
        await asyncio.sleep(ONE_WAY)
        return Response(200, _headers(now), orjson.dumps(answer))

    async def aclose(self) -> None:
        """Do nothing: nothing is held open."""

    def _answer(self, url: str, asked: dict[str, Any], now: float) -> dict[str, Any]:
        if url.endswith("/drs/imports/create"):
            return self._drs_receipt(asked["items"], now)
        if url.endswith("/create"):
            return _bulk([self._accepted(item, now) for item in asked["items"]])
        if url.endswith("/files/get"):
            return _bulk([_file(file_id) for file_id in asked["file_ids"]])
        if url.endswith("/get"):
            (ids,) = asked.values()
            return _bulk([_job(job_id, now) for job_id in ids])
        if "/drs/imports/" in url:
            return _drs_job(url.rpartition("/")[2], now)
        return {"rate": {"limit": 1000, "remaining": 1000, "reset": EPOCH + 300.0}}

    def _ends(self, now: float) -> int:
        """Return when the next job ends, in milliseconds: job times are spread evenly."""
        return int(now * 1000) + 30_000 + next(self._numbers) * 2_654_435_761 % 270_000

    def _accepted(self, item: dict[str, Any], now: float) -> dict[str, Any]:
        destination = {**item["destination"]}
        if "project" in destination:
            destination.setdefault("name", item["source"]["location"].rpartition("/")[2])
        job_id = f"{next(self._numbers):012x}{self._ends(now):012x}"
        return {**_shown(job_id, "PENDING"), **item, "destination": destination}

    def _drs_receipt(self, items: list[dict[str, Any]], now: float) -> dict[str, Any]:
        first = int(items[0]["drs_uri"].rpartition("/")[2])
        return _shown(f"{first:08x}{len(items):04x}{self._ends(now):012x}", "SUBMITTED")


def _headers(now: float) -> CIMultiDict[str]:
    return CIMultiDict(
        {
            "Content-Type": "application/json",
            "Date": formatdate(EPOCH + now, usegmt=True),
            "X-RateLimit-Limit": "1000",
            "X-RateLimit-Remaining": "1000",
            "X-RateLimit-Reset": f"{EPOCH + now + 300.0:.0f}",
        }
    )


def _bulk(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": [{"resource": resource} for resource in resources]}


def _shown(job_id: str, state: str) -> dict[str, Any]:
    return {"id": job_id, "state": state, "started_on": None, "finished_on": None, "result": None}


def _ended(job_id: str, now: float) -> bool:
    return int(job_id[12:], 16) <= now * 1000


def _job(job_id: str, now: float) -> dict[str, Any]:
    if not _ended(job_id, now):
        return _shown(job_id, "RUNNING")
    when = iso(EPOCH + int(job_id[12:], 16) / 1000)
    return {**_shown(job_id, "COMPLETED"), "finished_on": when, "result": {"id": job_id, "type": "file"}}


def _drs_job(job_id: str, now: float) -> dict[str, Any]:
    if not _ended(job_id, now):
        return {**_shown(job_id, "RUNNING"), "result": []}
    first, files = int(job_id[:8], 16), int(job_id[8:12], 16)
    result = [{"resource": {"id": f"{n:024x}", "type": "file"}} for n in range(first, first + files)]
    when = iso(EPOCH + int(job_id[12:], 16) / 1000)
    return {**_shown(job_id, "FINISHED"), "finished_on": when, "result": result}


def _file(file_id: str) -> dict[str, Any]:
    return {"id": file_id, "name": name_of(int(file_id, 16)), "project": PROJECT, "type": "file"}
