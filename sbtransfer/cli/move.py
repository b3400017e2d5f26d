"""One work list on its way: checked, sent, and followed to its last outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, aclosing, contextmanager
from functools import partial

from rich.console import Console

from sbtransfer.cli.exits import Exit
from sbtransfer.cli.lists import Listed, listed
from sbtransfer.cli.loop import run as run_loop
from sbtransfer.cli.options import Shared
from sbtransfer.cli.preflight import known_user
from sbtransfer.cli.progress import View, showing, view_for
from sbtransfer.cli.report import Report, leaving
from sbtransfer.cli.results import Results
from sbtransfer.client import Client
from sbtransfer.errors import SBTransferError
from sbtransfer.items import Kind
from sbtransfer.limits import Limits
from sbtransfer.models import Outcome, Summary
from sbtransfer.run import TransferRun
from sbtransfer.settings import Settings


def move_list(console: Console, kind: Kind, shared: Shared, defaults: Mapping[str, object]) -> Exit:
    """Transfer the work list of a command; return how that ended."""
    settings = Settings.load(shared.endpoint, None, shared.profile)
    results = Results(shared.results, kind, force=shared.force) if shared.results else None
    report = Report(console, kind, quiet=shared.quiet)

    async def main() -> Summary:
        async with Client(
            settings.endpoint, settings.token, limits=_limits(shared), polling=shared.lag
        ) as client:
            return await move(
                client,
                work,
                report,
                results,
                max_in_flight=shared.max_in_flight,
                connect_timeout=shared.connect_timeout,
            )

    with ExitStack() as stack:
        with _nothing_sent():
            work = stack.enter_context(listed(kind, shared, defaults))
        try:
            summary = run_loop(main(), partial(leaving, console))
        finally:
            if results is not None:
                report.wrote(results)
    return Exit.COMPLETED if summary.ok else Exit.INCOMPLETE


async def move(
    client: Client,
    work: Listed,
    report: Report,
    results: Results | None,
    *,
    max_in_flight: int = 10_000,
    connect_timeout: float = 30.0,
) -> Summary:
    """Transfer a list, and tell of it whatever ends it."""
    run = client.transfer(work.items, total=work.total, max_in_flight=max_in_flight)
    view = view_for(report.console, report.kind, quiet=report.quiet)
    try:
        async with aclosing(run):
            with view.shown(), ExitStack() as stack:
                with _nothing_sent():
                    view.connecting(client.endpoint)
                    user = await known_user(client, run, connect_timeout)
                    if results is not None:
                        stack.enter_context(results)
                report.started(work.total, client.endpoint, user.username)
                await _follow(run, results, report, view)
    finally:
        if run.summary.read:
            report.ended(run.summary, run.progress)
    return run.summary


async def _follow(run: TransferRun, results: Results | None, report: Report, view: View) -> None:
    def take(outcome: Outcome) -> None:
        if results is not None:
            results.add(outcome)
        report.ended_one(outcome)

    try:
        async with showing(run, view), run:
            async for outcome in run:
                take(outcome)
    finally:
        # Leaving takes a while, in which further outcomes may have come.
        while run.progress.undelivered:
            take(await anext(run))


@contextmanager
def _nothing_sent() -> Iterator[None]:
    """Note on errors that they came before anything was sent."""
    try:
        yield
    except SBTransferError as error:
        error.add_note("Nothing was sent.")
        raise


def _limits(shared: Shared) -> Limits:
    requests, files = shared.requests_limit, shared.drs_limit
    return Limits(requests.amount, requests.seconds, files.amount, files.seconds)
