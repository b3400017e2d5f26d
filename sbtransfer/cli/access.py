"""Whether the projects and volumes of a list take what is sent: a few reads before all creates."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from itertools import islice
from typing import TypeVar

from attrs import define, field

from sbtransfer.client import Client
from sbtransfer.errors import APIError, SBTransferError, WorkListError
from sbtransfer.items import Kind
from sbtransfer.resources import FileDetails, Project, Volume
from sbtransfer.worklist import Places

AT_MOST = 10
"""How many projects, and how many volumes, are looked at: a list of more is no reason to spend the limit."""

T = TypeVar("T")


class NoPermissionError(APIError):
    """The token's owner may not do what the list asks for; the message is a line for each reason."""

    def __str__(self) -> str:
        return self.message


@define
class Access:
    """Collects what is wrong: `refused` for want of a permission, `unusable` for any other reason.

    `unchecked` says what could not be looked at.
    """

    refused: list[str] = field(factory=list)
    unusable: list[str] = field(factory=list)
    unchecked: list[str] = field(factory=list)

    def raise_for_problems(self) -> None:
        """Raise `NoPermissionError` or `WorkListError` with all that is wrong, if anything is."""
        problems = [*self.refused, *self.unusable]
        if not problems:
            return
        text = "\n  ".join(
            ("this list cannot be transferred:", *problems, "--no-check sends it all the same")
        )
        raise NoPermissionError(403, None, text) if self.refused else WorkListError([text])

    async def found(self, what: str, names: Iterable[str], get: Callable[[str], Awaitable[T]]) -> list[T]:
        """Read things by their names, and take down which are not there."""
        answers = await asyncio.gather(*(self._get(what, name, get) for name in names))
        return [answer for answer in answers if answer is not None]

    async def _get(self, what: str, name: str, get: Callable[[str], Awaitable[T]]) -> T | None:
        try:
            return await get(name)
        except APIError as error:
            match error.status:
                case 404:
                    self.unusable.append(f"{what} {name}: there is none, or you may not see it")
                case 403:
                    self.refused.append(f"{what} {name}: {error.message}")
                case _:
                    self.unchecked.append(f"{what} {name}: {error}")
        except SBTransferError as error:
            self.unchecked.append(f"{what} {name}: {error}")
        return None


async def look_at(client: Client, kind: Kind, places: Places) -> Access:
    """Look at what a list of this kind names, and say what is wrong with it.

    An outage raises as it does anywhere else.
    """
    access = Access()
    volumes = await access.found("volume", _first(places.volumes, access, "volumes"), client.get_volume)
    homes = await _homes(client, kind, places, access)
    projects = await access.found("project", _first(homes, access, "projects"), client.get_project)
    _judge(access, kind, volumes, projects)
    return access


async def _homes(client: Client, kind: Kind, places: Places, access: Access) -> Collection[str]:
    """Return the projects that files go to, or come from; folders and files tell theirs, in one request."""
    ids = list(places.files if kind == "export" else places.parents)
    found = [details async for details in client.get_files(ids)] if ids else []
    if kind != "export":
        for folder, details in zip(ids, found, strict=True):
            if not isinstance(details, FileDetails):
                access.unusable.append(f"parent {folder}: {details.message}")
            elif not details.is_folder:
                access.unusable.append(f"parent {folder}: is the file {details.name!r} and not a folder")
    own = [details.project for details in found if isinstance(details, FileDetails) and details.project]
    return dict.fromkeys((*places.projects, *own))


def _first(names: Iterable[str], access: Access, what: str) -> list[str]:
    some = list(names)
    if len(some) > AT_MOST:
        access.unchecked.append(f"{len(some) - AT_MOST:,} further {what}")
    return list(islice(some, AT_MOST))


def _judge(access: Access, kind: Kind, volumes: list[Volume], projects: list[Project]) -> None:
    for volume in volumes:
        if volume.active is False:
            access.unusable.append(f"volume {volume.id}: is not active: activate it on the platform")
        if kind == "export" and not volume.writable:
            access.unusable.append(f"volume {volume.id}: is read-only: exports need one that is RW")
    if kind != "export":
        access.refused += [
            f"project {project.id}: you may not write into it: ask its owner for the permission to write"
            for project in projects
            if project.writable is False
        ]
        return
    regions = {project.region: project.id for project in projects if project.region}
    for volume in volumes:
        access.unusable += [
            f"volume {volume.id}: is in {volume.region}, and project {project} in {region}: "
            "exports need a volume in the project's own region"
            for region, project in regions.items()
            if volume.region not in (None, region)
        ]
