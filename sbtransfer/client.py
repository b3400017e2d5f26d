"""The client: settings, budgets and connections that its transfers share."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp

from sbtransfer.calls import PlatformCalls
from sbtransfer.engine import Engine, Options
from sbtransfer.errors import SettingsError, UsageError
from sbtransfer.events import Listener
from sbtransfer.http.api import API
from sbtransfer.http.caller import Call, Caller
from sbtransfer.http.credentials import Credentials
from sbtransfer.http.transport import AiohttpTransport, Transport
from sbtransfer.journal import JournalReader, Owner, SQLiteJournal
from sbtransfer.limits import Limits, SharedBudgets
from sbtransfer.logbook import JournalLike, Logbook
from sbtransfer.models import Outcome
from sbtransfer.polling import Polling
from sbtransfer.resources import User
from sbtransfer.rest import rest_of
from sbtransfer.run import TransferRun
from sbtransfer.settings import Settings, TokenSource
from sbtransfer.sources import ProjectItems, Remainder, Selection, Source, VolumeItems
from sbtransfer.verify import Verified, verify
from sbtransfer.wire import read

# Programs that configure no logging are not to find bare lines on their standard error.
for _name in ("sbtransfer", "stamina"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


class Client(PlatformCalls):
    """A connection to one platform as one user.

    `endpoint` is the platform's base URL (`https://cgc-api.sbgenomics.com/v2`; plain http on a loopback
    address only). `token` is a string (`Bearer …` for an OAuth token) or an async callable that returns one
    and is asked again after a 401; what is not given is looked for as in `from_environment`. `limits` are
    shared by all transfers of this client. `polling` is a `Polling`, or the lag in seconds that is aimed at
    (27 by default, and less in proportion where the limits have a shorter period). `timeout` is in seconds
    for one request. During an outage calls wait, for `give_up_after` seconds at most. A `session` of one's
    own is used and left open; `transport` replaces the network altogether. With a `budget`, such as a
    cluster's, the limits are shared with all others who use the same one; it belongs to this client alone.
    `telemetry`, such as `sbtransfer.otel.Telemetry()`, hears of every run and every call.

    Use it as an async context manager, or call `aclose`. Raises `SettingsError` for settings that cannot
    work.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        token: TokenSource | None = None,
        *,
        limits: Limits | None = None,
        polling: Polling | float | None = None,
        timeout: float = 120.0,
        give_up_after: float = 3600.0,
        session: aiohttp.ClientSession | None = None,
        transport: Transport | None = None,
        profile: str | None = None,
        budget: SharedBudgets | None = None,
        telemetry: Listener | None = None,
    ) -> None:
        settings = Settings.load(endpoint, token, profile)
        self.endpoint = settings.endpoint
        limits = limits or Limits()
        # How much lag a request is worth follows from how often requests may be made.
        self._polling = Polling.of(polling, Polling.balanced.lag * limits.requests_period / 300)
        self._transport = transport or AiohttpTransport(settings.endpoint, session=session)
        self._api = API(
            Caller(
                settings.endpoint,
                self._transport,
                Credentials(settings.token),
                limits,
                timeout,
                give_up_after,
                listener=telemetry,
                **self._shared(budget, limits),
            )
        )
        self._budget = budget
        self._runs: set[TransferRun] = set()
        self._closed = False

    def _shared(self, budget: SharedBudgets | None, limits: Limits) -> dict[str, Any]:
        if budget is None:
            return {}
        requests, files = budget.bind(self.endpoint, limits, self._owner)
        return {"requests": requests, "files": files, "check": budget.check}

    async def _owner(self) -> Owner:
        """Ask whose token it is, with a request that no budget grants: they have to know it first."""
        call = Call("GET", "/user", counted=False)
        user = await self._api.caller.read(call, "list", lambda answer: read(answer.body, User))
        return Owner(endpoint=self.endpoint, username=user.username)

    @classmethod
    def from_environment(cls, profile: str | None = None, **options: Any) -> Self:
        """Make a client from `SB_API_ENDPOINT` and `SB_AUTH_TOKEN`, or from `~/.sevenbridges/credentials`.

        A `profile` is a section of that file and goes before the environment; without one, `[default]` is
        used where the environment has neither. `options` are those of `Client`.
        """
        return cls(profile=profile, **options)

    def __repr__(self) -> str:
        return f"<Client {self.endpoint}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every transfer that is still open, then every connection."""
        self._closed = True
        try:
            for run in tuple(self._runs):
                if run.started and not run.managed:
                    warnings.warn(
                        f"{run!r} was left by a break or an exception; use 'async with client.transfer(...)'",
                        ResourceWarning,
                        stacklevel=2,
                    )
                await run.aclose()
        finally:
            try:
                if self._budget is not None:
                    await self._budget.aclose()
            finally:
                await self._transport.aclose()

    def transfer(
        self,
        items: Source,
        *,
        journal: JournalLike | None = None,
        max_in_flight: int = 10_000,
        linger: float = 1.0,
        total: int | None = None,
        deliver_known: bool = True,
        grace: float = 10.0,
        settle: float = 120.0,
        timeout: float | None = None,
        job_timeout: float | None = None,
        max_consecutive_failures: int = 10,
        verify_drs: bool = True,
        resend_ambiguous: bool = False,
    ) -> TransferRun:
        """Transfer a list of any length; each item's outcome comes out of the run as soon as it is known.

        `items` is an iterable or async iterable of `VolumeImport`, `VolumeExport` and `DRSImport`, kinds
        mixed as one likes; it is read lazily, no more than `max_in_flight` items ahead of the outcomes that
        were taken. A `LiveSource`, which shows what there is just now, gives each item a key that stays. A
        chunk that is not full is sent `linger` seconds after its first item. `total` is the length of the
        list where it is known, for estimates.

        With a `journal`, a path, the run can be killed at any moment and goes on when the same list is
        transferred with the same journal: what has an outcome is not sent again (it is delivered once more,
        marked `resumed`, unless `deliver_known` is false), jobs are followed, and calls whose answer was not
        seen are looked up. An item that differs from the recorded one ends the run before anything is sent.

        A create without a clear answer is never simply repeated: the platform's own lists tell what became of
        it, `settle` seconds later (and not before `timeout`, for which one request may take; the client's by
        default). DRS imports have no list; those for which nothing can tell end UNCONFIRMED, unless
        `resend_ambiguous`. The order of DRS results is checked by the files' names, with a request for each
        job, unless `verify_drs` is false.

        Leaving the run waits up to `grace` seconds for the answers to calls that are on their way. A job that
        outlives `job_timeout` seconds (never, by default) ends UNCONFIRMED. After `max_consecutive_failures`
        chunks in a row that were wholly refused, nothing more is sent and the run ends with a
        `ConsecutiveFailuresError`.

        A failed item is an outcome. Exceptions are for what stops the whole run: `UnauthorizedError`,
        `OutageError`, `ConsecutiveFailuresError`, `JournalError`, and whatever `items` itself raises.
        """
        options = self._options(
            max_in_flight=max_in_flight,
            linger=linger,
            total=total,
            grace=grace,
            settle=settle,
            job_timeout=job_timeout,
            max_consecutive_failures=max_consecutive_failures,
            deliver_known=deliver_known,
            verify_drs=verify_drs,
            resend_ambiguous=resend_ambiguous,
        )
        return self._run(items, Logbook.of(journal), options, timeout)

    def verify(self, outcomes: Iterable[Outcome] | AsyncIterable[Outcome]) -> AsyncIterator[Verified]:
        """Compare what arrived with what the list promised; yield what that shows, in the same order.

        `outcomes` may be a run itself: `async for verified in client.verify(run)`. Compared are the name, the
        place, and the `size` and `md5` of the item where it has them and the platform tells them, too;
        what could not be compared is named. Files are read 100 in a request; objects that were made by
        `copy_only` exports take a request each. Items that were not completed pass unseen.
        """
        return verify(self._api, outcomes)

    def volume_items(
        self,
        volume: str,
        *,
        prefix: str = "",
        project: str | None = None,
        parent: str | None = None,
        path: str = "{path}",
        include: str | Iterable[str] = (),
        exclude: str | Iterable[str] = (),
        min_size: int | None = None,
        max_size: int | None = None,
        missing_only: bool = False,
        overwrite: bool = False,
        autorename: bool | None = None,
    ) -> VolumeItems:
        """Return what a volume holds, or what of it begins with `prefix`, as a work list of imports.

        It goes straight into `transfer`, which reads it as it goes. Each object goes to `path` in the
        project, or in the folder with the id `parent`; its folders are made once. `{path}` is the location
        from the folder on that the prefix is (or is in), `{location}` the whole of it, `{name}` its last
        part: `"{path}"` keeps the structure, `"{name}"` gives it up, `"2024/{path}"` puts all in a folder.

        `include` and `exclude` are a shell's patterns, compared with `{path}`, or where they hold no `/` with
        the name alone; `min_size` and `max_size` are in bytes. With `missing_only`, what has a file of its
        name at its place is left out. `passed` of the result counts what was left out, and why.

        A journal knows an object by its location: in a resumed run, what was added to the volume meanwhile is
        imported, too, and what was begun is finished. Raises `SettingsError` for what cannot be used.
        """
        selection = Selection(include=include, exclude=exclude, min_size=min_size, max_size=max_size)
        return VolumeItems(
            api=self._api,
            volume=volume,
            prefix=prefix,
            project=project,
            parent=parent,
            path=path,
            selection=selection,
            missing_only=missing_only,
            overwrite=overwrite,
            autorename=autorename,
        )

    def project_items(
        self,
        project: str | None = None,
        *,
        parent: str | None = None,
        volume: str,
        location: str = "{path}",
        include: str | Iterable[str] = (),
        exclude: str | Iterable[str] = (),
        min_size: int | None = None,
        max_size: int | None = None,
        missing_only: bool = False,
        overwrite: bool = False,
        copy_only: bool = False,
        properties: Mapping[str, Any] | None = None,
    ) -> ProjectItems:
        """Return the files of a project, or of the folder with the id `parent`, as a work list of exports.

        It goes straight into `transfer`, which reads it as it goes. Each file goes to `location` on the
        volume, where `{path}` is its path within the project or the folder, `{name}` its name, `{id}` its id:
        `"backup/{path}"` keeps the structure. Aliases are left out: their bytes are on a volume already.

        The patterns and sizes are those of `volume_items`; with `missing_only`, what is at its location
        already is left out. `overwrite`, `copy_only` and `properties` are those of `VolumeExport`. A journal
        knows a file by its id. Raises `SettingsError` for what cannot be used.
        """
        if (project is None) == (parent is None):
            raise SettingsError("give either a project or the id of a folder as parent, and only one of them")
        selection = Selection(include=include, exclude=exclude, min_size=min_size, max_size=max_size)
        return ProjectItems(
            api=self._api,
            project=project,
            parent=parent,
            volume=volume,
            location=location,
            selection=selection,
            missing_only=missing_only,
            overwrite=overwrite,
            copy_only=copy_only,
            properties=properties,
        )

    def resume(
        self, journal: SQLiteJournal | str | os.PathLike[str], *, timeout: float | None = None, **options: Any
    ) -> TransferRun:
        """Go on with the run of a journal, without its list at hand: the journal knows what it needs.

        A list that was a file, a volume or a project is opened again if it was not read to its end yet. If it
        came from elsewhere, what the journal holds is finished, and the run ends with a `JournalError` that
        says so; pass the same list to `transfer` instead. `options` are those of `transfer`.
        """
        with JournalReader(journal.path if isinstance(journal, SQLiteJournal) else journal) as kept:
            rest = rest_of(kept, self._api)
        return self._run(rest, Logbook.of(journal), self._options(**options), timeout)

    def retry(
        self,
        journal: JournalLike,
        *,
        unconfirmed: bool = False,
        timeout: float | None = None,
        **options: Any,
    ) -> TransferRun:
        """Send again what failed in the run of a journal; its outcomes, and no others, come out of this run.

        With `unconfirmed`, items that may have been done are taken up, too: their jobs are looked at again,
        or they are looked for on the platform, and only what surely was not done is sent. The journal stays
        the same and holds the new outcomes, each at its place in the list. What an earlier run left under way
        is finished. `options` are those of `transfer`.
        """
        logbook = Logbook.to_retry(journal, unconfirmed=unconfirmed)
        return self._run(Remainder(known=False), logbook, self._options(**options), timeout)

    def _options(self, job_timeout: float | None = None, **options: Any) -> Options:
        endless = float("inf") if job_timeout is None else job_timeout
        try:
            return Options(job_timeout=endless, polling=self._polling, **options)
        except TypeError as error:
            raise UsageError(f"no such option: {error}") from None

    def _run(
        self, source: Source | Remainder, logbook: Logbook, options: Options, timeout: float | None
    ) -> TransferRun:
        if self._closed:
            raise UsageError("the client is closed")
        api = self._api if timeout is None else API(self._api.caller.patient(timeout))
        run = TransferRun(Engine(source, api, options, logbook), self._runs.discard)
        self._runs.add(run)
        return run
