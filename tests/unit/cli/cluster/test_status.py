import pytest

from sbtransfer.cli.exits import Exit
from tests.unit.cli.looking import invoke


@pytest.mark.parametrize("verb", ["status", "results", "cancel"])
@pytest.mark.parametrize("run", ["0", "-1", "brca", str(2**31)])
def test_a_run_is_a_number(verb: str, run: str) -> None:
    done = invoke("cluster", verb, "--database", "postgresql://rosa@127.0.0.1:1/x", "--", run)
    assert done.exit_code == Exit.USAGE
    assert "RUN" in done.stderr


@pytest.mark.parametrize("every", ["0", "nan", "-1", "soon"])
def test_every_is_a_time(every: str) -> None:
    done = invoke("cluster", "status", "--every", every, "--database", "postgresql://rosa@127.0.0.1:1/x")
    assert done.exit_code == Exit.USAGE
    assert "--every" in done.stderr
