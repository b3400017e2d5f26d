"""After a transfer: what arrived, compared with what the list promised.

Nothing is read but what the platform tells of files and objects; their bytes are not. What neither the list
nor the platform tells cannot be compared, and is named as such.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Literal, TypeAlias

from attrs import Factory, define, frozen

from sbtransfer.errors import APIError
from sbtransfer.http.api import API
from sbtransfer.items import DRSImport, VolumeExport, VolumeImport
from sbtransfer.models import ErrorRecord, Outcome
from sbtransfer.resources import FileDetails, VolumeObject
from sbtransfer.sources.details import details_by_id, in_hundreds

Aspect: TypeAlias = Literal["file", "name", "place", "size", "md5"]

_NUMBERED = re.compile(r"_[0-9]+_")


@frozen(kw_only=True)
class Verified:
    """What the comparison of one item showed.

    `agrees` are the aspects that were compared and agree: `file` (it is there), `name`, `place` (its project
    or folder, or the location on its volume), `size` and `md5`. `differs` and `unchecked` say, for the other
    aspects, what is different and why nothing could be compared. An item that was not completed has none.
    """

    outcome: Outcome
    agrees: tuple[Aspect, ...] = ()
    differs: dict[Aspect, str] = Factory(dict)
    unchecked: dict[Aspect, str] = Factory(dict)

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return not self.differs


async def verify(api: API, outcomes: Iterable[Outcome] | AsyncIterable[Outcome]) -> AsyncIterator[Verified]:
    """Yield what a comparison shows of each outcome, in their order; files are read 100 at a time."""
    async for some in in_hundreds(outcomes):
        wanted = {number: file_id for number, one in enumerate(some) if (file_id := _file_of(one))}
        told = await details_by_id(api, list(wanted.values())) if wanted else []
        files = dict(zip(wanted, told, strict=True))
        for number, outcome in enumerate(some):
            yield compared(outcome, files.get(number) or await _copy(api, outcome))


def _file_of(outcome: Outcome) -> str | None:
    """Return the id of the file that tells how an item ended; a copy on a volume has none."""
    item = outcome.item
    if not outcome.ok:
        return None
    if isinstance(item, VolumeExport):
        return None if item.copy_only else item.file
    return outcome.file_id


async def _copy(api: API, outcome: Outcome) -> VolumeObject | ErrorRecord | None:
    """Return the object that an export with `copy_only` made; each takes a request of its own."""
    item = outcome.item
    if not (outcome.ok and isinstance(item, VolumeExport) and item.copy_only):
        return None
    try:
        return await api.get_object(item.volume, item.location)
    except APIError as error:
        if error.status != 404:
            raise
        return ErrorRecord.of(error)


def compared(outcome: Outcome, found: FileDetails | VolumeObject | ErrorRecord | None) -> Verified:
    """Compare one item with what the platform tells of it, `None` where there is nothing to ask about."""
    if not outcome.ok:
        return Verified(outcome=outcome)
    if found is None:
        return Verified(outcome=outcome, unchecked={"file": "the job did not name its file"})
    if isinstance(found, ErrorRecord):
        return Verified(outcome=outcome, differs={"file": f"it is not there: {found}"})
    findings = _Findings()
    _compare(findings, outcome, found)
    return Verified(
        outcome=outcome,
        agrees=tuple(findings.agrees),
        differs=findings.differs,
        unchecked=findings.unchecked,
    )


@define
class _Findings:
    """What the aspects of one item came to so far."""

    agrees: list[Aspect] = Factory(list)
    differs: dict[Aspect, str] = Factory(dict)
    unchecked: dict[Aspect, str] = Factory(dict)

    def compare(self, aspect: Aspect, promised: object, found: object) -> None:
        """Compare two values, `None` being none."""
        if promised is None:
            self.unchecked[aspect] = "the list does not tell"
        elif found is None:
            self.unchecked[aspect] = "the platform does not tell"
        else:
            self.require(aspect, promised == found, f"{_said(found)} instead of {_said(promised)}")

    def require(self, aspect: Aspect, agrees: bool, otherwise: str) -> None:
        """Note that an aspect agrees, or else how it differs."""
        if agrees:
            self.agrees.append(aspect)
        else:
            self.differs[aspect] = otherwise


def _compare(findings: _Findings, outcome: Outcome, found: FileDetails | VolumeObject) -> None:
    findings.agrees.append("file")
    item = outcome.item
    if isinstance(found, VolumeObject):
        findings.agrees.append("place")
    elif isinstance(item, VolumeExport):
        _compare_alias(findings, item, found)
    else:
        _compare_name(findings, item, found)
        _compare_place(findings, item, found)
    if isinstance(found, FileDetails) and found.is_folder:
        findings.unchecked["size"] = findings.unchecked["md5"] = "it is a folder"
        return
    findings.compare("size", item.size, found.size)
    findings.compare("md5", item.md5, found.md5 and found.md5.lower())


def _compare_alias(findings: _Findings, item: VolumeExport, found: FileDetails) -> None:
    there = (item.volume, item.location.strip("/"))
    where = found.alias and (found.alias[0], found.alias[1].strip("/"))
    otherwise = f"on {' '.join(where)}" if where else "the platform still holds it"
    findings.require("place", where == there, f"{otherwise}, not on {' '.join(there)}")


def _compare_name(findings: _Findings, item: VolumeImport | DRSImport, found: FileDetails) -> None:
    names = list(_names_of(item))
    if not names:
        findings.unchecked["name"] = "the list does not tell"
        return
    numbered = item.autorename if isinstance(item, VolumeImport) else item.conflict_resolution == "RENAME"
    agrees = found.name in names or bool(numbered and _NUMBERED.sub("", found.name, count=1) in names)
    findings.require("name", agrees, f"{found.name!r} instead of {names[0]!r}")


def _names_of(item: VolumeImport | DRSImport) -> Iterator[str]:
    """Yield the names that an item's file may have; a path that was asked for becomes folders, or stays."""
    if item.name is not None:
        yield item.name.rpartition("/")[2]
        yield item.name
    elif isinstance(item, VolumeImport):
        yield item.file_name


def _compare_place(findings: _Findings, item: VolumeImport | DRSImport, found: FileDetails) -> None:
    if item.project is not None:
        findings.compare("place", item.project, found.project)
    elif "/" in (item.name or ""):
        findings.unchecked["place"] = "it is in a folder of the folder"
    else:
        findings.compare("place", item.parent, found.parent)


def _said(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
