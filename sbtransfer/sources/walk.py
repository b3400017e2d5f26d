"""Folders opened one after the other: all objects of a volume, all files of a project."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator

from attrs import evolve

from sbtransfer.http.api import API
from sbtransfer.resources import FileDetails, VolumeFolder, VolumeObject


async def objects_within(api: API, volume: str, prefix: str) -> AsyncIterator[tuple[VolumeObject, ...]]:
    """Yield the objects whose location begins with `prefix`, folder by folder, a page at a time."""
    left = deque([prefix])
    while left:
        async for page in api.contents_pages(volume, left.popleft()):
            left.extend(entry.prefix for entry in page.entries if isinstance(entry, VolumeFolder))
            yield tuple(entry for entry in page.entries if isinstance(entry, VolumeObject))


async def files_within(
    api: API, project: str | None, parent: str | None
) -> AsyncIterator[tuple[FileDetails, ...]]:
    """Yield the files of a project or a folder with their paths, folder by folder, a page at a time."""
    left = deque([(project, parent, "")])
    while left:
        project, parent, before = left.popleft()
        async for page in api.file_pages(project, parent):
            found = [evolve(file, path=before + file.name) for file in page.entries]
            left.extend((None, file.id, f"{file.path}/") for file in found if file.is_folder)
            yield tuple(file for file in found if not file.is_folder)
