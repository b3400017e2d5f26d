"""The shape of a run as a picture: submitted, running and completed over time, and the budget beneath."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

from benchmarks.migration import Migration
from sbtransfer.testing import EPOCH

POINTS = 600
BLUE, GREEN, GREY, ORANGE = "#2563a8", "#2e8b57", "#8a8f98", "#d9822b"


def draw(migration: Migration, path: str, period: float = 300.0) -> None:
    """Write the picture of a migration that has run; its name's ending tells PNG or SVG."""
    times = [migration.finished * point / POINTS for point in range(POINTS + 1)]
    jobs = list(migration.platform.jobs.values())
    submitted = counted([job.accepted - EPOCH for job in jobs], times)
    ended = counted([job.finished - EPOCH for job in jobs], times)
    seen = counted([when for when, _ in migration.outcomes], times)
    hours = [time / 3600 for time in times]

    figure, (above, beneath) = plt.subplots(
        2, 1, sharex=True, figsize=(9, 6), height_ratios=(3, 1.3), layout="constrained"
    )
    above.set_title(migration.name, loc="left")
    above.plot(hours, submitted, color=BLUE, label="submitted")
    above.fill_between(
        hours, [a - b for a, b in zip(submitted, ended, strict=True)], color=GREY, alpha=0.35, label="running"
    )
    above.plot(hours, ended, color=GREEN, linestyle="--", linewidth=1, label="ended on the platform")
    above.plot(hours, seen, color=GREEN, label="outcome delivered")
    above.set_ylabel("items")
    above.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    above.legend(frameon=False, loc="center right")

    sent = sorted(sent for sent, *_ in migration.calls)
    in_window = [bisect_right(sent, time) - bisect_right(sent, time - period) for time in times]
    beneath.fill_between(hours, in_window, step="post", color=ORANGE, alpha=0.6)
    beneath.axhline(migration.limits.requests, color=GREY, linewidth=1)
    beneath.set_ylabel("requests in the\nlast five minutes")
    beneath.set_xlabel("hours of platform time")
    for axes in (above, beneath):
        axes.set_xlim(0, hours[-1])
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def counted(moments: Sequence[float], times: Sequence[float]) -> list[int]:
    """Return how many moments had come by each time."""
    ordered = sorted(moments)
    return [bisect_right(ordered, time) for time in times]
