"""A list that is handed to the workers of a cluster: looked over, looked up, submitted as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
import orjson
from attrs import frozen
from rich.console import Console

from sbtransfer.cli.access import look_at
from sbtransfer.cli.cluster.database import DatabaseURL
from sbtransfer.cli.cluster.opening import client_options, cluster_at, limits_of
from sbtransfer.cli.cluster.work_list import Given, surveyed
from sbtransfer.cli.connection import Connection
from sbtransfer.cli.console import say
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.loop import run as run_loop
from sbtransfer.cli.options import Rate
from sbtransfer.cli.preflight import known_user
from sbtransfer.cli.telling import Words
from sbtransfer.cli.units import count
from sbtransfer.client import Client
from sbtransfer.errors import DatabaseAwayError, SBTransferError
from sbtransfer.items import Kind
from sbtransfer.worklist import Survey, WorkList


@frozen(kw_only=True)
class Submission(Given):
    """What a command was given: its list, a name for the run, and how to tell of it."""

    kind: Kind
    requests_limit: Rate
    drs_limit: Rate
    name: str | None = None
    as_json: bool = False


def submit_list(
    console: Console,
    connection: Connection,
    database: DatabaseURL,
    submission: Submission,
    defaults: Mapping[str, object],
) -> Exit:
    """Submit a command's list, and write the number of its run to standard output."""
    with nothing_submitted():
        connection.settings()  # what is missing is said before a long list is read
        with surveyed(submission.kind, submission, defaults) as (work_list, survey):
            teller = Words(console, submission.kind)
            teller.surveyed(survey)
            run = run_loop(_submit(teller, connection, database, submission, work_list, survey), lambda: None)
    items = survey.check.items
    click.echo(orjson.dumps({"run": run, "items": items}) if submission.as_json else run)
    say(console, f"run {run}: {count(items, 'item')} in {count(survey.calls, 'call')} submitted")
    say(console, "start workers, on any hosts, with: sbtransfer cluster work", whole=True)
    say(console, f"see how it stands with: sbtransfer cluster status {run} --watch", whole=True)
    return Exit.COMPLETED


async def _submit(
    teller: Words,
    connection: Connection,
    database: DatabaseURL,
    submission: Submission,
    work_list: WorkList,
    survey: Survey,
) -> int:
    """Look at the platform, and hand over all items in one transaction."""
    limits = limits_of(submission.requests_limit, submission.drs_limit)
    async with (
        cluster_at(database) as cluster,
        Client(**client_options(connection, limits), budget=cluster.budget()) as client,
    ):
        await known_user(client, connection.connect_timeout)
        if submission.look_first:
            access = await look_at(client, submission.kind, survey.places)
            access.raise_for_problems()
            teller.looked(access.unchecked)
        notes = {"kind": submission.kind, "list": listed_as(submission.work_list)}
        with _unknown_whether():
            return await cluster.submit(work_list, client, name=submission.name, notes=notes)


def listed_as(work_list: str) -> str:
    """Return what the notes of a run call its list."""
    return "standard input" if work_list == "-" else str(Path(work_list).absolute())


@contextmanager
def nothing_submitted() -> Iterator[None]:
    """Note on errors that there is no run, unless they say that this is not known."""
    try:
        yield
    except SBTransferError as error:
        if not getattr(error, "__notes__", ()):
            error.add_note("Nothing was submitted.")
        raise


@contextmanager
def _unknown_whether() -> Iterator[None]:
    """Note on the error of a database that is gone that its last answer may have been lost."""
    try:
        yield
    except DatabaseAwayError as error:
        error.add_note("It was submitted as a whole, or not at all: 'sbtransfer cluster status' tells.")
        raise
