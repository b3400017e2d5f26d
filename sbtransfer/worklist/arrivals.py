"""Where an item arrives and what it takes away, as far as its list tells."""

from __future__ import annotations

from typing import Literal, TypeAlias

from sbtransfer.items import DRSImport, Item, VolumeExport, VolumeImport

Fate: TypeAlias = Literal["fail", "overwrite", "skip"]


def place_of(item: Item) -> tuple[str, str] | None:
    """Return the project, folder or volume that an item arrives in, and its name there.

    `None` where the name is not known, or where the platform gives another if that one is taken.
    """
    match item:
        case VolumeExport():
            return item.volume, item.location.strip("/")
        case VolumeImport():
            return None if item.autorename else (item.project or item.parent or "", item.file_name)
        case DRSImport():
            renamed = item.conflict_resolution == "RENAME"
            return None if item.name is None or renamed else (item.project or item.parent or "", item.name)


def fate_of(item: Item) -> Fate:
    """Return what becomes of an item whose place is taken, or of what had taken it."""
    if isinstance(item, DRSImport):
        return "overwrite" if item.conflict_resolution == "OVERWRITE" else "skip"
    return "overwrite" if item.overwrite else "fail"


def errand_of(item: Item) -> tuple[str | None, ...]:
    """Return what two items have in common that bring the same to the same place."""
    match item:
        case VolumeExport():
            return item.file, item.volume, item.location
        case VolumeImport():
            return item.volume, item.location, item.project, item.parent, item.name
        case DRSImport():
            return item.drs_uri, item.project, item.parent, item.name


def spent_by(item: Item) -> str | None:
    """Return the file that is an alias once the item is done, so that it cannot be exported again."""
    return item.file if isinstance(item, VolumeExport) and not item.copy_only else None


def folder_of(item: VolumeImport) -> str | None:
    """Return the folder on its volume that an import lies in, by its path; `None` where there is none."""
    folder = item.location.rstrip("/").rpartition("/")[0]
    return f"{item.volume} {folder}" if folder else None


def suspect(item: VolumeImport) -> str | None:
    """Return the location of an import, with its volume, that may be a folder's: its name has no ending."""
    name = item.location.rpartition("/")[2]
    return f"{item.volume} {item.location}" if name and "." not in name else None


def makes_folders(item: Item) -> bool:
    """Whether the name of an item is a path, whose folders are made."""
    return isinstance(item, DRSImport) and "/" in (item.name or "")


def is_unnamed(item: Item) -> bool:
    """Whether only the platform knows what name an item gets."""
    return isinstance(item, DRSImport) and item.name is None
