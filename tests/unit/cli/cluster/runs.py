"""Runs of a cluster as they may stand, for tests of what is told of them."""

from datetime import UTC, datetime
from typing import Any

from sbtransfer.cluster.status import RunStatus
from sbtransfer.journal import Owner

ROSA = Owner(endpoint="https://cgc-api.sbgenomics.com/v2", username="rfranklin")


def a_run(**different: Any) -> RunStatus:
    """Return a run of ten items, all of them completed, with whatever is different."""
    given: dict[str, Any] = {
        "id": 7,
        "name": None,
        "owner": ROSA,
        "state": "running",
        "trouble": None,
        "submitted_at": datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC),
        "total": 10,
        "workers": 2,
        "notes": {},
    }
    given |= different
    if not set(different) & {"waiting", "in_doubt", "under_way", "completed", "failed", "unconfirmed"}:
        given["completed"] = given["total"]
    return RunStatus(**given)
