"""Imports and exports in doubt: looked for in the job list, and exports in their files as well."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from sbtransfer.errors import NoAnswerError, UnreadableAnswerError
from sbtransfer.http.api import API
from sbtransfer.http.caller import Caller
from sbtransfer.http.credentials import Credentials
from sbtransfer.items import Item, VolumeExport
from sbtransfer.journal.journal import Sent
from sbtransfer.models import Entry, ErrorRecord, Job, OutcomeState
from sbtransfer.operations.job_search import JobSearch
from sbtransfer.operations.operation import Doubt
from sbtransfer.operations.search import Found
from sbtransfer.resources import FileDetails
from sbtransfer.simulator.clock import run
from sbtransfer.wire import FileRecord, Page, export_echo, import_echo
from tests.support import ScriptedTransport, an_export, an_import, reply

BEGUN = 1_700_000_000.0
SUBMITTED = datetime(2023, 11, 14, tzinfo=UTC)


def doubts(*items: Item, begun: float = BEGUN, attempts: int = 1) -> list[Doubt]:
    sent = Sent(call=1, kind=items[0].kind, begun=begun, submitted_on=SUBMITTED, attempts=attempts)
    return [Doubt(Entry(index, item, attempts=1), sent, "hung up") for index, item in enumerate(items)]


def job(job_id: str, item: Any, start: float | None = 1.0, state: str = "RUNNING", **fields: Any) -> Job:
    """A job in an item's words that started so many seconds after the call."""
    started = None if start is None else datetime.fromtimestamp(BEGUN + start, UTC)
    echo = export_echo(item) if isinstance(item, VolumeExport) else import_echo(item)
    return Job(job_id, state, echo, started_on=started, **fields)


class Desk:
    """What goes on beside the search, and a platform with a list of jobs and files."""

    def __init__(self, *jobs: Job, known: Collection[str] = (), rivals: Sequence[Item] = ()) -> None:
        self.jobs = jobs
        self._known = known
        self._rivals = rivals
        self.files: dict[str, FileRecord] = {}
        self.log: list[object] = []

    async def known(self, job_ids: Collection[str]) -> set[str]:
        self.log.append(("known", sorted(job_ids)))
        return set(self._known).intersection(job_ids)

    async def rivals(self) -> list[Entry]:
        self.log.append("rivals")
        return [Entry(100 + index, item) for index, item in enumerate(self._rivals)]

    async def page(self, offset: int, volume: str | None) -> Page[Job]:
        self.log.append(("list", offset, volume))
        shown = self.jobs[offset : offset + 100]
        return Page(shown, len(shown), len(self.jobs), offset + 100 >= len(self.jobs))

    async def get_files(self, ids: Sequence[str]) -> list[FileRecord]:
        self.log.append(("files", len(ids)))
        return [self.files[one] for one in ids]


def look(desk: Desk, wanted: Sequence[Doubt]) -> Found:
    echo: Callable[[Any], Any] = import_echo if wanted[0].sent.kind == "import" else export_echo
    return run(JobSearch(desk.page, desk.get_files, echo).find(wanted, desk))


def followed(found: Found) -> dict[int, str]:
    return {one.entries[0].index: one.job_id for one in found.made.pending}


def indexes(some: Sequence[Doubt]) -> list[int]:
    return [one.entry.index for one in some]


# Looking --------------------------------------------------------------------------------------------------


def test_jobs_in_the_items_words_are_followed_and_the_others_are_absent() -> None:
    first, second, third = an_import("a"), an_import("b"), an_import("c")
    wanted = doubts(first, second, third)
    found = look(Desk(job("jb", second), job("ja", first)), wanted)
    assert followed(found) == {0: "ja", 1: "jb"}
    assert [one.sent for one in found.made.pending] == [wanted[0].sent] * 2
    assert [one.entries for one in found.made.pending] == [(wanted[0].entry,), (wanted[1].entry,)]
    assert indexes(found.absent) == [2]
    assert found.unclear == []


def test_a_job_that_has_ended_is_an_outcome() -> None:
    item = an_export()
    found = look(Desk(job("j", item, state="COMPLETED", file_id="f")), doubts(item))
    (outcome,) = found.made.outcomes
    assert (outcome.state, outcome.job_id, outcome.file_id) == (OutcomeState.COMPLETED, "j", "f")
    assert (outcome.attempts, outcome.submitted_on) == (2, SUBMITTED)
    assert found.made.pending == []


def test_a_job_that_is_older_than_its_call_is_not_the_items() -> None:
    item = an_import()
    assert indexes(look(Desk(job("j", item, start=-10)), doubts(item)).absent) == [0]
    assert followed(look(Desk(job("j", item, start=None)), doubts(item))) == {0: "j"}


def test_a_job_that_is_known_is_not_the_items() -> None:
    item = an_import()
    desk = Desk(job("j", item), job("k", an_import("other")), known=["j"])
    assert indexes(look(desk, doubts(item)).absent) == [0]
    # Only what could be mistaken for the item's is asked about.
    assert ("known", ["j"]) in desk.log


def test_where_two_jobs_could_be_the_items_it_is_unclear() -> None:
    item = an_import("x.bam")
    jobs = [job(folder, an_import(f"{folder}/x.bam")) for folder in ("a", "b")]
    ((one, reason),) = look(Desk(*jobs), doubts(item)).unclear
    assert one.entry.index == 0
    assert "more than one pairing" in reason


def test_a_job_that_may_be_a_rivals_is_left_open() -> None:
    item, other = an_import("a"), an_import("b")
    rivals = [an_import("a"), an_import("z")]
    found = look(Desk(job("ja", item), job("jb", other), rivals=rivals), doubts(item, other))
    assert followed(found) == {1: "jb"}
    assert (found.absent, found.unclear) == ([], [])


def test_an_item_without_a_job_is_absent_whatever_its_rivals() -> None:
    item = an_import()
    assert indexes(look(Desk(rivals=[item]), doubts(item)).absent) == [0]


def test_two_jobs_for_what_a_rival_has_too_are_left_open() -> None:
    item = an_import("x.bam")
    jobs = [job(folder, an_import(f"{folder}/x.bam")) for folder in ("a", "b")]
    found = look(Desk(*jobs, rivals=[item]), doubts(item))
    assert found == Found()


def test_who_else_is_about_is_asked_after_the_list_was_read_and_before_the_journal() -> None:
    item = an_import()
    desk = Desk(job("j", item))
    look(desk, doubts(item))
    assert desk.log == [("list", 0, "rosa/input"), "rivals", ("known", ["j"])]


def test_equal_items_take_a_job_each() -> None:
    found = look(Desk(job("a", an_import()), job("b", an_import())), doubts(*[an_import()] * 3))
    assert sorted(followed(found).values()) == ["a", "b"]
    assert len(found.absent) == 1


@pytest.mark.parametrize(
    ("items", "volume"),
    [
        ([an_import("a"), an_import("b")], "rosa/input"),
        ([an_import("a"), an_import("b", volume="rosa/archive")], None),
        ([an_export("a"), an_export("b")], "rosa/output"),
    ],
)
def test_the_list_of_one_volume_is_enough_for_its_items(items: list[Item], volume: str | None) -> None:
    desk = Desk()
    look(desk, doubts(*items))
    assert desk.log[0] == ("list", 0, volume)


def test_the_list_is_read_back_to_the_earliest_call() -> None:
    early, late = an_import("early"), an_import("late")
    others = [job(f"{n}", an_import(f"{n}"), start=500.0 - n) for n in range(1000)]
    others[350] = job("found", early, start=150)
    desk = Desk(*others)
    wanted = [*doubts(early, begun=BEGUN + 149), *doubts(late, begun=BEGUN + 450)]
    assert followed(look(desk, wanted)) == {0: "found"}
    assert [one[1] for one in desk.log if isinstance(one, tuple) and one[0] == "list"] == [
        0,
        100,
        200,
        300,
        400,
    ]


def test_trouble_with_the_list_is_raised() -> None:
    async def main() -> None:
        desk = Desk()

        async def list_(offset: int, volume: str | None) -> Page[Job]:
            raise NoAnswerError("hung up")

        with pytest.raises(NoAnswerError):
            await JobSearch(list_, desk.get_files, import_echo).find(doubts(an_import()), desk)

    run(main())


# The last word --------------------------------------------------------------------------------------------


def last_word(
    wanted: Sequence[Doubt], files: dict[str, FileRecord], *, surplus: int = 0
) -> tuple[Found, Desk]:
    desk = Desk()
    desk.files = files

    async def get(ids: Sequence[str]) -> list[FileRecord]:
        return [*await desk.get_files(ids), *[None] * surplus]

    return run(JobSearch(desk.page, get, export_echo).confirm_absence(wanted)), desk


def file(file_id: str, *alias: str) -> FileDetails:
    return FileDetails(file_id, "a.bam", alias=(alias[0], alias[1]) if alias else None)


@pytest.mark.parametrize("item", [an_import(), an_export(copy_only=True)])
def test_what_destroys_nothing_is_absent_without_another_question(item: Item) -> None:
    wanted = doubts(item, item)
    found, desk = last_word(wanted, {})
    assert found == Found(absent=wanted)
    assert desk.log == []


@pytest.mark.parametrize(
    ("location", "told"),
    [("out/a.bam", "out/a.bam"), ("/out/a.bam", "out/a.bam"), ("out/a.bam", "deep/down/out/a.bam")],
)
def test_a_file_that_is_an_alias_of_the_place_was_exported(location: str, told: str) -> None:
    item = an_export("f1", location=location)
    found, _ = last_word(doubts(item, attempts=2), {"f1": file("f1", "rosa/output", told)})
    (outcome,) = found.made.outcomes
    assert (outcome.index, outcome.item, outcome.state) == (0, item, OutcomeState.COMPLETED)
    assert (outcome.file_id, outcome.job_id) == ("f1", None)
    assert (outcome.attempts, outcome.submitted_on) == (3, SUBMITTED)
    assert found.absent == []


@pytest.mark.parametrize(
    "record",
    [
        file("f1"),
        file("f1", "rosa/output", "out/b.bam"),
        file("f1", "rosa/output", "out/xout/a.bam.bai"),
        file("f1", "rosa/output", "xout/a.bam"),
        file("f1", "rosa/input", "out/a.bam"),
        ErrorRecord(404, 9002, "no such file"),
    ],
)
def test_a_file_that_lies_elsewhere_was_not_exported(record: FileRecord) -> None:
    wanted = doubts(an_export("f1", location="out/a.bam"))
    assert last_word(wanted, {"f1": record})[0] == Found(absent=wanted)


def test_a_file_of_which_nothing_can_be_read_leaves_it_unclear() -> None:
    wanted = doubts(an_export("f1"))
    found, _ = last_word(wanted, {"f1": None})
    assert found == Found(unclear=[(wanted[0], "the platform does not say whether the file is an alias now")])


def test_records_are_known_by_their_ids() -> None:
    wanted = doubts(*(an_export(f"f{n}") for n in range(3)))
    # The first two records changed places, and the error of a file that is not among them came third.
    files: dict[str, FileRecord] = {
        "f0": file("f1", "rosa/output", "out/f1"),
        "f1": file("f0"),
        "f2": file("f9"),
    }
    found, _ = last_word(wanted, files)
    assert [one.index for one in found.made.outcomes] == [1]
    assert indexes(found.absent) == [0]
    assert indexes([one for one, _ in found.unclear]) == [2]


def test_files_are_read_a_hundred_at_a_time() -> None:
    items = [an_export(f"f{n}", copy_only=n % 2 == 1) for n in range(402)]
    wanted = doubts(*items)
    files: dict[str, FileRecord] = {f"f{n}": file(f"f{n}") for n in range(402)}
    found, desk = last_word(wanted, files)
    assert desk.log == [("files", 100), ("files", 100), ("files", 1)]
    assert sorted(indexes(found.absent)) == list(range(402))


@pytest.mark.parametrize("surplus", [1, 5])
def test_another_number_of_records_is_no_answer(surplus: int) -> None:
    with pytest.raises(UnreadableAnswerError, match=f"{1 + surplus} records for 1 files"):
        last_word(doubts(an_export("f1")), {"f1": file("f1")}, surplus=surplus)


# The calls ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "item", "path"),
    [(JobSearch.imports, an_import(), "imports"), (JobSearch.exports, an_export(), "exports")],
)
def test_each_kind_has_its_list(make: Callable[[API], JobSearch], item: Item, path: str) -> None:
    record = {
        "import": {
            "source": {"volume": "rosa/input", "location": "runs/1.fastq.gz"},
            "destination": {"project": "rosa/study", "name": "1.fastq.gz"},
        },
        "export": {
            "source": {"file": "5f1e"},
            "destination": {"volume": "rosa/output", "location": "out/5f1e"},
        },
    }[item.kind]
    answer = {"items": [{"id": "j1", "state": "RUNNING", **record}], "links": []}

    async def main() -> None:
        transport = ScriptedTransport([reply(200, answer, X_Total_Matching_Query="1")])
        search = make(API(Caller("https://api.example.org/v2", transport, Credentials("token"))))
        assert search.looks == 2
        assert followed(await search.find(doubts(item), Desk())) == {0: "j1"}
        assert transport.sent[0][1].url.endswith(f"/storage/{path}")

    run(main())


def test_an_exports_file_is_asked_for() -> None:
    body = {
        "id": "5f1e",
        "name": "a",
        "storage": {"type": "VOLUME", "volume": "rosa/output", "location": "out/5f1e"},
    }

    async def main() -> None:
        transport = ScriptedTransport([reply(200, {"items": [{"resource": body}]})])
        search = JobSearch.exports(API(Caller("https://api.example.org/v2", transport, Credentials("token"))))
        found = await search.confirm_absence(doubts(an_export()))
        assert [one.file_id for one in found.made.outcomes] == ["5f1e"]
        assert transport.sent[0][1].url.endswith("/bulk/files/get")

    run(main())
