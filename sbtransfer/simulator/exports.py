"""The rules of single exports: from the platform to a volume.

Without `copy_only` a file becomes an alias when its job completes, not when it is accepted. Until then a
second export of it is accepted, too; whichever finishes first wins and the others fail, for there are no
bytes left to send. So a client that sends an export twice is found out by two jobs rather than saved by a
refusal.
"""

from collections.abc import Mapping
from typing import Any

import attrs

from sbtransfer.simulator.bodies import optional_flag, optional_section, section, text
from sbtransfer.simulator.durations import Durations
from sbtransfer.simulator.jobs import Job
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.world import Alias, File, World


@attrs.frozen(kw_only=True)
class ExportOrder:
    """One export as it was asked for; the last two fields belong to the call, so all its items agree."""

    file: str
    volume: str
    location: str
    overwrite: bool
    properties: Mapping[str, Any]
    copy_only: bool
    advance_access: bool

    def echo(self) -> dict[str, Any]:
        """Return what the job gives back of the order."""
        return {
            "overwrite": self.overwrite,
            "source": {"file": self.file},
            "destination": {"volume": self.volume, "location": self.location},
            "properties": self.properties,
        }


@attrs.frozen(eq=False, kw_only=True)
class ExportJob(Job):
    """An export; `advance_access` tells whether its call carried the header that `copy_only` should have."""

    file: File
    alias: Alias | None  # what the file becomes, None if it is only copied
    advance_access: bool

    @property
    def failure(self) -> Mapping[str, Any] | None:
        """The error record that the job ends with, None if it ends well."""
        taken = self.file.alias
        if taken is None or taken is self.alias or taken.since > self.finished:
            return None
        return _alias_refused(self.file).record()


def read_export(item: Mapping[str, Any], *, copy_only: bool, advance_access: bool) -> ExportOrder:
    """Read one item of a bulk create; refuses the whole call where the shape is wrong."""
    destination = section(item, "destination")
    return ExportOrder(
        file=text(section(item, "source"), "file"),
        volume=text(destination, "volume"),
        location=text(destination, "location"),
        overwrite=optional_flag(item, "overwrite") or False,
        properties=optional_section(item, "properties"),
        copy_only=copy_only,
        advance_access=advance_access,
    )


def accept_export(order: ExportOrder, now: float, world: World, durations: Durations) -> ExportJob:
    """Make the job of one order, or refuse it."""
    file = world.file(order.file, now)
    if file.is_alias(now):
        raise _alias_refused(file)
    if not world.volume(order.volume).writable:
        message = f"Volume {order.volume!r} does not let you write."
        raise RefusalError(403, Code.READ_ONLY_VOLUME, message)
    started = now + durations.pending
    finished = started + durations.draw()
    return ExportJob(
        kind="exports",
        id=world.new_id(),
        accepted=now,
        started=started,
        finished=finished,
        item=(order.file, order.volume, order.location),
        volume=order.volume,
        echo=order.echo(),
        file=file,
        alias=None if order.copy_only else _claim(file, order, finished),
        advance_access=order.advance_access,
    )


def _claim(file: File, order: ExportOrder, finished: float) -> Alias:
    """Enter what the file becomes, unless another export gets there first."""
    alias = Alias(finished, order.volume, order.location)
    if file.alias is None or finished < file.alias.since:
        file.alias = alias
    return alias


def _alias_refused(file: File) -> RefusalError:
    return RefusalError(400, Code.ALIAS, f"File {file.id!r} is an alias and cannot be exported.")
