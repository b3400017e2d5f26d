import sys

import pytest

from sbtransfer.cli.cluster.packages import PACKAGES, check_packages
from sbtransfer.errors import SettingsError


@pytest.mark.parametrize("missing", PACKAGES)
def test_what_is_not_installed_is_said_with_what_to_do(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check_packages()
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SettingsError, match=r"pip install 'sbtransfer\[postgres\]'") as caught:
        check_packages()
    assert f"{missing} is not installed" in str(caught.value).replace("import of ", "")
