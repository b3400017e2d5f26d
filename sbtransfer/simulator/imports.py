"""The rules of single imports: from a volume to a project or folder."""

from collections.abc import Mapping
from typing import Any

import attrs

from sbtransfer.simulator.bodies import optional_flag, optional_text, section, text
from sbtransfer.simulator.durations import Durations
from sbtransfer.simulator.jobs import Job
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.world import File, World, is_missing, last_segment


@attrs.frozen(kw_only=True)
class ImportOrder:
    """One import as it was asked for, its name filled in."""

    volume: str
    location: str
    project: str | None
    parent: str | None
    name: str
    overwrite: bool
    autorename: bool
    preserve_folder_structure: bool

    @property
    def is_folder(self) -> bool:
        """Whether the location is a folder, with all that is in it."""
        return self.location.endswith("/")

    @property
    def home(self) -> dict[str, str]:
        """The destination without the name."""
        given = {"project": self.project, "parent": self.parent}
        return {field: value for field, value in given.items() if value is not None}

    def echo(self) -> dict[str, Any]:
        """Return what the job gives back of the order."""
        return {
            "overwrite": self.overwrite,
            "autorename": self.autorename,
            "preserve_folder_structure": self.preserve_folder_structure,
            "source": {"volume": self.volume, "location": self.location},
            "destination": {**self.home, "name": self.name},
        }


def read_import(item: Mapping[str, Any]) -> ImportOrder:
    """Read one item of a bulk create; refuses the whole call where the shape is wrong."""
    source, destination = section(item, "source"), section(item, "destination")
    location = text(source, "location")
    preserve = optional_flag(item, "preserve_folder_structure")
    return ImportOrder(
        volume=text(source, "volume"),
        location=location,
        project=optional_text(destination, "project"),
        parent=optional_text(destination, "parent"),
        name=optional_text(destination, "name") or last_segment(location),
        overwrite=optional_flag(item, "overwrite") or False,
        autorename=optional_flag(item, "autorename") or False,
        # True is the documented default, and it means something for folders only.
        preserve_folder_structure=location.endswith("/") if preserve is None else preserve,
    )


def accept_import(order: ImportOrder, now: float, world: World, durations: Durations) -> Job:
    """Make the job of one order, or refuse it."""
    world.check_destination(order.project, order.parent)
    world.volume(order.volume)
    started = now + durations.pending
    finished = started + durations.draw()
    lost = is_missing(order.location)
    return Job(
        kind="imports",
        id=world.new_id(),
        accepted=now,
        started=started,
        finished=finished,
        item=(order.volume, order.location, *order.home.values(), order.name),
        project=order.project,
        volume=order.volume,
        echo=order.echo(),
        file=None if lost else _arriving(order, finished, world),
        error=_not_found(order) if lost else None,
    )


def _arriving(order: ImportOrder, finished: float, world: World) -> File:
    """Enter the file that the job brings.

    What a taken name leads to without `overwrite` and `autorename` is not documented; here both files stay.
    """
    home = order.project or order.parent
    file = File(
        id=world.new_id(),
        name=world.free_name(home, order.name) if order.autorename else order.name,
        project=order.project,
        parent=order.parent,
        type="folder" if order.is_folder else "file",
        born=finished,
    )
    return world.add(file, replace=order.overwrite)


def _not_found(order: ImportOrder) -> dict[str, Any]:
    message = f"{order.location!r} does not exist on volume {order.volume!r}."
    return RefusalError(404, Code.NO_OBJECT, message).record()
