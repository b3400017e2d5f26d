"""The platform of `benchmarks.compare`: bulk imports alone, written by hand, in a process of its own.

It says its address on its first line of output, serves until its standard input is closed, and tells at
`/counts` what it was asked and how much CPU time that took. A job is forgotten once it was seen completed.
What is asked must need no escapes in JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import time
from email.utils import formatdate
from itertools import count
from typing import Any

import orjson
import uvloop
from attrs import define, field, frozen

STARTED, FINISHED = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"
USER = orjson.dumps({"href": "/users/rfranklin", "username": "rfranklin"})
RATE = orjson.dumps({"rate": {"limit": 10**9, "remaining": 10**9, "reset": 4 * 10**9}})


@frozen
class Pace:
    """How long an answer takes, and the shortest and the longest job, in seconds."""

    latency: float = 0.0
    shortest: float = 0.0
    longest: float = 0.0

    def job(self, number: int) -> float:
        """Return how long a job takes: spread evenly, and the same in every run."""
        return self.shortest + (self.longest - self.shortest) * (number * 2654435761 % 2**32) / 2**32


@frozen
class Job:
    """A job that was not yet seen completed; `echo` is what was asked for, as JSON."""

    id: str
    ends: float
    project: str
    name: str
    echo: str

    def shown(self, state: str, rest: str) -> str:
        """Return the job as the platform shows it, as JSON."""
        return (
            f'{{"resource":{{"href":"https://cgc-api.sbgenomics.com/v2/storage/imports/{self.id}","id":"{self.id}",'
            f'"state":"{state}","overwrite":false,"autorename":false,"preserve_folder_structure":false,'
            f'{self.echo},"started_on":"{STARTED}",{rest}}}}}'
        )

    def under_way(self, state: str) -> str:
        """Return the job before it has ended."""
        return self.shown(state, '"finished_on":null,"result":null,"error":null')

    def completed(self) -> str:
        """Return the job with the file that it brought."""
        return self.shown(
            "COMPLETED",
            f'"finished_on":"{FINISHED}","result":{{"href":"https://cgc-api.sbgenomics.com/v2/files/{self.id}",'
            f'"id":"{self.id}","name":"{self.name}","project":"{self.project}",'
            f'"parent":"5f1c0000000000000000000a","type":"file","size":1048576,"created_on":"{FINISHED}",'
            f'"modified_on":"{FINISHED}","origin":{{}},"storage":{{"type":"PLATFORM"}},"tags":[],"metadata":{{}}}},'
            '"error":null',
        )


@define(eq=False)
class Imports:
    """What was asked until now, and the jobs that were not yet seen completed."""

    pace: Pace
    creates: int = field(init=False, default=0)
    gets: int = field(init=False, default=0)
    others: int = field(init=False, default=0)
    _jobs: dict[str, Job] = field(init=False, factory=dict)
    _numbers: count[int] = field(init=False, factory=count)

    def answer(self, path: bytes, body: bytes, now: float) -> bytes:
        """Answer a call."""
        if path.endswith(b"/imports/create"):
            self.creates += 1
            return _bulk([self._create(item, now) for item in orjson.loads(body)["items"]])
        if path.endswith(b"/imports/get"):
            self.gets += 1
            return _bulk([self._get(job_id, now) for job_id in orjson.loads(body)["import_ids"]])
        self.others += 1
        return USER if path.endswith(b"/user") else RATE

    def counts(self) -> bytes:
        """Return what was asked until now, the jobs that are left, and the CPU time of the process."""
        return orjson.dumps(
            {
                "creates": self.creates,
                "gets": self.gets,
                "others": self.others,
                "left": len(self._jobs),
                "cpu": time.process_time(),
            }
        )

    def _create(self, item: dict[str, Any], now: float) -> str:
        number, source, destination = next(self._numbers), item["source"], item["destination"]
        volume, location, project = source["volume"], source["location"], destination["project"]
        name = destination.get("name") or location.rpartition("/")[2]
        job = Job(
            f"{number:024x}",
            now + self.pace.job(number),
            project,
            name,
            f'"source":{{"volume":"{volume}","location":"{location}"}},'
            f'"destination":{{"project":"{project}","name":"{name}"}}',
        )
        self._jobs[job.id] = job
        return job.under_way("PENDING")

    def _get(self, job_id: str, now: float) -> str:
        job = self._jobs[job_id]
        if job.ends > now:
            return job.under_way("RUNNING")
        del self._jobs[job_id]
        return job.completed()


def _bulk(records: list[str]) -> bytes:
    return f'{{"items":[{",".join(records)}]}}'.encode()


@define(eq=False)
class Door(asyncio.Protocol):
    """One connection: as much of HTTP/1.1 as the clients of this benchmark speak."""

    imports: Imports
    _loop: asyncio.AbstractEventLoop = field(init=False, factory=asyncio.get_running_loop)
    _transport: Any = field(init=False, default=None)
    _read: bytes = field(init=False, default=b"")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once a request is whole; no client sends the next one before."""
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        self._read, path = b"", head.split(b" ", 2)[1]
        if path == b"/counts":
            self._transport.write(_with_head(self.imports.counts()))
            return
        answer = _with_head(self.imports.answer(path, body, self._loop.time()))
        if self.imports.pace.latency:
            self._loop.call_later(self.imports.pace.latency, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0] or 0)


def _with_head(body: bytes) -> bytes:
    return (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-RateLimit-Limit: 1000000000\r\n"
        "X-RateLimit-Remaining: 1000000000\r\nX-RateLimit-Reset: 4000000000\r\n"
        f"Date: {formatdate(usegmt=True)}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def serve(pace: Pace) -> None:
    """Serve on a free port of this machine until the standard input ends."""
    loop, imports = asyncio.get_running_loop(), Imports(pace)
    server = await loop.create_server(lambda: Door(imports), "127.0.0.1", 0)
    async with server:
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2", flush=True)
        await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Serve at the pace of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("latency", "shortest", "longest"):
        parser.add_argument(f"--{name}", type=float, default=0.0, help="in seconds")
    pace = Pace(**vars(parser.parse_args()))
    gc.freeze()
    uvloop.run(serve(pace))


if __name__ == "__main__":
    main()
