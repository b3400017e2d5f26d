"""Moments as the platform writes them."""

import math
from datetime import UTC, datetime

LONG_AGO = "2023-01-02T03:04:05Z"
"""When what was always there was made."""


def iso(moment: float) -> str:
    """Return Unix seconds in the platform's format; a fraction shows only where there is one."""
    if moment == -math.inf:
        return LONG_AGO
    return datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat() + "Z"
