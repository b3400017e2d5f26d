from typing import Any

import pytest

from sbtransfer.progress import Progress


def test_what_has_ended_is_counted_by_its_outcomes() -> None:
    progress = Progress(read=100, waiting=40, under_way=30, completed=20, failed=7, unconfirmed=3)
    assert progress.ended == 30


@pytest.mark.parametrize(
    ("counts", "seconds"),
    [
        ({"total": None, "completed": 5, "elapsed": 10.0}, None),
        ({"total": 20, "elapsed": 10.0}, None),
        ({"total": 20, "completed": 5, "elapsed": 10.0}, 30.0),
        ({"total": 20, "completed": 2, "failed": 2, "unconfirmed": 1, "elapsed": 10.0}, 30.0),
        ({"total": 20, "completed": 20, "elapsed": 10.0}, 0.0),
        ({"total": 20, "completed": 25, "elapsed": 10.0}, 0.0),
    ],
)
def test_the_time_left_is_told_where_it_can_be(counts: dict[str, Any], seconds: float | None) -> None:
    assert Progress(**counts).remaining == seconds
