"""Work lists that are read off the platform itself: what a volume or a project holds just now."""

from sbtransfer.sources.project_items import ProjectItems
from sbtransfer.sources.selection import Selection
from sbtransfer.sources.source import Found, LiveSource, PagedSource, Remainder, Source
from sbtransfer.sources.volume_items import VolumeItems

__all__ = [
    "Found",
    "LiveSource",
    "PagedSource",
    "ProjectItems",
    "Remainder",
    "Selection",
    "Source",
    "VolumeItems",
]
