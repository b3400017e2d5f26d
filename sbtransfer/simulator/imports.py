"""The rules of single imports: from a volume to a project or folder."""

from collections.abc import Mapping
from typing import Any

import attrs

from sbtransfer.simulator.bodies import optional_flag, optional_text, section, text
from sbtransfer.simulator.durations import Durations
from sbtransfer.simulator.jobs import Job
from sbtransfer.simulator.objects import Object
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.world import File, Volume, World, is_missing, last_segment


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
    world.check_destination(order.project, order.parent, now)
    volume = world.volume(order.volume)
    volume.check_active()
    started = now + durations.pending
    finished = started + durations.draw()
    found = _found(order, volume, now, world)
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
        file=None if found is None else _arriving(order, found, finished, world),
        error=_not_found(order) if found is None else None,
    )


def _found(order: ImportOrder, volume: Volume, now: float, world: World) -> dict[str, Object] | None:
    """Return the objects that an import moves by their paths, one for a file; None if there is nothing."""
    if not order.is_folder:
        found = world.object(volume, order.location, now)
        return None if found is None else {"": found}
    start = len(order.location)
    within = {
        location[start:]: found
        for location, found in volume.under(order.location, now)
        if not location.endswith("/")  # a marker that keeps an empty folder
    }
    there = within or volume.find(order.location, now) or not (world.strict or is_missing(order.location))
    return within if there else None


def _arriving(order: ImportOrder, found: dict[str, Object], finished: float, world: World) -> File:
    """Enter the file that the job brings, or the folder with all that is in it, and return it.

    Imported files show no checksum, even where their volume knows one.
    What a taken name leads to without `overwrite` and `autorename` is not documented; here both files stay.
    """
    alone = found.get("")
    project, parent = world.place(order.project, order.parent)
    home = parent or project
    file = File(
        id=world.new_id(),
        name=world.free_name(home, order.name) if order.autorename else order.name,
        project=project,
        parent=parent,
        type="folder" if order.is_folder else "file",
        size=None if alone is None else alone.size,
        born=finished,
    )
    world.add(file, replace=order.overwrite)
    if order.is_folder:
        _fill(file, found, world, keep_folders=order.preserve_folder_structure)
    return file


def _fill(folder: File, found: Mapping[str, Object], world: World, *, keep_folders: bool) -> None:
    """Put the objects into a folder that arrives: into folders of their own, or all side by side.

    Assumption: side by side, names that are taken are numbered, so that no file is lost.
    """
    for path, one in found.items():
        parent, (*folders, name) = folder, path.split("/")
        for inner in folders if keep_folders else ():
            parent = world.folder(folder.project, parent.id, inner, folder.born)
        file = File(
            id=world.new_id(),
            name=world.free_name(parent.id, name),
            project=folder.project,
            parent=parent.id,
            size=one.size,
            born=folder.born,
        )
        world.add(file)


def _not_found(order: ImportOrder) -> dict[str, Any]:
    message = f"{order.location!r} does not exist on volume {order.volume!r}."
    return RefusalError(404, Code.NO_OBJECT, message).record()
