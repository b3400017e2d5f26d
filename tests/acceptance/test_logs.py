"""The debug log in a file: what it tells, and what it never does."""

import re
import stat
from pathlib import Path

import pytest

from sbtransfer.cli.exits import Exit
from sbtransfer.simulator import Faults
from tests.acceptance.commands import Serve, Served, imports, sbtransfer

pytestmark = pytest.mark.usefixtures("folder")

LOG = "run.log"


def test_a_run_is_logged_with_the_ids_of_its_calls(served: Served) -> None:
    done = sbtransfer("import", imports("rfranklin/input"), "-q", "--log-file", LOG, served=served)
    assert (done.returncode, done.stderr) == (Exit.COMPLETED, "")
    text = Path(LOG).read_text()
    assert re.search(r"Z \S+: call \d+: POST http://\S+/bulk/storage/imports/create$", text, re.MULTILINE)
    ids = re.findall(r"call \d+: HTTP 200, request id ([0-9a-f]{32})$", text, re.MULTILINE)
    assert len(set(ids)) == len(ids) == len(served.platform.requests_log)
    assert stat.S_IMODE(Path(LOG).stat().st_mode) == 0o600


def test_a_log_does_not_hold_the_token_though_it_is_refused(serve: Serve) -> None:
    served = serve(faults=Faults.parse("revoked=8"))
    work_list = imports(*["rfranklin/input"] * 500)
    done = sbtransfer("import", work_list, "-v", "--debug", "--log-file", LOG, served=served)
    assert done.returncode == Exit.REFUSED, done.stderr  # and `sbtransfer` looks through all files
    assert "HTTP 401, request id" in Path(LOG).read_text()
    assert "ended by UnauthorizedError" in Path(LOG).read_text()


def test_nothing_is_sent_without_the_log(served: Served) -> None:
    done = sbtransfer("import", imports("rfranklin/input"), "--log-file", "nowhere/run.log", served=served)
    assert done.returncode == Exit.USAGE
    assert done.stderr == (
        "Error: the log file 'nowhere/run.log' cannot be written: No such file or directory; "
        "give another --log-file\n"
    )
    assert served.platform.requests_log == []


def test_a_work_list_is_not_taken_for_a_log(served: Served) -> None:
    work_list = imports("rfranklin/input")
    before = Path(work_list).read_bytes()
    done = sbtransfer("import", work_list, "--log-file", work_list, served=served)
    assert done.returncode == Exit.USAGE
    assert "the log file 'list.csv' is something else than a log of this program" in done.stderr
    assert Path(work_list).read_bytes() == before
    assert served.platform.requests_log == []
