"""DRS imports in doubt: what a name in the destination tells, and what it does not."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from sbtransfer.errors import NoAnswerError
from sbtransfer.http.api import API
from sbtransfer.http.caller import Caller
from sbtransfer.http.credentials import Credentials
from sbtransfer.items import DRSImport
from sbtransfer.journal.journal import Sent
from sbtransfer.models import Entry, OutcomeState
from sbtransfer.operations.name_search import NameSearch
from sbtransfer.operations.operation import Doubt
from sbtransfer.operations.search import Found
from sbtransfer.resources import FileDetails
from sbtransfer.simulator.clock import run
from sbtransfer.wire import Page
from tests.support import ScriptedTransport, a_drs, reply

SENT = Sent(call=1, kind="drs", begun=0.0, submitted_on=datetime(2023, 11, 14, tzinfo=UTC), attempts=2)
OLD = "a file of that name is there, which may be the old one"
NOTHING = "nothing on the platform tells whether it was done"


def doubts(*items: DRSImport) -> list[Doubt]:
    return [Doubt(Entry(index, item, attempts=1), SENT, "hung up") for index, item in enumerate(items)]


def file(file_id: str, name: str) -> FileDetails:
    return FileDetails(file_id, name)


def folder(file_id: str, name: str) -> FileDetails:
    return FileDetails(file_id, name, is_folder=True)


class Files:
    """The files of a platform by project or parent, on pages of two."""

    def __init__(self, homes: dict[str, list[FileDetails]]) -> None:
        self.homes = homes
        self.log: list[tuple[str | None, str | None, int]] = []

    async def page(self, offset: int, project: str | None, parent: str | None) -> Page[FileDetails]:
        self.log.append((project, parent, offset))
        files = self.homes.get(project or parent or "", [])
        shown = tuple(files[offset : offset + 2])
        return Page(shown, len(shown), len(files), offset + 2 >= len(files))

    async def none(self, offset: int, project: str | None, parent: str | None) -> Page[FileDetails]:
        raise AssertionError("nothing may be asked")


class Alone:
    """Nothing else goes on, and nobody asks."""

    async def known(self, job_ids: Any) -> set[str]:
        raise AssertionError("DRS has no list of jobs")

    async def rivals(self) -> list[Entry]:
        raise AssertionError("DRS has no list of jobs")


def look(wanted: Sequence[Doubt], *, resend: bool = False, **homes: list[FileDetails]) -> tuple[Found, Files]:
    files = Files({name.replace("_", "/"): some for name, some in homes.items()})
    return run(NameSearch(files.page, resend).find(wanted, Alone())), files


def test_under_skip_a_name_that_is_there_is_as_good_as_done() -> None:
    wanted = doubts(a_drs(name="b"), a_drs("drs://a/2", name="c"))
    found, _ = look(wanted, rosa_study=[file("f1", "a"), file("f2", "b")])
    (outcome,) = found.made.outcomes
    assert (outcome.index, outcome.item, outcome.state) == (0, wanted[0].entry.item, OutcomeState.COMPLETED)
    assert (outcome.file_id, outcome.job_id, outcome.attempts) == ("f2", None, 3)
    assert outcome.submitted_on == SENT.submitted_on
    assert indexes(found.absent) == [1]
    assert found.unclear == []


def indexes(some: Sequence[Doubt]) -> list[int]:
    return [one.entry.index for one in some]


@pytest.mark.parametrize("resend", [False, True])
def test_under_overwrite_a_name_may_be_the_old_files(resend: bool) -> None:
    wanted = doubts(*(a_drs(f"drs://a/{name}", name=name, conflict_resolution="OVERWRITE") for name in "ab"))
    found, _ = look(wanted, resend=resend, rosa_study=[file("f1", "a")])
    assert found.made.outcomes == []
    assert indexes(found.absent) == ([0, 1] if resend else [1])
    assert found.unclear == ([] if resend else [(wanted[0], OLD)])


@pytest.mark.parametrize("resend", [False, True])
@pytest.mark.parametrize("item", [a_drs(), a_drs(name="a", conflict_resolution="RENAME")])
def test_of_unnamed_and_renamed_items_nothing_tells(item: DRSImport, resend: bool) -> None:
    wanted = doubts(item)
    found = run(NameSearch(Files({}).none, resend).find(wanted, Alone()))
    assert found == (Found(absent=wanted) if resend else Found(unclear=[(wanted[0], NOTHING)]))


def test_resending_is_for_what_nothing_tells_alone() -> None:
    found, _ = look(doubts(a_drs(name="a")), resend=True, rosa_study=[file("f1", "a")])
    assert [one.file_id for one in found.made.outcomes] == ["f1"]
    assert found.absent == []


def test_each_destination_is_read_once_and_to_its_end() -> None:
    homes: list[dict[str, Any]] = [{}, {"project": None, "parent": "f0"}]
    items = [a_drs(name=name, **home) for home in homes for name in "ae"]
    found, files = look(
        doubts(*items), rosa_study=[file(f"p{name}", name) for name in "abcde"], f0=[file("qa", "a")]
    )
    assert [(one.index, one.file_id) for one in found.made.outcomes] == [(0, "pa"), (1, "pe"), (2, "qa")]
    assert indexes(found.absent) == [3]
    assert files.log == [
        ("rosa/study", None, 0),
        ("rosa/study", None, 2),
        ("rosa/study", None, 4),
        (None, "f0", 0),
    ]


def test_a_name_may_lead_through_folders() -> None:
    names = ["one/a", "one/b", "one/two/c", "one/two/d", "none/a", "plain/a", "x/y"]
    found, files = look(
        doubts(*(a_drs(name=name) for name in names)),
        rosa_study=[folder("f1", "one"), file("f3", "plain"), file("fxy", "x/y")],
        f1=[file("fa", "a"), folder("f2", "two")],
        f2=[file("fc", "c")],
        f3=[file("wrong", "a")],
    )
    there = {names[one.index]: one.file_id for one in found.made.outcomes}
    assert there == {"one/a": "fa", "one/two/c": "fc", "x/y": "fxy"}
    assert [names[index] for index in indexes(found.absent)] == [
        "one/b",
        "one/two/d",
        "none/a",
        "plain/a",
    ]
    assert [home for *home, offset in files.log if not offset] == [
        ["rosa/study", None],
        [None, "f1"],
        [None, "f2"],
    ]


def test_absence_is_certain_at_the_first_look() -> None:
    wanted = doubts(a_drs(), a_drs())
    search = NameSearch(Files({}).none)
    assert search.looks == 1
    assert run(search.confirm_absence(wanted)) == Found(absent=wanted)


def test_trouble_with_the_list_is_raised() -> None:
    async def list_(offset: int, project: str | None, parent: str | None) -> Page[FileDetails]:
        raise NoAnswerError("hung up")

    with pytest.raises(NoAnswerError):
        run(NameSearch(list_).find(doubts(a_drs(name="a")), Alone()))


@pytest.mark.parametrize("resend", [False, True])
def test_the_platforms_files_are_asked_for(resend: bool) -> None:
    answer = {"items": [{"id": "f1", "name": "a"}], "links": []}

    async def main() -> None:
        transport = ScriptedTransport([reply(200, answer, X_Total_Matching_Query="1")])
        caller = Caller("https://api.example.org/v2", transport, Credentials("token"))
        search = NameSearch.of(API(caller), resend=resend)
        assert search.resend == resend
        found = await search.find(doubts(a_drs(name="a")), Alone())
        assert [one.file_id for one in found.made.outcomes] == ["f1"]
        assert ("project", "rosa/study") in transport.sent[0][1].query

    run(main())
