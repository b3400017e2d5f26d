"""A single import or export as the platform shows it, and the list of them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any, Literal

import attrs

from sbtransfer.simulator.world import File

JobKind = Literal["imports", "exports"]


def iso(moment: float) -> str:
    """Return Unix seconds in the platform's format; a fraction shows only where there is one."""
    return datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat() + "Z"


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
    echo: Mapping[str, Any]
    file: File | None
    error: Mapping[str, Any] | None = None

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


class JobList:
    """All jobs of one kind, oldest first, and what the lists' filters pick from them."""

    def __init__(self) -> None:
        self._picked: defaultdict[tuple[str | None, str | None], list[Job]] = defaultdict(list)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._picked[None, None])

    def add(self, job: Job) -> None:
        """Enter a job."""
        for key in product({None, job.project}, (None, job.volume)):
            self._picked[key].append(job)

    def pick(
        self, project: str | None, volume: str | None, states: Sequence[str], now: float
    ) -> Sequence[Job]:
        """Return the jobs of a project, a volume and any of the states; None and no states stand for all.

        Without states this is a look-up; by states, each job that the other filters leave is looked at.
        """
        jobs = self._picked.get((project, volume), [])
        return [job for job in jobs if job.state(now) in states] if states else jobs
