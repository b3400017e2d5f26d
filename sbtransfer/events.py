"""What is told of a run while it goes on: each event's name, level, fields and words, for logs and listeners.

An event goes to the logger of its group, `sbtransfer.call` for `sbtransfer.call.sent`, as a record that has
its name as `event` and its fields as attributes. Names and fields stay; fields may be added. None is told for
each item, and none holds a token.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from logging import DEBUG, INFO, WARNING
from typing import Any, Protocol, TypeAlias

from attrs import Factory, field, frozen

from sbtransfer.errors import SBTransferError
from sbtransfer.progress import Progress

current_run: ContextVar[int | None] = ContextVar("sbtransfer_run", default=None)
"""The number of the run, within this process, that this task belongs to."""


class Listener(Protocol):
    """Hears what happens in a client's runs and calls, each time in the task in which it happens."""

    def follow(self, progress: Callable[[], Progress]) -> None:
        """Know that a run starts in this task; `progress`, called in its loop, tells how it stands."""

    def heard(self, event: Event, fields: Mapping[str, Any]) -> None:
        """Take note of an event. `RUN_STARTED` and `RUN_ENDED`, and each call's first and last, are pairs."""


Words: TypeAlias = str | Callable[[Mapping[str, Any]], str]


@frozen(eq=False)
class Event:
    """One kind of thing that happens. `fields` are what it tells, with what each means."""

    name: str
    level: int
    text: Words = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    log: logging.Logger = field(
        init=False,
        repr=False,
        default=Factory(lambda self: logging.getLogger(self.name.rpartition(".")[0]), takes_self=True),
    )

    def wanted(self, listener: Listener | None = None) -> bool:
        """Whether anybody takes note of it: asked before what costs something is found out for it."""
        return listener is not None or self.log.isEnabledFor(self.level)

    def tell(self, listener: Listener | None = None, /, **values: Any) -> None:
        """Tell those who take note of it."""
        logged = self.log.isEnabledFor(self.level)
        if listener is None and not logged:
            return
        values["run"] = current_run.get()
        if listener is not None:
            _safely(listener.heard, self, values)
        if logged:
            text, arguments = (
                (self.text, (values,)) if isinstance(self.text, str) else (self.text(values), ())
            )
            self.log.log(self.level, text, *arguments, extra={"event": self.name, **values}, stacklevel=2)


def follow(listener: Listener | None, progress: Callable[[], Progress]) -> None:
    """Tell a listener that a run starts in this task."""
    if listener is not None:
        _safely(listener.follow, progress)


def _safely(hear: Callable[..., None], *arguments: object) -> None:
    """Let a listener hear: what goes wrong there must not cost a call its answer."""
    try:
        hear(*arguments)
    except Exception as error:  # noqa: BLE001 - somebody else's
        LISTENER_FAILED.tell(error=f"{type(error).__name__}: {error}")


def words(error: BaseException | None) -> str | None:
    """Return what an error says; of others' errors only what they are, as they may hold anything."""
    if error is None:
        return None
    return str(error) if isinstance(error, SBTransferError) else type(error).__name__


# Runs ----------------------------------------------------------------------------------------------------

RUN_STARTED = Event(
    "sbtransfer.run.started",
    INFO,
    "run %(run)s: started, endpoint %(endpoint)s, journal %(journal)s",
    {
        "endpoint": "the platform's base URL",
        "journal": "the journal's name, if it has one",
        "total": "the length of the list, where it is known",
    },
)
RUN_RESUMED = Event(
    "sbtransfer.run.resumed",
    INFO,
    "run %(run)s: the journal holds %(known)d items, %(under_way)d are under way, %(in_doubt)d are in doubt",
    {
        "known": "how many items the journal knows",
        "under_way": "how many of them are in jobs that are followed",
        "in_doubt": "how many were sent, and nobody knows whether they were done",
    },
)
LIST_ENDED = Event(
    "sbtransfer.run.list_ended",
    INFO,
    lambda values: (
        f"run {values['run']}: the list has ended after {values['items']} items"
        + (f": {values['error']}" if values["error"] else "")
    ),
    {
        "items": "how many items were read of it",
        "error": "what ended it before its end: of an exception of one's own only its type",
    },
)
RUN_STOPPED = Event(
    "sbtransfer.run.stopped",
    INFO,
    "run %(run)s: nothing more is sent",
    {"error": "why, unless its user asked for it"},
)
RUN_ENDED = Event(
    "sbtransfer.run.ended",
    INFO,
    lambda values: (
        f"run {values['run']}: ended after {values['seconds']:.1f} s, {values['read']} read, "
        f"{values['completed']} completed, {values['failed']} failed, {values['unconfirmed']} unconfirmed, "
        f"{values['unfinished']} unfinished" + (f": {values['error']}" if values["error"] else "")
    ),
    {
        "read": "how many items were read",
        "completed": "how many are completed",
        "failed": "how many have failed",
        "unconfirmed": "for how many nobody can tell",
        "unfinished": "how many were read and have no outcome",
        "seconds": "how long it took",
        "error": "what ended it, if it did not end by itself: of an exception of one's own only its type",
    },
)

# Chunks --------------------------------------------------------------------------------------------------

_CHUNK = {
    "kind": "`import`, `export` or `drs`",
    "create": "the number of the create within its journal",
    "items": "how many items it carries",
}
CHUNK_SENT = Event(
    "sbtransfer.chunk.sent",
    DEBUG,
    "chunk of %(items)d (%(kind)s) is sent, create %(create)d",
    {**_CHUNK, "attempts": "the how-manieth call it is for them"},
)
CHUNK_ACCEPTED = Event(
    "sbtransfer.chunk.accepted",
    DEBUG,
    "create %(create)d: %(jobs)d jobs, %(refused)d of %(items)d items refused",
    {
        **_CHUNK,
        "jobs": "how many jobs were made",
        "refused": "how many of the items were refused by themselves",
    },
)
CHUNK_REFUSED = Event(
    "sbtransfer.chunk.refused",
    INFO,
    "create %(create)d (%(kind)s) of %(items)d was refused as a whole: %(error)s",
    {**_CHUNK, "status": "the HTTP status", "error": "what the platform says"},
)
LOOK_DONE = Event(
    "sbtransfer.look.done",
    DEBUG,
    "looked at %(jobs)d jobs (%(kind)s): %(ended)d have ended, %(running)d run, %(unseen)d unseen",
    {
        "kind": "`import`, `export` or `drs`",
        "jobs": "how many jobs were looked at",
        "ended": "how many of them have ended",
        "running": "how many of them are under way",
        "unseen": "of how many nothing was seen",
    },
)
BUNDLE_UNCOUNTED = Event(
    "sbtransfer.look.bundle_uncounted",
    WARNING,
    "what bundles hold could not be counted: %(error)s",
    {"error": "why"},
)

# Doubts --------------------------------------------------------------------------------------------------

DOUBT_FOUND = Event(
    "sbtransfer.doubt.found",
    WARNING,
    "create %(create)d (%(kind)s): %(items)d items are in doubt: %(error)s",
    {**_CHUNK, "error": "why nobody knows whether they were done"},
)
DOUBT_SETTLED = Event(
    "sbtransfer.doubt.settled",
    INFO,
    "%(items)d items (%(kind)s) are in doubt no more: %(found)d were found, %(again)d surely were not done",
    {
        "kind": "`import`, `export` or `drs`",
        "items": "how many items are in doubt no more",
        "found": "how many have a job or an outcome now",
        "again": "how many surely were not done, and are sent again",
    },
)
DOUBT_UNREAD = Event(
    "sbtransfer.doubt.unread",
    WARNING,
    "what became of %(items)d items could not be read: %(error)s",
    {"kind": "`import`, `export` or `drs`", "items": "how many items are in doubt", "error": "why"},
)

# Calls and limits ----------------------------------------------------------------------------------------

_CALL = {
    "call": "a number of the call, within its client",
    "method": "the HTTP method",
    "route": "its path, with names for the ids in it",
    "url": "its URL, without the query",
}
CALL_SENT = Event("sbtransfer.call.sent", DEBUG, "call %(call)d: %(method)s %(url)s", _CALL)
CALL_ANSWERED = Event(
    "sbtransfer.call.answered",
    DEBUG,
    lambda values: (
        f"call {values['call']}: HTTP {values['status']}"
        + (f", request id {values['request_id']}" if values["request_id"] else "")
    ),
    {
        **_CALL,
        "status": "the HTTP status",
        "request_id": "the platform's own id of the call, for its support, if it tells one",
        "seconds": "how long it took",
    },
)
CALL_FAILED = Event(
    "sbtransfer.call.failed",
    DEBUG,
    "call %(call)d: %(error)s",
    {**_CALL, "error": "why there is no answer", "seconds": "how long it took"},
)
CALL_ABANDONED = Event(
    "sbtransfer.call.abandoned",
    DEBUG,
    "call %(call)d: nobody waits for its answer any more",
    {**_CALL, "seconds": "how long it was waited for"},
)
TOKEN_RENEWED = Event(
    "sbtransfer.call.token_renewed",
    INFO,
    lambda values: (
        f"the token was refused; {'another one is tried' if values['renewed'] else 'no other is there'}"
    ),
    {"renewed": "whether there is another one"},
)
LIMIT_WAITING = Event(
    "sbtransfer.limit.waiting",
    DEBUG,
    "a call (%(share)s) waits for the limit of %(budget)s",
    {
        "budget": "`requests` or `files`",
        "share": "what for: `submit`, `poll`, `recover` or `list`",
        "seconds": "in how many seconds there is more, where that is known",
    },
)
LIMIT_REACHED = Event(
    "sbtransfer.limit.reached",
    WARNING,
    "the platform has a limit reached: nothing is sent for %(seconds).0f s: %(reason)s",
    {"seconds": "how long nothing is sent", "reason": "what the platform says"},
)
LIMIT_UNKNOWN = Event(
    "sbtransfer.limit.unknown",
    WARNING,
    "the platform does not say what is left of its limits: %(error)s",
    {"error": "why"},
)

# Outages -------------------------------------------------------------------------------------------------

_AWAY = {"reason": "what went wrong", "seconds": "in how many seconds the platform is asked again"}
PLATFORM_AWAY = Event(
    "sbtransfer.platform.away",
    WARNING,
    "the platform does not work: nothing is sent for %(seconds).1f s: %(reason)s",
    _AWAY,
)
PLATFORM_STILL_AWAY = Event(
    "sbtransfer.platform.still_away",
    INFO,
    "the platform does not work yet, it is asked again in %(seconds).1f s: %(reason)s",
    _AWAY,
)
PLATFORM_BACK = Event(
    "sbtransfer.platform.back",
    INFO,
    "calls are sent again after: %(reason)s",
    {"reason": "why nothing was sent"},
)

# A cluster -----------------------------------------------------------------------------------------------

_QUEUED = {"cluster_run": "the number of the run in the cluster", "chunk": "the number of the chunk in it"}
CHUNK_RETURNED = Event(
    "sbtransfer.chunk.returned",
    WARNING,
    "chunk %(chunk)s of run %(cluster_run)s goes back to the queue: its worker has died",
    _QUEUED,
)
CHUNK_TAKEN = Event(
    "sbtransfer.chunk.taken",
    WARNING,
    "chunk %(chunk)s of run %(cluster_run)s: %(error)s",
    {**_QUEUED, "error": "why it was not sent by this worker"},
)
CHUNK_ANSWERED_LATE = Event(
    "sbtransfer.chunk.answered_late",
    WARNING,
    "the answer to call %(create)d came late: %(items)d of its items have another call",
    {"create": "the number of the create", "items": "how many of its items have another call by now"},
)
DOUBT_GONE = Event(
    "sbtransfer.doubt.gone",
    WARNING,
    "%(items)d of %(looked_for)d items are in doubt no more",
    {
        "items": "about how many somebody else has learned something meanwhile",
        "looked_for": "how many were looked for",
    },
)
LIMIT_UNSHARED = Event(
    "sbtransfer.limit.unshared",
    WARNING,
    "no %(budget)s can be shared just now: %(error)s",
    {"budget": "`requests` or `files`", "error": "why"},
)
WORKER_FOLLOWS = Event("sbtransfer.worker.follows", INFO, "this worker follows what is under way", {})
WORKER_FOLLOWS_NO_MORE = Event(
    "sbtransfer.worker.follows_no_more",
    WARNING,
    "the role of the follower was lost with its connection, and is asked for again",
    {},
)
WORKER_TAKES_OVER = Event(
    "sbtransfer.worker.takes_over",
    WARNING,
    "%(calls)d calls of workers that have died are looked up",
    {"calls": "how many calls"},
)
WORKER_BEGINS_ANEW = Event(
    "sbtransfer.worker.begins_anew",
    WARNING,
    "%(error)s; begins anew",
    {"error": "how it lost its place among the others"},
)
WORKER_PAUSES = Event(
    "sbtransfer.worker.pauses",
    WARNING,
    "%(error)s; goes on in a moment",
    {"error": "why"},
)

# The rest ------------------------------------------------------------------------------------------------

COMMAND_BEGAN = Event(
    "sbtransfer.command.began",
    DEBUG,
    "%(command)s, sbtransfer %(version)s, Python %(python)s, %(platform)s",
    {
        "command": "the words of the command, without its arguments",
        "version": "of sbtransfer",
        "python": "its version",
        "platform": "the operating system",
    },
)
COMMAND_ENDED = Event(
    "sbtransfer.command.ended",
    DEBUG,
    lambda values: values["error"] or f"exit code {values['exit_code']}",
    {"exit_code": "the exit code, where the command chose it", "error": "what ended it, if anything did"},
)
LISTENER_FAILED = Event(
    "sbtransfer.listener.failed",
    WARNING,
    "a listener failed, which stops nothing: %(error)s",
    {"error": "what it raised"},
)

ALL: Mapping[str, Event] = {event.name: event for event in globals().values() if isinstance(event, Event)}
"""The events by their names."""
