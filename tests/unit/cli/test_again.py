from pathlib import Path

import pytest

from sbtransfer.cli.again import check_endpoint
from sbtransfer.cli.known import look
from sbtransfer.errors import JournalRefusedError
from sbtransfer.settings import Settings
from tests.unit.cli.journals import make_journal
from tests.unit.journal.journals import ROSA


def test_a_token_goes_to_the_platform_that_it_was_configured_for(tmp_path: Path) -> None:
    known = look(make_journal(tmp_path / "j"))
    check_endpoint(known, Settings(ROSA.endpoint, "0" * 32))
    with pytest.raises(
        JournalRefusedError, match=r"rosa at https://api\.example\.org/v2, and the token to"
    ) as no:
        check_endpoint(known, Settings("https://other.example/v2", "5ec2e7"))
    assert "https://other.example/v2" in str(no.value)
    assert "5ec2e7" not in str(no.value)
