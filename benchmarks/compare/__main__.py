"""Speed against what users would use instead, in one run on one machine.

    python -m benchmarks.compare                          20,000 imports, at 0 and at 50 ms of latency
    python -m benchmarks.compare --items 200000 --latency 0 --rounds 1
    python -m benchmarks.compare --only "bare aiohttp" sbtransfer --json figures.json

A bare aiohttp loop without any bookkeeping, sevenbridges-python, and sbtransfer make the same calls. They
take turns, each in a process of its own, and the whole is repeated; the server is in another process, and
answers with text that it only fills in. Without latency jobs end at once, but only a look shows it; with
latency they take 0.5 to 3 s. Figures are medians of the rounds, ratios are taken within each round, and
`best` compares the least of all rounds, which other work on the machine disturbs least. Fails where not
every item was completed.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

from attrs import asdict

from benchmarks.compare.contenders import CONTENDERS
from benchmarks.compare.table import bars, table
from benchmarks.compare.turns import Setting, compare


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 50.0], help="of the server, in ms")
    parser.add_argument("--look", type=float, help="seconds between looks at jobs (0.01; with latency 1)")
    parser.add_argument("--in-flight", type=int, help="items under way at once, instead of 10,000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=tuple(CONTENDERS), metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single figure to a file")
    return parser.parse_args(words)


def main() -> None:
    """Print a table for each latency, then the bars."""
    given = arguments()
    told: list[object] = []
    verdicts: list[str] = []
    for latency in given.latency:
        setting = Setting.of(given.items, latency / 1000, given.look, given.in_flight)
        costs = compare(setting, given.rounds, given.only)
        told.append({"setting": asdict(setting), "costs": [asdict(one) for one in costs.values()]})
        verdicts += bars(costs, latency=bool(latency))
        print(f"{setting}; {given.rounds} rounds; load of the machine {os.getloadavg()[1]:.1f}")
        print(f"\n{table(costs)}\n", flush=True)
    print("\n".join(verdicts))
    if given.json is not None:
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
