from pathlib import Path

import pytest

from sbtransfer.errors import WorkListError
from sbtransfer.worklist import WorkList
from sbtransfer.worklist.places import Place, Problem
from sbtransfer.worklist.rows import Placed
from sbtransfer.worklist.survey import KEPT, Names, survey
from tests.support import a_drs, an_export, an_import


def test_a_survey_counts_all_that_it_saw() -> None:
    found: list[Placed | Problem] = [
        Placed(Place("list", 1), an_import("a/1.gz", size=10)),
        Problem(Place("list", 2), "bad"),
        Placed(Place("list", 3), an_import("a/2.gz", project=None, parent="f0", size=32)),
        Placed(Place("list", 4), an_import("a/3.gz", volume="rosa/other")),
    ]
    seen = survey(found, "import", "list", 20)
    assert (seen.check.items, seen.check.total_problems, seen.calls) == (3, 1, 1)
    assert (seen.size, seen.sized) == (42, 2)
    places = seen.places
    assert [*places.projects] == ["rosa/study"]
    assert [*places.parents] == ["f0"]
    assert [*places.volumes] == ["rosa/input", "rosa/other"]
    assert [*places.files] == []
    assert seen.traps == ()


def test_exports_name_their_files() -> None:
    seen = survey([Placed(Place("list", n), an_export(str(n))) for n in range(3)], "export", "list", 20)
    assert [*seen.places.files] == ["0", "1", "2"]
    assert [*seen.places.projects] == []


def test_drs_items_show_their_names_one_by_one() -> None:
    items = [a_drs("drs://x/1", name="a/b.bam"), a_drs("drs://x/2"), a_drs("drs://x/3")]
    seen = survey([Placed(Place("list", n), item) for n, item in enumerate(items)], "drs", "list", 20)
    assert [(trap.name, trap.items) for trap in seen.traps] == [("names_with_path", 1), ("unnamed", 2)]
    assert seen.traps[0].examples == ("'a/b.bam': list, line 0",)
    assert seen.stops == ()


def test_few_names_are_kept() -> None:
    names = Names()
    for n in (*range(KEPT), 0, 1):
        names.add(str(n))
    names.add(None)
    assert (len([*names]), names.more) == (KEPT, False)
    names.add("one more")
    assert (len([*names]), names.more) == (KEPT, True)


def test_a_list_that_cannot_be_read_to_its_end_has_no_survey(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('[{"volume": "a/b", "location": "x.gz", "project": "a/p"}, ')
    with pytest.raises(WorkListError, match="cut short"):
        WorkList(tmp_path / "list.json", "import").survey()


def test_a_real_list_has_no_traps(real_list: Path) -> None:
    seen = WorkList(real_list, "drs", defaults={"project": "rosa/study"}).survey()
    assert seen.check.items == seen.sized == 885
    assert seen.calls == 9
    assert seen.size > 10**9
