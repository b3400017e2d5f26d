import math

import pytest

from sbtransfer.simulator.timestamps import LONG_AGO, iso


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (1_700_000_000.0, "2023-11-14T22:13:20Z"),
        (1_700_000_000.25, "2023-11-14T22:13:20.250000Z"),
        (-math.inf, LONG_AGO),
    ],
)
def test_moments_are_written_as_the_platform_does(moment: float, written: str) -> None:
    assert iso(moment) == written
