"""What becomes of memory, CPU time and fairness when lists are long or many; and how soon processes start.

    python -m benchmarks.scale                                 all of it, about ten minutes
    python -m benchmarks.scale --only memory growth            two of its parts
    python -m benchmarks.scale --only growth --plot growth.svg --json growth.json

- memory: the most that the library's process held at 10,000 and at 1,000,000 imports, the server elsewhere
- growth: its CPU time for each item at 1,000 to 1,000,000 imports, without and with a journal
- many: 20 transfers of 5,000 imports on one client against one of 100,000, on a virtual clock
- startup: the CPU time of new processes

Each figure comes from a process of its own. Where it is repeated, the least is shown, which other work on
the machine disturbs least; those of `startup` are medians.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from attrs import asdict

from benchmarks.compare.turns import Setting, served
from benchmarks.scale import many_lists, one_list, starts
from benchmarks.scale.many_lists import Together
from benchmarks.scale.one_list import Case, Cost
from benchmarks.scale.starts import HELP, IMPORT, Start

P = ParamSpec("P")
R = TypeVar("R")

MORE_MB = 30.0
"""How much more memory the longest list may take than the shortest."""
START_SECONDS = {HELP: 0.25, IMPORT: 0.1}

FEW, MANY = 10_000, 1_000_000
SIZES = (1_000, 10_000, 100_000, 1_000_000)
FLAT_FROM = 10_000
"""A shorter list does not spread what each run costs once over enough items."""
TRANSFERS, ITEMS_EACH = 20, 5_000
AT_MOST = 300_000
"""Lists are repeated while that is no more items than this."""


def alone(work: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
    """Do some work in a new process and return its result."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *args, **named).result()


def bar(*, met: bool, words: str) -> str:
    """Return the line of a bar."""
    return f"  {'met' if met else 'MISSED'}: {words}"


# Memory --------------------------------------------------------------------------------------------------


def memory(sizes: Sequence[int] = (FEW, MANY)) -> list[Cost]:
    """Transfer a short and a long list in every way, and print the most memory that each took."""
    ways: tuple[dict[str, bool], ...] = ({}, {"journal": True}, {"slow": True}, {"endless": True})
    print(f"peak memory, MB{'':<8}{''.join(f'{size:>12,}' for size in sizes)}      more   undelivered")
    costs = []
    with served(Setting.of(max(sizes), 0.0)) as endpoint:
        for way in ways:
            both = [alone(one_list.measure, Case(size, **way), endpoint) for size in sizes]
            costs += both
            print(
                f"  {both[0].case.name:<21}{''.join(f'{one.peak_mb:12.1f}' for one in both)}"
                f"{both[-1].peak_mb - both[0].peak_mb:+10.1f}{both[-1].most_undelivered:14,}",
                flush=True,
            )
    print("\n".join(memory_bars(costs)))
    return costs


def memory_bars(costs: Sequence[Cost]) -> list[str]:
    """Judge how much more memory the longest list of each sort took than the shortest."""
    lines = []
    for name in dict.fromkeys(cost.case.name for cost in costs):
        peaks = [
            cost.peak_mb for cost in sorted(costs, key=lambda cost: cost.case.items) if cost.case.name == name
        ]
        more = peaks[-1] - peaks[0]
        lines.append(bar(met=more <= MORE_MB, words=f"{name}: {more:+.1f} MB, at most {MORE_MB:g} more"))
    return lines


# Growth --------------------------------------------------------------------------------------------------


def growth(sizes: Sequence[int] = SIZES, rounds: int = 3) -> list[Cost]:
    """Transfer lists of all sizes without and with a journal, and print the CPU time for each item."""
    costs = []
    with served(Setting.of(max(sizes), 0.0)) as endpoint:
        for size in sizes:
            for journal in (False, True):
                times = min(rounds, max(1, AT_MOST // size))
                costs += [alone(one_list.measure, Case(size, journal), endpoint) for _ in range(times)]
    print(growth_table(least(costs)))
    return costs


def least(costs: Sequence[Cost]) -> dict[str, dict[int, float]]:
    """Return the least CPU time for each item, by name and number of items."""
    found: dict[str, dict[int, float]] = {}
    for cost in sorted(costs, key=lambda cost: cost.case.items):
        sizes = found.setdefault(cost.case.name, {})
        sizes[cost.case.items] = min(cost.cpu_us, sizes.get(cost.case.items, cost.cpu_us))
    return found


def growth_table(figures: dict[str, dict[int, float]]) -> str:
    """Return the CPU time by the length of the list, and how far from flat it is."""
    sizes = list(next(iter(figures.values())))
    lines = [
        f"CPU, us an item        {''.join(f'{size:>12,}' for size in sizes)}   max / min from {FLAT_FROM:,}"
    ]
    for name, points in figures.items():
        flat = [cpu for size, cpu in points.items() if size >= FLAT_FROM]
        ratio = f"{max(flat) / min(flat):.2f}" if flat else ""
        lines.append(f"  {name:<21}{''.join(f'{cpu:12.1f}' for cpu in points.values())}{ratio:>23}")
    return "\n".join(lines)


# Many at once --------------------------------------------------------------------------------------------


def many(transfers: int = TRANSFERS, items: int = ITEMS_EACH, rounds: int = 3) -> list[Together]:
    """Run many transfers at once, and one that does as much; print what that costs, and how fair it is."""
    results = []
    for limited in (True, False):
        alike = [
            [alone(many_lists.measure, *way, limited=limited) for _ in range(rounds)]
            for way in ((1, transfers * items), (transfers, items))
        ]
        one, together = (min(runs, key=lambda run: run.cpu_us) for runs in alike)
        results += [one, together]
        print("\n".join(many_table(one, together)), flush=True)
    print("\n".join(many_bars(results)))
    return results


def many_table(one: Together, together: Together) -> list[str]:
    """Return one transfer and many beside each other."""
    limits = "under the standard limits" if one.limited else "without limits"
    lines = [
        f"{limits:<26} 95 % done at  all done at, s  spread   done by half   spread  req/1000  CPU us/item"
    ]
    lines += [
        f"  {run.transfers:>3} of {run.items:>7,}{run.nearly_done:24.1f}{max(run.ends):16.1f}"
        f"{run.spread_of_ends:8.1%}{f'{min(run.done_by_half):,}-{max(run.done_by_half):,}':>15}"
        f"{run.spread_by_half:9.1%}{run.requests_per_thousand:10.1f}{run.cpu_us:13.1f}"
        for run in (one, together)
    ]
    return [
        *lines,
        f"  overhead of many: requests x {together.requests / one.requests:.2f}, "
        f"CPU x {together.cpu_us / one.cpu_us:.2f}, time x {max(together.ends) / max(one.ends):.2f}, "
        f"to 95 % x {together.nearly_done / one.nearly_done:.2f}",
    ]


def many_bars(results: Sequence[Together]) -> list[str]:
    """Judge whether everything was done once."""
    lost, twice = sum(run.lost for run in results), sum(run.twice for run in results)
    return [bar(met=not lost and not twice, words=f"{lost} lost, {twice} twice, none of either")]


# Start-up ------------------------------------------------------------------------------------------------


def startup(rounds: int = starts.ROUNDS) -> list[Start]:
    """Start processes, and print their CPU time."""
    measured = starts.measure(rounds)
    print(f"CPU seconds of a new process (median of {rounds})    all   beyond an empty one")
    print("\n".join(f"  {one.name:<38}{one.cpu:12.3f}{one.beyond_empty:22.3f}" for one in measured))
    print("\n".join(startup_bars(measured)))
    return measured


def startup_bars(starts: Sequence[Start]) -> list[str]:
    """Judge the starts that have a bar."""
    return [
        bar(met=one.cpu < START_SECONDS[one.name], words=f"{one.name}: {one.cpu:.3f} s, under {most:g}")
        for one in starts
        if (most := START_SECONDS.get(one.name)) is not None
    ]


PARTS: dict[str, Callable[[], Sequence[Any]]] = {
    "memory": memory,
    "growth": growth,
    "many": many,
    "startup": startup,
}


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write growth as PNG or SVG")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single figure to a file")
    given = parser.parse_args(words)
    if given.plot is not None and "growth" not in given.only:
        parser.error("--plot shows growth, which is not among the parts of --only")
    return given


def main() -> None:
    """Measure what the command line asks for."""
    given, told = arguments(), {}
    for name in given.only:
        told[name] = PARTS[name]()
        print(flush=True)
    if given.plot is not None:
        from benchmarks.scale.plot import draw

        draw(least(told["growth"]), given.plot)
    if given.json is not None:
        figures = {name: [asdict(one) for one in results] for name, results in told.items()}
        given.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
