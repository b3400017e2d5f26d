import pytest

from sbtransfer.models import ErrorRecord, Job
from sbtransfer.operations.match import Ambiguous, Match, match
from sbtransfer.wire import Echo, Record, import_echo
from tests.support import an_import

A, B, C = (import_echo(an_import(f"runs/{name}.bam")) for name in "abc")
NO_ACCESS, NO_FILE = ErrorRecord(403, 9100, "no access"), ErrorRecord(404, 9002, "no such file")


def job(echo: Echo, number: int = 1) -> Job:
    return Job(f"{echo} {number}", "PENDING", echo)


JOB_A, JOB_B, JOB_C = job(A), job(B), job(C)


def reasons(matches: list[Match]) -> list[str | None]:
    return [one.reason if isinstance(one, Ambiguous) else None for one in matches]


def shown(matches: list[Match]) -> list[object]:
    return ["?" if isinstance(one, Ambiguous) else one for one in matches]


# In order ------------------------------------------------------------------------------------------------


def test_records_in_the_order_of_the_items() -> None:
    assert match([A, B, C], [JOB_A, JOB_B, JOB_C]) == [JOB_A, JOB_B, JOB_C]


def test_an_error_in_its_place() -> None:
    assert match([A, B, C], [JOB_A, NO_FILE, JOB_C]) == [JOB_A, NO_FILE, JOB_C]


def test_all_errors_are_in_order() -> None:
    assert match([A, B], [NO_ACCESS, NO_FILE]) == [NO_ACCESS, NO_FILE]


def test_a_hole_leaves_its_item_alone_open() -> None:
    matches = match([A, B, C], [JOB_A, None, NO_FILE])
    assert shown(matches) == [JOB_A, "?", NO_FILE]
    assert reasons(matches)[1] == "the answer has no readable record for this item"


def test_identical_items_have_a_job_each() -> None:
    first, second = job(A, 1), job(A, 2)
    assert match([A, B, A], [first, JOB_B, second]) == [first, JOB_B, second]


def test_nothing_for_nothing() -> None:
    assert match([], []) == []


# Not in order --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "records",
    [[JOB_B, JOB_A, JOB_C], [JOB_C, JOB_B, JOB_A], [JOB_B, JOB_C, JOB_A]],
    ids=["two", "ends", "all"],
)
def test_reordered_jobs_are_found_by_what_they_echo(records: list[Record]) -> None:
    assert match([A, B, C], records) == [JOB_A, JOB_B, JOB_C]


def test_an_error_among_reordered_records_is_nobodys() -> None:
    matches = match([A, B, C], [JOB_B, JOB_A, NO_FILE])
    assert shown(matches) == [JOB_A, JOB_B, "?"]
    wrong = "the answer is not in the order of the items"
    assert reasons(matches)[2] == f"{wrong}; it also holds 1 errors, the first: no such file (code 9002)"


def test_an_error_in_place_of_a_job_that_stands_elsewhere_is_nobodys() -> None:
    # B's job came where C's should be; so the error in B's place may be C's or A's.
    assert shown(match([A, B, C], [NO_FILE, NO_ACCESS, JOB_B])) == ["?", JOB_B, "?"]


def test_too_few_records() -> None:
    matches = match([A, B, C], [JOB_A, JOB_C])
    assert shown(matches) == [JOB_A, "?", JOB_C]
    assert reasons(matches)[1] == "the answer has 2 records for 3 items"


def test_too_few_errors_are_nobodys() -> None:
    assert shown(match([A, B, C], [NO_FILE, NO_ACCESS])) == ["?", "?", "?"]
    assert shown(match([A, B, C], [JOB_A, NO_ACCESS])) == [JOB_A, "?", "?"]


def test_no_records_at_all() -> None:
    assert reasons(match([A, B], [])) == ["the answer has 0 records for 2 items"] * 2


def test_too_many_records() -> None:
    assert match([A, B], [JOB_A, JOB_B, JOB_C]) == [JOB_A, JOB_B]
    assert shown(match([A, B], [JOB_A, NO_FILE, JOB_B, NO_ACCESS])) == [JOB_A, JOB_B]
    assert shown(match([A, B], [JOB_A, NO_FILE, NO_ACCESS])) == [JOB_A, "?"]


def test_a_job_of_a_stranger_is_nobodys() -> None:
    stranger = job(import_echo(an_import("other/x.bam", volume="rosa/other")))
    assert shown(match([A, B], [JOB_A, stranger])) == [JOB_A, "?"]


def test_a_job_that_came_twice_is_not_used_for_another_item() -> None:
    assert shown(match([A, B, C], [JOB_A, JOB_A, JOB_C])) == [JOB_A, "?", JOB_C]


def test_a_job_that_came_twice_is_not_used_for_an_item_of_like_name() -> None:
    inner, outer = import_echo(an_import("x/f.bam")), import_echo(an_import("f.bam"))
    assert shown(match([inner, outer], [job(inner), job(inner)])) == [job(inner), "?"]
    assert shown(match([inner, outer], [job(inner), job(inner, 2)])) == [job(inner), "?"]


def test_a_job_that_came_twice_is_not_used_twice() -> None:
    first, second = job(A, 1), job(A, 2)
    matches = [one for one in match([A, A], [first, first, second]) if isinstance(one, Job)]
    assert len({one.id for one in matches}) == len(matches)


# In other words ------------------------------------------------------------------------------------------


def echo(
    volume: str = "rosa/input", location: str = "f.bam", name: str = "f.bam", **place: str | None
) -> Echo:
    return (volume, location, place.get("project", "rosa/study"), place.get("parent"), name)


RENAMED, PREFIXED, HOMELESS = (
    job(echo(name="_1_f.bam")),
    job(echo(location="prefix/of/volume/f.bam")),
    job(echo(project=None)),
)


@pytest.mark.parametrize(
    "other", [RENAMED, PREFIXED, HOMELESS], ids=["autorename", "prefix", "no destination"]
)
def test_a_job_may_echo_its_item_in_other_words(other: Job) -> None:
    assert match([echo(), B], [other, JOB_B]) == [other, JOB_B]
    assert match([B, echo()], [other, JOB_B]) == [JOB_B, other]


def test_an_error_beside_other_words_keeps_its_place() -> None:
    assert match([echo(), B, C], [PREFIXED, NO_FILE, JOB_C]) == [PREFIXED, NO_FILE, JOB_C]


def test_a_whole_chunk_under_a_prefix() -> None:
    sent = [echo(location=f"{name}.bam", name=f"{name}.bam") for name in "abcd"]
    jobs: list[Record] = [job(echo(location=f"prefix/{name}.bam", name=f"{name}.bam")) for name in "abcd"]
    assert match(sent, jobs) == jobs
    assert match(sent, jobs[::-1]) == jobs


@pytest.mark.parametrize(
    "other",
    [
        echo(volume="rosa/output"),
        echo(location="g.bam"),
        echo(location="xf.bam"),
        echo(location="f.bam/x"),
        echo(project="rosa/other"),
        echo(name="1f.bam"),
        ("rosa/input", "f.bam"),
    ],
)
def test_other_words_are_not_any_words(other: Echo) -> None:
    assert shown(match([echo(), B], [job(other), JOB_B])) == ["?", JOB_B]


def test_another_items_very_words_are_no_other_words() -> None:
    inner, outer = echo(location="x/f.bam"), echo(location="f.bam")
    assert match([inner, outer], [job(outer), job(inner)]) == [job(inner), job(outer)]
    assert shown(match([inner, outer], [job(outer), NO_FILE])) == ["?", job(outer)]
    assert shown(match([outer, inner], [job(inner), NO_FILE])) == ["?", job(inner)]
    assert shown(match([outer, inner], [job(inner), None])) == ["?", job(inner)]


def test_a_project_is_no_other_word_for_a_folder() -> None:
    folder = echo(project=None, parent="5f1e")
    assert shown(match([folder, B], [PREFIXED, JOB_B])) == ["?", JOB_B]


def test_a_prefix_that_is_a_folder_of_the_list_swaps_nothing() -> None:
    sent = [echo(location="f.bam"), echo(location="x/f.bam")]
    jobs = [job(echo(location="x/f.bam")), job(echo(location="x/x/f.bam", name="_1_f.bam"))]
    for own, one in zip(jobs, match(sent, jobs), strict=True):
        assert isinstance(one, Ambiguous) or one == own


def test_two_that_could_be_ones_leave_both_open() -> None:
    # Two files of one name, autorenamed, in an answer out of order: either could be either's.
    one, other = job(echo(name="_1_f.bam"), 1), job(echo(name="_2_f.bam"), 2)
    assert shown(match([echo(), echo(), B], [JOB_B, one, other])) == ["?", "?", JOB_B]


def test_one_that_could_be_twos_leaves_both_open() -> None:
    sent = [echo(location="f.bam"), echo(location="of/f.bam")]
    assert shown(match(sent, [job(echo(location="prefix/of/f.bam"))])) == ["?", "?"]
