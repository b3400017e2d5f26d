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
from sbtransfer.simulator.world import Alias, File, Volume, World


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
    place: Alias  # where the bytes go: what the file becomes, unless it is only copied
    advance_access: bool

    @property
    def failure(self) -> Mapping[str, Any] | None:
        """The error record that the job ends with, None if it ends well."""
        return _alias_refused(self.file).record() if _is_too_late(self.place, self.file) else None


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
    volume = world.volume(order.volume)
    _check_volume(volume, world.region_of(file))
    _check_file(file, now)
    if not order.overwrite and volume.find(order.location, now) is not None:
        message = f"There is already an object at {order.location!r} on volume {volume.id!r}."
        raise RefusalError(409, Code.OBJECT_EXISTS, message)
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
        place=_send(file, order, world, now, finished),
        advance_access=order.advance_access,
    )


def _check_file(file: File, now: float) -> None:
    if file.is_alias(now):
        raise _alias_refused(file)
    if file.public:
        raise RefusalError(403, Code.PUBLIC_FILE, f"File {file.id!r} is public and cannot be exported.")
    if file.is_folder:
        raise RefusalError(400, Code.NO_FILE, f"{file.id!r} is a folder: export the files in it.")


def _check_volume(volume: Volume, region: str) -> None:
    volume.check_active()
    if not volume.writable:
        raise RefusalError(403, Code.READ_ONLY_VOLUME, f"Volume {volume.id!r} does not let you write.")
    if volume.region != region:
        message = f"Volume {volume.id!r} is in {volume.region}, the file in {region}."
        raise RefusalError(400, Code.OTHER_REGION, message)


def _send(file: File, order: ExportOrder, world: World, now: float, finished: float) -> Alias:
    """Enter the object, and what the file becomes unless it is only copied, as far as nothing comes first."""
    place = Alias(finished, order.volume, order.location)
    if _is_too_late(place, file):
        return place
    if not order.copy_only:
        file.alias = place
    still = [one for one in file.sent if one.since > now]
    for one in still:
        if _is_too_late(one, file):
            world.take_back(one)
    world.volume(order.volume).put(order.location, file.size or 0, file.md5, since=finished)
    file.sent = (*(one for one in still if not _is_too_late(one, file)), place)
    return place


def _is_too_late(place: Alias, file: File) -> bool:
    """Tell whether the file has no bytes left when they should arrive at a place."""
    taken = file.alias
    return taken is not None and taken is not place and taken.since <= place.since


def _alias_refused(file: File) -> RefusalError:
    return RefusalError(400, Code.ALIAS, f"File {file.id!r} is an alias and cannot be exported.")
