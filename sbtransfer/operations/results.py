"""Which record of a DRS result belongs to which item: by place, unless the names of the files forbid it.

Assumption: the result has a record for each item, in their order. A record echoes nothing, but its file has a
name, so the order is checked: each file whose details are known must be one that the item in its place may
have. Errors, unreadable records and files without details prove nothing; among files that agree with their
places they are believed to stand in theirs, and so is a result in which nothing has a name.

Where the order is disproved, places mean nothing. Then an item gets a record only if every way of giving each
item a record that it may have agrees on that record; all that fits none is ambiguous. Where there is no such
way, or there are fewer or more records than items, a file is only given to the one item that may have it, and
an error to none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from sbtransfer.items import DRSImport
from sbtransfer.models import Arrived, ErrorRecord
from sbtransfer.operations.match import Ambiguous
from sbtransfer.resources import FileDetails

Result: TypeAlias = Arrived | ErrorRecord | None
Fate: TypeAlias = Arrived | ErrorRecord | Ambiguous

_HOLE = Ambiguous("the job's result has no readable record for this item")
_RENAMED = re.compile(r"_[0-9]+_")
_SHOWN = 3


def worth_asking(items: Sequence[DRSImport], result: Sequence[Result]) -> bool:
    """Whether the details of the result's files could tell anything about whose they are."""
    alone = len(items) == len(result) == 1
    named = any(item.name is not None for item in items)
    return named and not alone and any(isinstance(record, Arrived) for record in result)


def attribute(
    items: Sequence[DRSImport], result: Sequence[Result], details: Mapping[str, FileDetails]
) -> list[Fate]:
    """Return for each item of a call its file, its error, or why neither is known.

    `details` are those of the result's files, by their ids, as far as they could be read.
    """
    files = [details.get(record.id) if isinstance(record, Arrived) else None for record in result]
    if len(files) == len(items) and _in_order(items, files):
        return [record or _HOLE for record in result]
    unknown = Ambiguous(_what_is_wrong(items, result, files))
    places = _one_each(items, files) or _by_name_alone(items, files)
    return [_common([result[place] for place in mine]) or unknown for mine in places]


# What an item's file may look like -----------------------------------------------------------------------


def _fits(item: DRSImport, file: FileDetails | None) -> bool:
    """Whether a record may be the item's, whose file is `None` if it has none or nothing is known of it."""
    return file is None or (_may_bear(item, file.name) and _may_lie_in(item, file))


def _is_called(item: DRSImport, name: str) -> bool:
    """Whether the item asked for this name; a path that it asked for may be kept whole, or become folders."""
    return item.name is not None and name in (item.name, item.name.rpartition("/")[2])


def _may_bear(item: DRSImport, name: str) -> bool:
    """Whether the item's file may have this name: its own, or under `RENAME` a number before it."""
    if item.name is None or _is_called(item, name):
        return True
    return item.conflict_resolution == "RENAME" and _is_called(item, _RENAMED.sub("", name, count=1))


def _may_lie_in(item: DRSImport, file: FileDetails) -> bool:
    """Whether nothing says that the file lies elsewhere than where the item was to go."""
    if item.project is not None:
        return file.project in (None, item.project)
    return file.parent in (None, item.parent) or "/" in (item.name or "")


# By place ------------------------------------------------------------------------------------------------


def _in_order(items: Sequence[DRSImport], files: Sequence[FileDetails | None]) -> bool:
    pairs = list(zip(items, files, strict=True))
    return all(_fits(item, file) for item, file in pairs) and not any(_strayed(pairs))


def _strayed(pairs: Sequence[tuple[DRSImport, FileDetails | None]]) -> Iterator[FileDetails]:
    """Yield files that would do in their places, but bear the very name of an item that has no such file.

    An item without a name may have any file, and one that was renamed may have got another item's name: with
    an error in that item's place, an exchange is at least as likely as the order.
    """
    lacking = [
        item
        for item, file in pairs
        if item.name is not None and (file is None or not _is_called(item, file.name))
    ]
    for own, file in pairs:
        if file is not None and not _is_called(own, file.name):
            yield from (file for item in lacking if _is_called(item, file.name) and _may_lie_in(item, file))


# By name -------------------------------------------------------------------------------------------------


def _one_each(items: Sequence[DRSImport], files: Sequence[FileDetails | None]) -> list[list[int]]:
    """Return the places of the records that each item may have if every record is some item's.

    Empty if that cannot be.
    """
    if len(files) != len(items):
        return []
    fitting = [[place for place, file in enumerate(files) if _fits(item, file)] for item in items]
    owners: dict[int, int] = {}
    if not all(_give(item, fitting, owners, set()) for item in range(len(items))):
        return []
    takes = [{owners[place] for place in mine} for mine in fitting]
    reach = [_reached(item, takes) for item in range(len(items))]
    # A record may change hands if its owner can be made good for it, by whatever chain of exchanges.
    return [[place for place in mine if item in reach[owners[place]]] for item, mine in enumerate(fitting)]


def _give(item: int, fitting: Sequence[Sequence[int]], owners: dict[int, int], tried: set[int]) -> bool:
    """Find the item a record that fits; those that have one already may have to take another."""
    for place in fitting[item]:
        if place not in tried:
            tried.add(place)
            if place not in owners or _give(owners[place], fitting, owners, tried):
                owners[place] = item
                return True
    return False


def _reached(start: int, steps: Sequence[set[int]]) -> set[int]:
    """Return all that can be reached by any number of steps."""
    reached, left = {start}, [start]
    while left:
        new = steps[left.pop()] - reached
        reached |= new
        left += new
    return reached


def _by_name_alone(items: Sequence[DRSImport], files: Sequence[FileDetails | None]) -> list[list[int]]:
    """Return the place of each item's file where only one file may be the item's, and no other item's."""
    known = {file.id: (place, file) for place, file in enumerate(files) if file is not None}
    wooers = {
        place: [number for number, item in enumerate(items) if _fits(item, file)]
        for place, file in known.values()
    }
    fitting = [[place for place in wooers if number in wooers[place]] for number in range(len(items))]
    return [mine if len(mine) == 1 and len(wooers[mine[0]]) == 1 else [] for mine in fitting]


# What is said of an item ---------------------------------------------------------------------------------


def _common(records: Sequence[Result]) -> Fate | None:
    """Return what the records that may be an item's agree on, `None` if that is nothing."""
    errors = [record for record in records if isinstance(record, ErrorRecord)]
    if not records:
        return None
    if all(record == records[0] for record in records):
        return records[0] or _HOLE
    return _one_of(errors) if len(errors) == len(records) else None


def _one_of(errors: Sequence[ErrorRecord]) -> ErrorRecord:
    """Say of an item that failed that its error is one of several; of the rest, what all of them share."""
    first = errors[0]
    words = list(dict.fromkeys(map(str, errors)))
    more = "; …" if len(words) > _SHOWN else ""
    return ErrorRecord(
        status=first.status if all(error.status == first.status for error in errors) else None,
        code=first.code if all(error.code == first.code for error in errors) else None,
        message=f"one of these, which the job does not give in its items' order: "
        f"{'; '.join(words[:_SHOWN])}{more}",
    )


def _what_is_wrong(
    items: Sequence[DRSImport], result: Sequence[Result], files: Sequence[FileDetails | None]
) -> str:
    errors = [record for record in result if isinstance(record, ErrorRecord)]
    shown = f"; it also holds {len(errors)} errors, the first: {errors[0]}" if errors else ""
    if len(result) != len(items):
        return f"the job's result has {len(result)} records for {len(items)} items{shown}"
    return f"the job's result is not in the order of the items: {_misplaced(items, files)}{shown}"


def _misplaced(items: Sequence[DRSImport], files: Sequence[FileDetails | None]) -> str:
    pairs = list(zip(items, files, strict=True))
    wrong = [(item, file) for item, file in pairs if file is not None and not _fits(item, file)]
    odd = [(item, file) for item, file in pairs if file is not None and not _is_called(item, file.name)]
    item, file = (wrong or odd)[0]
    whose = "an item without a name" if item.name is None else repr(item.name)
    return f"the file {file.name!r} (id {file.id}) stands in the place of {whose}"
