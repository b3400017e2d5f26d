"""One transfer on its way: checked, sent, and followed to its last outcome."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, aclosing, contextmanager
from functools import partial
from pathlib import Path

from attrs import frozen
from rich.console import Console

from sbtransfer.cli.access import look_at
from sbtransfer.cli.book import Book
from sbtransfer.cli.dry_run import dry_run
from sbtransfer.cli.events import Events, errors
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.known import Known, look_if_there, usable
from sbtransfer.cli.lists import Listed, listed
from sbtransfer.cli.loop import run as run_loop
from sbtransfer.cli.preflight import known_user
from sbtransfer.cli.progress import View, showing
from sbtransfer.cli.results import Results, exists
from sbtransfer.cli.shared import Running, Shared, same
from sbtransfer.cli.state import WITHOUT_ONE
from sbtransfer.cli.telling import Teller, Words, leaving
from sbtransfer.cli.verification import Verification
from sbtransfer.client import Client
from sbtransfer.errors import JournalRefusedError, SBTransferError
from sbtransfer.items import Kind
from sbtransfer.journal import Owner
from sbtransfer.limits import Limits
from sbtransfer.models import Outcome, Summary
from sbtransfer.run import TransferRun
from sbtransfer.settings import Settings
from sbtransfer.worklist import Places


@frozen(kw_only=True)
class Move:
    """What a command is to do: how its run begins, and where the results and the journal of it lie.

    `kind` is `None` where kinds may be mixed; `total` is the length of the list where that is known.
    `places` are looked at before anything is sent.
    """

    kind: Kind | None
    begin: Callable[[Client], TransferRun]
    total: int | None = None
    results: Results | None = None
    book: Book | None = None
    places: Places | None = None

    @property
    def is_done(self) -> bool:
        """Whether the journal has an outcome of every item: then nothing will be sent."""
        known = None if self.book is None else self.book.known
        return known is not None and known.is_finished and known.counts.total == self.total


def move_list(console: Console, kind: Kind, shared: Shared, defaults: Mapping[str, object]) -> Exit:
    """Transfer the work list of a command, or only say what that would do; return how that ended."""
    if shared.dry_run:
        return dry_run(kind, shared, defaults)
    with ExitStack() as stack:
        stack.enter_context(errors(told=shared.as_json))
        settings = shared.settings()
        with nothing_sent():
            work = stack.enter_context(listed(kind, shared, defaults))
            what = _of_list(kind, work, shared)
        teller = teller_for(console, kind, shared)
        if work.survey is not None:
            teller.surveyed(work.survey)
        return carry_out(settings, what, shared, teller)


def teller_for(console: Console, kind: Kind | None, running: Running) -> Teller:
    """Return what tells of a transfer, as the options want it."""
    return Events(console, kind) if running.as_json else Words(console, kind, quiet=running.quiet)


def _of_list(kind: Kind, work: Listed, shared: Shared) -> Move:
    known = None if work.journal is None else look_if_there(work.journal)
    path = results_path(shared, known)
    book = None
    if work.journal is not None:
        book = Book(
            path=work.journal,
            known=known,
            source=work.source,
            notes=noted(work.notes, path),
            advice=WITHOUT_ONE,
        )

    def begin(client: Client) -> TransferRun:
        return client.transfer(
            work.items,
            journal=book.journal if book else None,
            total=work.total,
            deliver_known=False,
            **shared.of_the_run,
        )

    results = path and Results(path, kind, force=shared.force, anew=book is not None)
    return Move(
        kind=kind,
        begin=begin,
        total=work.total,
        results=results or None,
        book=book,
        places=work.survey.places if work.survey and shared.look_first else None,
    )


def results_path(running: Running, known: Known | None) -> Path | None:
    """Return where the results go: as given, else as an earlier run of the journal had it.

    Raises `SettingsError` for a file that exists, unless such a run wrote it, or with `--force`; and for the
    journal and its list in any case.
    """
    own = known.results if known else None
    path = None if running.no_results else running.results or own
    if path is None:
        return None
    if known is not None:
        known.check_not_overwritten(path)
    if path.exists() and not running.force and not (own and same(path, own)):
        raise exists(path)
    return path


def noted(notes: Mapping[str, object], results: Path | None) -> Mapping[str, object]:
    """Return the notes for a journal, with the results file."""
    return notes if results is None else {**notes, "results": str(results.absolute())}


def carry_out(settings: Settings, what: Move, running: Running, teller: Teller) -> Exit:
    """Do what a command is to do, and tell of it."""
    check = Verification(teller.console, quiet=running.quiet or running.as_json) if running.verify else None
    summary: Summary | None = None

    async def main() -> Summary:
        limits = _limits(running)
        async with Client(
            settings.endpoint, settings.token, limits=limits, polling=running.lag, timeout=running.timeout
        ) as client:
            return await move(client, what, teller, running.connect_timeout, check)

    try:
        summary = run_loop(main(), partial(leaving, teller.console))
    finally:
        if what.results is not None:
            teller.wrote(what.results)
        if what.book is not None:
            teller.what_next(what.book, summary, running.repeated)
    return Exit.COMPLETED if summary.ok and (check is None or check.ok) else Exit.INCOMPLETE


async def move(
    client: Client,
    what: Move,
    teller: Teller,
    connect_timeout: float = 30.0,
    check: Verification | None = None,
) -> Summary:
    """Transfer, and tell of it whatever ends it."""
    with nothing_sent():
        run = what.begin(client)
    view = teller.view()
    # A journal is looked over at the end: it knows what earlier runs have done, too.
    watch = partial(check.over, client) if check is not None and what.book is None else _pass
    try:
        async with AsyncExitStack() as stack, aclosing(run):
            stack.enter_context(view.shown())
            with nothing_sent():
                view.connecting(client.endpoint)
                user = await known_user(client, connect_timeout)
                if what.kind is not None and what.places is not None and not what.is_done:
                    await _look_at(client, what.kind, what.places, teller)
                await _open(what, Owner(endpoint=client.endpoint, username=user.username), stack)
            teller.started(what.total, client.endpoint, user.username)
            if what.book is not None:
                teller.took_up(what.book)
            # A list that does not go with its journal is refused before anything is sent.
            with nothing_sent(JournalRefusedError):
                await _follow(run, what.results, teller, view, watch)
            if check is not None and what.book is not None:
                await check.over(client, what.book.outcomes())
    finally:
        if run.summary.read:
            teller.ended(run.summary, run.progress)
    if check is not None:
        check.ended()
    return run.summary


async def _look_at(client: Client, kind: Kind, places: Places, teller: Teller) -> None:
    """Look whether a list can be transferred at all, and stop if it cannot."""
    access = await look_at(client, kind, places)
    access.raise_for_problems()
    teller.looked(access.unchecked)


async def _open(what: Move, owner: Owner, stack: AsyncExitStack) -> None:
    """Open the journal and the results, which then hold all that the journal does."""
    if what.book is not None:
        await stack.enter_async_context(what.book.opened(owner))
    if what.results is not None:
        stack.enter_context(what.results)
        if what.book is not None:
            with usable("; so the results file stays as it is: go on with --no-results"):
                async for outcome in what.book.outcomes():
                    what.results.add(outcome)
        what.results.publish()


async def _follow(
    run: TransferRun,
    results: Results | None,
    teller: Teller,
    view: View,
    watch: Callable[[AsyncIterator[Outcome]], Awaitable[None]],
) -> None:
    """Take each outcome as it comes, and let `watch` see it."""

    def take(outcome: Outcome) -> None:
        if results is not None:
            results.add(outcome)
        teller.ended_one(outcome)

    async def taken() -> AsyncGenerator[Outcome, None]:
        async for outcome in run:
            take(outcome)
            yield outcome

    try:
        async with showing(run, view), run, aclosing(taken()) as outcomes:
            await watch(outcomes)
    finally:
        # Leaving takes a while, in which further outcomes may have come.
        while run.progress.undelivered:
            take(await anext(run))


async def _pass(outcomes: AsyncIterator[Outcome]) -> None:
    async for _ in outcomes:
        pass


@contextmanager
def nothing_sent(errors: type[SBTransferError] = SBTransferError) -> Iterator[None]:
    """Note on such errors that they came before anything was sent."""
    try:
        yield
    except errors as error:
        error.add_note("Nothing was sent.")
        raise


def _limits(running: Running) -> Limits:
    requests, files = running.requests_limit, running.drs_limit
    return Limits(requests.amount, requests.seconds, files.amount, files.seconds)
