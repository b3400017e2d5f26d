"""Single jobs by their ids, whatever their kind."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TextIO

import click
from rich.console import Console

from sbtransfer.cli.connection import Connection
from sbtransfer.cli.console import say
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.jobs.table import AnyJob, block, json_line
from sbtransfer.cli.loop import run
from sbtransfer.cli.output import standard_output
from sbtransfer.client import Client
from sbtransfer.errors import APIError, UnauthorizedError
from sbtransfer.http.api import BULK_SIZE
from sbtransfer.models import ErrorRecord

NOT_FOUND = 404


def show_jobs(console: Console, connection: Connection, given: Sequence[str], *, as_json: bool) -> Exit:
    """Write each job in full; say which ids are not known."""
    ids = ids_of(given)
    if not ids:
        say(console, "no ids on standard input")
        return Exit.COMPLETED
    with standard_output() as file:
        return run(_show(console, connection, ids, file, as_json=as_json), lambda: None)


def ids_of(given: Sequence[str]) -> list[str]:
    """Return the ids of a command, each once; `-` stands for those of standard input."""
    ids = (one for word in given for one in (_standard_input() if word == "-" else (word,)))
    return list(dict.fromkeys(ids))


def _standard_input() -> Iterator[str]:
    if sys.stdin is None:
        raise click.UsageError("standard input is closed: give the ids as arguments")
    text = sys.stdin.buffer.read().decode("utf-8-sig", "replace")
    return filter(None, map(str.strip, text.splitlines()))


async def _show(
    console: Console, connection: Connection, ids: Sequence[str], file: TextIO, *, as_json: bool
) -> Exit:
    code, between = Exit.COMPLETED, ""
    async with connection.client() as client:
        async for job_id, found in jobs_of(client, ids):
            if isinstance(found, ErrorRecord):
                code = Exit.INCOMPLETE
                say(console, f"{job_id}: {_why_not(found)}")
                continue
            file.write(f"{json_line(found)}\n" if as_json else f"{between}{block(found)}")
            file.flush()
            between = "\n"
    return code


async def jobs_of(client: Client, ids: Sequence[str]) -> AsyncIterator[tuple[str, AnyJob | ErrorRecord]]:
    """Yield what each id stands for, or why there is nothing; imports are asked for first, then exports."""
    for start in range(0, len(ids), BULK_SIZE):
        some = ids[start : start + BULK_SIZE]
        found: dict[str, AnyJob | ErrorRecord] = {}
        for ask in (client.get_imports, client.get_exports):
            left = _left(some, found)
            told = [one async for one in ask(left)]
            found |= {one: better(found.get(one), job) for one, job in zip(left, told, strict=True)}
        for one in _left(some, found):
            found[one] = better(found[one], await _drs_import(client, one))
        for one in some:
            yield one, found[one]


def better(before: AnyJob | ErrorRecord | None, now: AnyJob | ErrorRecord) -> AnyJob | ErrorRecord:
    """Return the answer that says more: a job, or a reason other than that there is none."""
    if isinstance(now, ErrorRecord) and isinstance(before, ErrorRecord) and before.status != NOT_FOUND:
        return before
    return now


def _left(ids: Sequence[str], found: dict[str, AnyJob | ErrorRecord]) -> list[str]:
    return [one for one in ids if isinstance(found.get(one), ErrorRecord | None)]


async def _drs_import(client: Client, job_id: str) -> AnyJob | ErrorRecord:
    try:
        return await client.get_drs_import(job_id)
    except UnauthorizedError:
        raise
    except APIError as error:
        return ErrorRecord.of(error)


def _why_not(error: ErrorRecord) -> str:
    if error.status == NOT_FOUND:
        return "no import, export or DRS import that the token's owner may see has this id"
    return str(error)
