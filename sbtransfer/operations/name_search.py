"""What became of DRS imports in doubt: no call lists their jobs, so their files are looked for by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Collection, Sequence
from typing import Any, ClassVar, Protocol, TypeAlias

from attrs import frozen

from sbtransfer.http.api import API
from sbtransfer.http.paging import entries
from sbtransfer.items import DRSImport
from sbtransfer.models import Outcome, OutcomeState
from sbtransfer.operations.operation import Doubt
from sbtransfer.operations.search import Beside, Found
from sbtransfer.resources import FileDetails
from sbtransfer.wire import Page

_Home: TypeAlias = tuple[str | None, str | None]


class _List(Protocol):
    def __call__(
        self, offset: int, project: str | None, parent: str | None
    ) -> Awaitable[Page[FileDetails]]: ...


@frozen
class NameSearch:
    """Looks in the destinations for the items' names.

    Under SKIP a name that is there is as good as done: sent again, the item would be skipped for that very
    file. Under OVERWRITE it may be the old file, under RENAME any name may be taken for another reason, and
    of an unnamed item nothing can be found: these stay unclear, unless `resend` allows to send them again.
    """

    _list: _List
    resend: bool = False
    looks: ClassVar[int] = 1

    @classmethod
    def of(cls, api: API, *, resend: bool) -> NameSearch:
        """The search for DRS imports."""
        return cls(api.list_files, resend)

    async def find(self, doubts: Sequence[Doubt], beside: Beside) -> Found:  # noqa: ARG002
        """Look for names where a name can tell."""
        found, homes = Found(), defaultdict[_Home, list[tuple[Doubt, DRSImport, str]]](list)
        for doubt in doubts:
            item: Any = doubt.entry.item
            if item.name is None or item.conflict_resolution == "RENAME":
                self._leave_open(found, doubt, "nothing on the platform tells whether it was done")
            else:
                homes[item.project, item.parent].append((doubt, item, item.name))
        for home, named in homes.items():
            files = await self._files(home, {name for _, _, name in named})
            for doubt, item, name in named:
                if name not in files:
                    found.absent.append(doubt)
                elif item.conflict_resolution == "SKIP":
                    found.made.outcomes.append(_there(doubt, files[name]))
                else:
                    self._leave_open(found, doubt, "a file of that name is there, which may be the old one")
        return found

    def _leave_open(self, found: Found, doubt: Doubt, reason: str) -> None:
        if self.resend:
            found.absent.append(doubt)
        else:
            found.unclear.append((doubt, reason))

    async def confirm_absence(self, doubts: Sequence[Doubt]) -> Found:
        """Take their absence for certain: nothing is destroyed by bringing a file in."""
        return Found(absent=list(doubts))

    async def _files(self, home: _Home, names: Collection[str]) -> dict[str, str]:
        """Return the files' ids by name; a name may be a path that leads through folders."""
        there = await self._within(home)
        found = {name: there[name].id for name in names if name in there}
        folders = defaultdict[str, set[str]](set)
        for name in set(names) - set(found):
            folder, _, rest = name.partition("/")
            if rest and folder in there and there[folder].is_folder:
                folders[folder].add(rest)
        for folder, rests in folders.items():
            inner = await self._files((None, there[folder].id), rests)
            found |= {f"{folder}/{rest}": file_id for rest, file_id in inner.items()}
        return found

    async def _within(self, home: _Home) -> dict[str, FileDetails]:
        return {file.name: file async for file in entries(lambda offset: self._list(offset, *home))}


def _there(doubt: Doubt, file_id: str) -> Outcome:
    return Outcome(
        index=doubt.entry.index,
        item=doubt.entry.item,
        state=OutcomeState.COMPLETED,
        file_id=file_id,
        attempts=doubt.sent.attempts + doubt.entry.attempts,
        submitted_on=doubt.sent.submitted_on,
    )
