"""What each item costs in calls and in memory, counted: a guard against slow growth that no clock can fool.

    python -m benchmarks.hot_path             compare with benchmarks/hot_path.json; 1 where it became worse
    python -m benchmarks.hot_path --record    write that file anew, for this version of Python

Lists of imports, exports and DRS files are transferred without a journal under the standard limits, on a
virtual clock, from a platform in this process. Counted are, in the library's own files and in the code that
attrs writes for them, the calls of Python functions (each time that a coroutine goes on is a call, too) and
the calls out into C; and the most blocks of memory that were in use at once. All come out the same again.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from attrs import frozen

import sbtransfer
from benchmarks.hot_path_platform import ENDPOINT, TOKEN, Platform, drs, exports, imports
from sbtransfer import Client, Item
from sbtransfer.simulator.clock import run

PACKAGE = f"{Path(sbtransfer.__file__).parent}{os.sep}"
OTHERS = tuple(f"{PACKAGE}{room}{os.sep}" for room in ("simulator", "testing"))
RECORDED = Path(__file__).with_suffix(".json")
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
ALLOWED = 1.05
"""How many times the recorded figure is still no change for the worse."""

LISTS: Mapping[str, tuple[Callable[[int], list[Item]], int]] = {
    "imports": (imports, 10_000),
    "exports": (exports, 10_000),
    "drs": (drs, 2_000),
}
WARM_UP = 300
SHOWN = 15


@frozen
class Cost:
    """What one item costs, and how often each function was called for it."""

    calls: float
    c_calls: float
    blocks: float
    functions: Mapping[str, float]

    @property
    def figures(self) -> dict[str, float]:
        """The figures that are recorded."""
        return {name: round(getattr(self, name), 3) for name in ("calls", "c_calls", "blocks")}


# Counting ------------------------------------------------------------------------------------------------


def measure(items: Sequence[Item]) -> Cost:
    """Transfer a list twice, once to count calls and once to count blocks."""
    run(transfer(items[:WARM_UP], Platform()))  # What is made once, at the first use, is no item's cost.
    calls, c_calls = counted(lambda: run(transfer(items, Platform())))
    functions = Counter[str]()
    for code, number in calls.items():
        functions[name_of(code)] += number
    return Cost(
        calls=sum(calls.values()) / len(items),
        c_calls=sum(c_calls.values()) / len(items),
        blocks=most_blocks(items) / len(items),
        functions={name: number / len(items) for name, number in functions.items()},
    )


async def transfer(items: Sequence[Item], platform: Platform) -> None:
    """Transfer a list and take every outcome."""
    client = Client(ENDPOINT, TOKEN, transport=platform)
    async with client, client.transfer(items) as running:
        async for outcome in running:
            if not outcome.ok:
                raise SystemExit(f"not transferred: {outcome}")


def counted(work: Callable[[], None]) -> tuple[dict[CodeType, int], dict[CodeType, int]]:
    """Do some work; return how often each piece of the library was called, and how often it called C."""
    calls: dict[CodeType, int] = defaultdict(int)
    c_calls: dict[CodeType, int] = defaultdict(int)

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            calls[frame.f_code] += 1
        elif event == "c_call":
            c_calls[frame.f_code] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return own(calls), own(c_calls)


def own(counts: Mapping[CodeType, int]) -> dict[CodeType, int]:
    """Keep what is the library's; the simulator and the tests' helpers stand for the network."""
    return {code: number for code, number in counts.items() if is_own(code.co_filename)}


def is_own(file: str) -> bool:
    """Whether code of this file, or written for a class of it, is the library's."""
    if file.startswith("<attrs generated"):
        return " sbtransfer." in file and " sbtransfer.simulator." not in file
    return file.startswith(PACKAGE) and not file.startswith(OTHERS)


def name_of(code: CodeType) -> str:
    """Return a function's file and name."""
    file = code.co_filename
    if file.startswith("<"):
        return f"{file.strip('<>').rpartition(' ')[2]} {code.co_name}"
    return f"{file.removeprefix(PACKAGE)} {code.co_qualname}"


def most_blocks(items: Sequence[Item]) -> int:
    """Transfer a list; return the most blocks that were in use at once, beyond those before."""
    platform, collecting = Platform(), gc.isenabled()
    gc.collect()
    gc.disable()  # When it would run depends on all that the process did before.
    try:
        before = sys.getallocatedblocks()
        run(transfer(items, platform))
    finally:
        if collecting:
            gc.enable()
    return platform.most_blocks - before


# Comparing -----------------------------------------------------------------------------------------------


def compared(figures: Mapping[str, float], recorded: Mapping[str, float]) -> tuple[str, bool]:
    """Return what the figures of one list are against the recorded ones, and whether they are worse.

    Calls out into C are told only: one of them may well stand for many calls that are no more.
    """
    words = [
        f"{name} {number:.2f} ({number / recorded[name] - 1:+.1%}, recorded {recorded[name]:.2f})"
        for name, number in figures.items()
    ]
    worse = any(figures[name] > ALLOWED * recorded[name] for name in ("calls", "blocks"))
    return ", ".join(words), worse


def verdict(costs: Mapping[str, Cost], recorded: Mapping[str, Mapping[str, float]] | None) -> bool:
    """Print each list's figures; return whether none is worse than the recorded one."""
    worse = []
    for name, cost in costs.items():
        if recorded is None or name not in recorded:
            print(f"{name}: " + ", ".join(f"{one} {number:.2f}" for one, number in cost.figures.items()))
            continue
        words, is_worse = compared(cost.figures, recorded[name])
        print(f"{name}: {words}")
        worse += [name] if is_worse else []
    if recorded is None:
        print(f"nothing is recorded for Python {VERSION}: nothing to compare with")
    elif worse:
        print(f"worse by more than {ALLOWED - 1:.0%}: {', '.join(worse)}")
    else:
        print(f"none is worse by more than {ALLOWED - 1:.0%}")
    return not worse


def most_called(costs: Mapping[str, Cost]) -> str:
    """Return the functions that are called most, with their calls for an item of each list, as a table."""
    names = {name for cost in costs.values() for name in cost.functions}

    def calls(name: str) -> list[float]:
        return [cost.functions.get(name, 0.0) for cost in costs.values()]

    first = sorted(names, key=lambda name: (-max(calls(name)), name))[:SHOWN]
    head = "".join(f"{name:>9}" for name in costs) + "   calls an item of"
    return "\n".join([head, *("".join(f"{n:9.2f}" for n in calls(name)) + f"   {name}" for name in first)])


def record(costs: Mapping[str, Cost], path: Path = RECORDED) -> None:
    """Write the figures for this version of Python; those for others stay."""
    kept = read(path)
    kept[VERSION] = {name: cost.figures for name, cost in costs.items()}
    path.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read(path: Path = RECORDED) -> dict[str, dict[str, dict[str, float]]]:
    """Read the recorded figures, by version of Python."""
    kept: dict[str, dict[str, dict[str, float]]] = {}
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
    return kept


def main() -> None:
    """Count, and compare or record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--record", action="store_true", help="write the figures anew")
    recording = parser.parse_args().record
    costs = {name: measure(make(number)) for name, (make, number) in LISTS.items()}
    if recording:
        record(costs)
    better = verdict(costs, read().get(VERSION))
    print(f"\n{most_called(costs)}")
    if not better:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
