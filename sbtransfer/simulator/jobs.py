"""A single import or export as the platform shows it."""

from collections.abc import Mapping
from typing import Any, Literal

import attrs
import orjson

from sbtransfer.simulator.timestamps import iso
from sbtransfer.simulator.world import File

JobKind = Literal["imports", "exports"]


def _packed(echo: Mapping[str, Any]) -> str:
    # Half the memory of dicts, and there may be a million jobs. The bytes that come from orjson are as large
    # as its buffer.
    return orjson.dumps(echo).decode()


@attrs.frozen(eq=False, kw_only=True)
class Job:
    """A job whose whole course is known once it is accepted, so that its state is a function of the time.

    `item` is what was asked for, by which a test can tell whether something was created twice. `echo` holds
    the fields that the platform gives back as it understood them.
    """

    kind: JobKind
    id: str
    accepted: float
    started: float
    finished: float
    item: tuple[str, ...]
    project: str | None = None
    volume: str
    _echo: str = attrs.field(alias="echo", converter=_packed, repr=False)
    file: File | None
    error: Mapping[str, Any] | None = None

    @property
    def echo(self) -> dict[str, Any]:
        """The fields that the platform gives back."""
        echo: dict[str, Any] = orjson.loads(self._echo)
        return echo

    @property
    def failure(self) -> Mapping[str, Any] | None:
        """The error record that the job ends with, None if it ends well."""
        return self.error

    def state(self, now: float) -> str:
        """Return PENDING, RUNNING, COMPLETED or FAILED."""
        if now < self.started:
            return "PENDING"
        if now < self.finished:
            return "RUNNING"
        return "COMPLETED" if self.failure is None else "FAILED"

    def brief(self, now: float, base_url: str) -> dict[str, Any]:
        """Return the three fields that a list shows by default."""
        return {
            "href": f"{base_url}/storage/{self.kind}/{self.id}",
            "id": self.id,
            "state": self.state(now),
        }

    def shown(self, now: float, base_url: str) -> dict[str, Any]:
        """Return the job as the platform shows it."""
        shown = {
            **self.brief(now, base_url),
            **self.echo,
            "started_on": iso(self.started) if now >= self.started else None,
            "finished_on": None,
            "result": None,
            "error": None,
        }
        if now >= self.finished:
            shown["finished_on"] = iso(self.finished)
            shown["error"] = self.failure
            if shown["error"] is None and self.file is not None:
                shown["result"] = self.file.shown(now, base_url)
        return shown
