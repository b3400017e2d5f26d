"""What became of a list: the outcomes of a journal against what the platform really did. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from attrs import define, field, frozen

from sbtransfer import DRSImport, Item, Outcome, OutcomeState, VolumeExport, VolumeImport
from sbtransfer.simulator import Platform
from sbtransfer.simulator.drs import DRSJob

Words: TypeAlias = tuple[str, ...]
"""A kind, and what was asked for, as `Platform.created` names it."""

KINDS: tuple[Literal["imports", "exports", "drs"], ...] = ("imports", "exports", "drs")


@define
class Verdict:
    """How many items went wrong, and in what way; `complaints` has a line for each.

    `lost` items have no outcome, or are told to be completed and are not. `twice` counts what was created
    once more than asked for. `wrong` outcomes tell of another item's job or file, or of a failure that was
    none. `unconfirmed` and `failed` are honest answers, and no complaints.
    """

    lost: int = 0
    twice: int = 0
    wrong: int = 0
    unconfirmed: int = 0
    failed: int = 0
    complaints: list[str] = field(factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is to be complained of."""
        return not self.complaints


def judge(items: Sequence[Item], outcomes: Iterable[Outcome], platform: Platform) -> Verdict:
    """Compare the outcomes with what the platform did, once nothing is under way there any more."""
    verdict, known, facts = Verdict(), Counter[int](), _Facts.of(platform)
    for outcome in outcomes:
        known[outcome.index] += 1
        verdict.failed += outcome.state is OutcomeState.FAILED
        verdict.unconfirmed += outcome.state is OutcomeState.UNCONFIRMED
        if not 0 <= outcome.index < len(items):
            verdict.wrong += 1
            verdict.complaints.append(f"no item has the index of {outcome}")
        else:
            _compare(verdict, items[outcome.index], outcome, facts)
    _count(verdict, items, known)
    _count_created(verdict, items, facts)
    return verdict


@frozen
class _Facts:
    """What the platform holds: how often each thing was created, and which were done well."""

    platform: Platform
    created: Mapping[Words, int]
    done: frozenset[Words]

    @classmethod
    def of(cls, platform: Platform) -> _Facts:
        created = Counter((kind, *one) for kind in KINDS for one in platform.created(kind))
        return cls(platform, created, frozenset(_done(platform)))


def _done(platform: Platform) -> Iterator[Words]:
    for job in platform.jobs.values():
        if isinstance(job, DRSJob):
            yield from (("drs", *file.item) for file in job.files if file.created and file.error is None)
        elif job.failure is None:
            yield (job.kind, *job.item)


def words(item: Item) -> Words:
    """Return an item in the platform's words."""
    if isinstance(item, VolumeExport):
        return ("exports", item.file, item.volume, item.location)
    home = item.project or item.parent or ""
    if isinstance(item, VolumeImport):
        return ("imports", item.volume, item.location, home, item.name or _last(item.location))
    return ("drs", item.drs_uri, home, item.name or _last(item.drs_uri))


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _compare(verdict: Verdict, item: Item, outcome: Outcome, facts: _Facts) -> None:
    if outcome.ok and words(item) not in facts.done:
        verdict.lost += 1
        verdict.complaints.append(f"lost: {outcome}")
    elif trouble := _trouble(item, outcome, facts):
        verdict.wrong += 1
        verdict.complaints.append(f"wrong, {trouble}: {outcome}")


def _trouble(item: Item, outcome: Outcome, facts: _Facts) -> str | None:
    """Return what is untrue about an outcome."""
    if outcome.item != item:
        return "the outcome is of another item"
    if outcome.job_id is not None and words(item) not in _asked_for(facts.platform, outcome.job_id):
        return "the job is another item's"
    if outcome.ok and not _is_its_file(item, outcome.file_id, facts.platform):
        return "the file is another item's"
    if outcome.state is OutcomeState.FAILED:
        if words(item) in facts.done:
            return "it was done"
        if not _is_doomed(item):
            return "nothing was wrong with it"
    return None


def _asked_for(platform: Platform, job_id: str) -> set[Words]:
    job = platform.jobs.get(job_id)
    if isinstance(job, DRSJob):
        return {("drs", *file.item) for file in job.files}
    return set() if job is None else {(job.kind, *job.item)}


def _is_its_file(item: Item, file_id: str | None, platform: Platform) -> bool:
    if isinstance(item, VolumeExport):
        return file_id in (None, item.file)
    file = platform.world.files.get(file_id or "")
    return file is not None and (file.home or "", file.name) == words(item)[-2:]


def _is_doomed(item: Item) -> bool:
    """Whether the item names what does not exist, by the simulator's convention."""
    match item:
        case VolumeImport():
            source = item.location
        case VolumeExport():
            source = item.file
        case DRSImport():
            source = item.drs_uri
    return "missing" in source.split("/")


def _count(verdict: Verdict, items: Sequence[Item], known: Counter[int]) -> None:
    for index, item in enumerate(items):
        if not known[index]:
            verdict.lost += 1
            verdict.complaints.append(f"lost: item {index} has no outcome: {item}")
        elif known[index] > 1:
            verdict.wrong += 1
            verdict.complaints.append(f"wrong: item {index} has {known[index]} outcomes: {item}")


def _count_created(verdict: Verdict, items: Sequence[Item], facts: _Facts) -> None:
    wanted = Counter(map(words, items))
    for one, times in facts.created.items():
        if times > max(wanted[one], 1):
            verdict.twice += times - max(wanted[one], 1)
            verdict.complaints.append(f"twice: created {times} times: {one}")
        if not wanted[one]:
            verdict.wrong += 1
            verdict.complaints.append(f"wrong: nobody asked for {one}")
