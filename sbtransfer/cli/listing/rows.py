"""What a volume or a project holds as rows of a work list, and the count of what was left out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import define, evolve

from sbtransfer.cli.units import amount, count
from sbtransfer.client import Client
from sbtransfer.errors import WorkListError
from sbtransfer.models import ErrorRecord
from sbtransfer.resources import FileDetails, VolumeFolder, VolumeObject
from sbtransfer.sources import Selection
from sbtransfer.sources.details import in_hundreds

Row: TypeAlias = Mapping[str, Any]

VOLUME_COLUMNS = ("volume", "location", "size", "md5")
PROJECT_COLUMNS = ("file", "location", "size", "md5")


@define
class Count:
    """What was listed, with its size in bytes, and what was left out, and why.

    `excluded` by patterns or size; `folders` are objects that stand for a folder. Of `aliases` those are
    counted that were listed, too, where they are wanted. `unsized` files are listed, with a size that is not
    known.
    """

    files: int = 0
    size: int = 0
    unsized: int = 0
    excluded: int = 0
    folders: int = 0
    aliases: int = 0
    aliases_listed: bool = False

    def add(self, size: int | None) -> None:
        """Count a file that is listed."""
        self.files += 1
        self.size += size or 0
        self.unsized += size is None

    def __str__(self) -> str:
        listed = count(self.files, "file") if self.files else "nothing found"
        parts = [listed, *([amount(self.size)] if self.files else [])]
        if self.unsized:
            parts.append(f"the size of {self.unsized:,} is not known")
        if self.aliases and self.aliases_listed:
            parts.append(f"{self.aliases:,} of them aliases, which cannot be exported")
        left_out = self._left_out()
        return ", ".join(parts) + (f"; {left_out}" if left_out else "")

    def _left_out(self) -> str:
        reasons = {
            "by --include, --exclude or size": self.excluded,
            "aliases, whose bytes are on a volume already": 0 if self.aliases_listed else self.aliases,
            "objects that stand for folders": self.folders,
        }
        told = [f"{count:,} {reason}" for reason, count in reasons.items() if count]
        return f"{sum(reasons.values()):,} left out: {', '.join(told)}" if told else ""


async def volume_rows(
    client: Client, volume: str, prefix: str, selection: Selection, count: Count
) -> AsyncIterator[Row]:
    """Yield a row for each object of a volume that is taken; patterns see its path as `volume_items` does."""
    start = prefix.rfind("/") + 1
    async for one in client.list_volume(volume, prefix=prefix, recursive=True):
        if isinstance(one, VolumeFolder):
            continue  # a recursive list opens them
        # Imported, such an object would bring the whole folder once more.
        if one.location.endswith("/"):
            count.folders += 1
        elif selection.takes(one.location[start:], one.size):
            count.add(one.size)
            yield _object_row(one)
        else:
            count.excluded += 1


async def project_rows(
    client: Client, project: str | None, parent: str | None, selection: Selection, count: Count
) -> AsyncIterator[Row]:
    """Yield a row for each file of a project, or of a folder, that is taken."""
    async for some in in_hundreds(client.list_files(project=project, parent=parent, recursive=True)):
        for file in await _detailed(client, some):
            path = file.path or file.name
            if file.alias is not None and not count.aliases_listed:
                count.aliases += 1
            elif selection.takes(path, file.size):
                count.add(file.size)
                count.aliases += file.alias is not None
                yield {"file": file.id, "location": path, "size": file.size, "md5": file.md5}
            else:
                count.excluded += 1


def _object_row(one: VolumeObject) -> Row:
    return {"volume": one.volume, "location": one.location, "size": one.size, "md5": one.md5}


async def _detailed(client: Client, files: Sequence[FileDetails]) -> list[FileDetails]:
    """Return files with what the list did not tell of them: whether they are aliases, and their size.

    What was deleted since it was listed is not there, as if it had never been shown.
    """
    terse = [file.id for file in files if file.size is None and file.alias is None]
    told = dict(zip(terse, [one async for one in client.get_files(terse)], strict=True))
    merged = (_merged(file, told.get(file.id)) for file in files)
    return [file for file in merged if file is not None]


def _merged(file: FileDetails, told: FileDetails | ErrorRecord | None) -> FileDetails | None:
    match told:
        case None:
            return file
        case FileDetails():
            return evolve(told, path=file.path)
        case ErrorRecord(status=404):
            return None
        case _:
            raise WorkListError([f"{file.path}: the platform lists it and does not tell more of it: {told}"])
