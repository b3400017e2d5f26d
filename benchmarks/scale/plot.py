"""CPU time for each item over the length of the list, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

BLUE, ORANGE = "#2563a8", "#d9822b"


def draw(growth: Mapping[str, Mapping[int, float]], path: Path) -> None:
    """Write the picture of microseconds for each item, by name and number of items."""
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    axes.set_title("CPU time of the library's process for each item", loc="left")
    for (name, points), color in zip(growth.items(), (BLUE, ORANGE), strict=False):
        axes.plot(list(points), list(points.values()), color=color, marker="o", markersize=4, label=name)
    axes.set_xscale("log")
    axes.set_xlabel("items of the list")
    axes.set_ylabel("µs an item")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=120)
    plt.close(figure)
