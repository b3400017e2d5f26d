from random import Random

from sbtransfer.simulator.job_list import SLACK, JobList
from sbtransfer.simulator.jobs import Job


def job(
    number: int, finished: float = 10.0, project: str = "a/p", volume: str = "a/v", *, fails: bool = False
) -> Job:
    return Job(
        kind="imports",
        id=str(number),
        accepted=0.0,
        started=1.0,
        finished=finished,
        item=(),
        project=project,
        volume=volume,
        echo={},
        file=None,
        error={"status": 404} if fails else None,
    )


def ids(
    jobs: JobList, *states: str, project: str | None = None, volume: str | None = None, now: float
) -> str:
    return " ".join(one.id for one in jobs.pick(project, volume, states, now))


def test_jobs_are_picked_by_project_and_volume() -> None:
    jobs = JobList()
    for number, (project, volume) in enumerate([("a/p", "a/v"), ("a/p", "a/w"), ("a/q", "a/v")]):
        jobs.add(job(number, project=project, volume=volume))
    assert ids(jobs, now=0.0) == "0 1 2"
    assert ids(jobs, project="a/p", now=0.0) == "0 1"
    assert ids(jobs, volume="a/v", now=0.0) == "0 2"
    assert ids(jobs, project="a/q", volume="a/v", now=0.0) == "2"
    assert ids(jobs, project="a/q", volume="a/w", now=0.0) == ""


def test_jobs_are_picked_by_their_states_as_time_goes_on() -> None:
    jobs = JobList()
    for number, finished in enumerate([30.0, 10.0, 20.0]):
        jobs.add(job(number, finished, fails=number == 2))
    assert ids(jobs, "PENDING", now=0.0) == "0 1 2"
    assert [ids(jobs, "RUNNING", now=now) for now in (1.0, 10.0, 20.0, 30.0)] == ["0 1 2", "0 2", "0", ""]
    assert ids(jobs, "COMPLETED", now=30.0) == "0 1"
    assert ids(jobs, "COMPLETED", "FAILED", now=30.0) == "0 1 2"


def test_what_is_picked_is_what_looking_at_each_job_would_give() -> None:
    random, jobs = Random(1), JobList()
    all_jobs: list[Job] = []
    for now in range(0, 100, 5):
        for _ in range(10):
            made = job(len(all_jobs), now + random.uniform(0, 30), fails=random.random() < 0.3)
            all_jobs.append(made)
            jobs.add(made)
        for states in (("RUNNING",), ("COMPLETED", "RUNNING"), ("FAILED",)):
            wanted = [one for one in all_jobs if one.state(now) in states]
            assert list(jobs.pick(None, "a/v", states, now)) == wanted


def test_dropped_jobs_are_in_no_list_whatever_their_number() -> None:
    jobs, number = JobList(), 3 * SLACK
    made = [job(n) for n in range(number)]
    for one in made:
        jobs.add(one)
    for one in made[:-2]:
        jobs.drop(one)
    assert [one.id for one in jobs] == [str(number - 2), str(number - 1)]
    assert ids(jobs, "COMPLETED", now=10.0) == f"{number - 2} {number - 1}"
