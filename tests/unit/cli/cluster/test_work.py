from sbtransfer.cli.cluster.work import OF_WORKERS, work
from sbtransfer.cli.exits import Exit
from tests.unit.cli.looking import invoke


def test_what_is_a_matter_of_whoever_sends_is_borrowed() -> None:
    names = {param.name for param in work.params}
    assert set(OF_WORKERS) <= names
    assert not names & {"project", "work_list", "journal", "results", "dry_run"}


def test_no_worker_sends_nothing() -> None:
    done = invoke("cluster", "work", "--concurrency", "0", "--database", "postgresql://rosa@127.0.0.1:1/x")
    assert done.exit_code == Exit.USAGE
    assert "--concurrency" in done.stderr
