"""Adopting jobs of a list: by words and age, counted, and never where two pairings could be true."""

from datetime import UTC, datetime

from sbtransfer.models import Job
from sbtransfer.operations.adopt import Adopted, Wanted, adopt, candidates, earliest
from sbtransfer.operations.match import Ambiguous
from sbtransfer.wire import Echo


def words(location: str, name: str | None = None, volume: str = "a/b") -> Echo:
    return (volume, location, "c/d", None, name or location.rpartition("/")[2])


def job(job_id: str, echo: Echo, start: float | None = 100.0) -> Job:
    started = None if start is None else datetime.fromtimestamp(start, UTC)
    return Job(job_id, "RUNNING", echo, started_on=started)


def ids(adopted: list[Adopted]) -> list[str | None]:
    return ["?" if isinstance(one, Ambiguous) else None if one is None else one.id for one in adopted]


def test_jobs_are_adopted_by_the_items_words() -> None:
    wanted = [Wanted(words(f"runs/{n}"), 100.0) for n in range(4)]
    jobs = [job(f"job-{n}", words(f"runs/{n}")) for n in (3, 1, 7)]
    assert ids(adopt(wanted, jobs)) == [None, "job-1", None, "job-3"]


def test_a_job_older_than_the_call_is_not_its() -> None:
    wanted = [Wanted(words("x"), 100.0)]
    assert ids(adopt(wanted, [job("old", words("x"), 97.0)])) == [None]
    assert ids(adopt(wanted, [job("rounded", words("x"), 98.0)])) == ["rounded"]


def test_a_job_without_a_start_may_be_anyones() -> None:
    assert ids(adopt([Wanted(words("x"), 100.0)], [job("pending", words("x"), None)])) == ["pending"]


def test_equal_items_are_counted() -> None:
    wanted = [Wanted(words("x"), 100.0)] * 1 + [Wanted(words("x"), 100.0) for _ in range(2)]
    adopted = ids(adopt(wanted, [job("one", words("x")), job("two", words("x"))]))
    assert sorted(filter(None, adopted)) == ["one", "two"]
    assert adopted.count(None) == 1


def test_equal_items_of_several_calls_leave_no_job_over() -> None:
    wanted = [Wanted(words("x"), 100.0), Wanted(words("x"), 200.0)]
    jobs = [job("later", words("x"), 205.0), job("earlier", words("x"), 105.0)]
    assert ids(adopt(wanted, jobs)) == ["earlier", "later"]
    assert ids(adopt(wanted[::-1], jobs)) == ["later", "earlier"]
    assert ids(adopt(wanted, jobs[1:])) == ["earlier", None]


def test_a_volumes_prefix_is_understood() -> None:
    wanted = [Wanted(words("runs/1"), 100.0), Wanted(words("runs/2"), 100.0)]
    jobs = [job("two", words("deep/runs/2")), job("one", words("deep/runs/1"))]
    assert ids(adopt(wanted, jobs)) == ["one", "two"]


def test_two_jobs_that_could_both_be_the_items_are_unclear() -> None:
    wanted = [Wanted(words("x.bam"), 100.0)]
    jobs = [job("a", words("a/x.bam", "x.bam")), job("b", words("b/x.bam", "x.bam"))]
    assert ids(adopt(wanted, jobs)) == ["?"]


def test_words_that_could_be_another_items_are_unclear() -> None:
    # The job in the words of a/x may as well be that of x, with the volume's prefix a, and the other that of
    # a/x with the same prefix.
    wanted = [Wanted(words("x", "n"), 100.0), Wanted(words("a/x", "n"), 100.0)]
    jobs = [job("one", words("a/x", "n")), job("two", words("a/a/x", "n"))]
    assert "one" not in ids(adopt(wanted, jobs))[1:]


def test_jobs_of_others_are_no_candidates() -> None:
    wanted = [Wanted(words("runs/1"), 100.0)]
    jobs = [
        job("mine", words("runs/1")),
        job("other location", words("runs/2")),
        job("other volume", words("runs/1", volume="z/z")),
        job("too old", words("runs/1"), 50.0),
        job("other kind", ("file", "a/b", "runs/1")),
    ]
    assert [one.id for one in candidates(wanted, jobs)] == ["mine"]
    assert candidates([], jobs) == []


def test_nothing_before_the_earliest_call_is_of_interest() -> None:
    assert earliest([Wanted(words("x"), 100.0), Wanted(words("y"), 90.0)]) == 88.0
