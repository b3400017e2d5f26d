"""`kill -9` at random moments, and everything else going wrong besides: nothing lost, nothing done twice.

    python -m benchmarks.crash                       200 kills over runs of 5,000 items, 8 % faults
    python -m benchmarks.crash --kills 20 --seed 7   fewer kills, at other moments

This process is the platform, behind a real socket. A child process transfers a mixed list with a journal, is
killed, is started again with the same journal, and so on until it is through; then the next run begins with a
fresh platform. What the journal says is compared with what the platform did. Ends with 1 where they differ.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from attrs import define, field

from benchmarks.crash.child import Scale
from benchmarks.crash.run import Run, Settings

SHOWN = 10
"""How many complaints of a run are printed."""


@define
class Tally:
    """All runs together."""

    runs: list[Run] = field(factory=list)

    @property
    def kills(self) -> int:
        """Kills that hit a living child."""
        return sum(run.kills.total() for run in self.runs)

    @property
    def lost(self) -> int:
        """Items without an outcome, and completed ones that are not there."""
        return sum(run.verdict.lost for run in self.runs)

    @property
    def twice(self) -> int:
        """Things that were created once more than asked for."""
        return sum(run.verdict.twice for run in self.runs)

    @property
    def complaints(self) -> list[str]:
        """All that went wrong, in words."""
        troubles = [run.trouble for run in self.runs if run.trouble is not None]
        return troubles + [line for run in self.runs for line in run.verdict.complaints]


async def crash(settings: Settings, folder: Path) -> Tally:
    """Run lists until there were so many kills; print a line for each run."""
    tally = Tally()
    while tally.kills < settings.kills:
        number = len(tally.runs) + 1
        run = Run(settings, settings.seed + number - 1, folder / f"run-{number}")
        run.folder.mkdir()
        await run.to_the_end(settings.kills - tally.kills)
        tally.runs.append(run)
        print(line_of(number, run), flush=True)
        if run.ok:
            shutil.rmtree(run.folder)
        for complaint in tuple(filter(None, (run.trouble, *run.verdict.complaints)))[:SHOWN]:
            print(f"     {complaint}", flush=True)
        if run.trouble is not None and not run.kills:
            break  # A child that ends by itself each time would be started for ever.
    return tally


HEAD = (
    f"{'run':>4} {'seed':>5} {'kills':>6} {'lost':>5} {'twice':>6} {'wrong':>6} {'unconfirmed':>12} "
    f"{'failed':>7} {'faults':>7} {'s':>7}"
)


def line_of(number: int, run: Run) -> str:
    """Return a run's line of the table."""
    verdict = run.verdict
    return (
        f"{number:>4} {run.seed:>5} {run.kills.total():>6} {verdict.lost:>5} {verdict.twice:>6} "
        f"{verdict.wrong:>6} {verdict.unconfirmed:>12} {verdict.failed:>7} "
        f"{len(run.platform.faults_log):>7} {run.seconds:>7.1f}"
    )


def scaling(scale: Scale) -> str:
    """Say how the times were scaled."""
    return (
        f"platform at speed {scale.speed:g} (jobs, limits, late work up to {scale.latest:.2f} s); "
        f"settle {scale.settle:.2f} s instead of 120, timeout {scale.timeout:.2f} s instead of 120"
    )


def summary(settings: Settings, tally: Tally) -> str:
    """Return what all runs came to."""
    kills, met, faults = Counter[str](), Counter[str](), Counter[str]()
    for run in tally.runs:
        kills += run.kills
        met += run.met
        faults.update(kind for _, kind, _, _ in run.platform.faults_log)
    verdicts = [run.verdict for run in tally.runs]
    return "\n".join(
        (
            f"{tally.kills} kills in {len(tally.runs)} runs of {settings.items:,} items: "
            f"{tally.lost} lost, {tally.twice} twice, {sum(one.wrong for one in verdicts)} wrong, "
            f"{sum(one.unconfirmed for one in verdicts)} unconfirmed, "
            f"{sum(run.seconds for run in tally.runs):.0f} s",
            f"killed: {_shown(kills)}",
            f"left in the journal: {_shown(met)}",
            f"faults: {faults.total()} ({_shown(faults)})",
            scaling(settings.scale),
        )
    )


def _shown(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.most_common()) or "none"


def arguments(words: Sequence[str] | None = None) -> Settings:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="kill -9 at random moments: nothing lost, nothing twice.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--items", type=int, default=5000, help="items of each run")
    parser.add_argument("--seed", type=int, default=1, help="the first run's; each further one adds 1")
    parser.add_argument("--faults", type=float, default=0.08, help="the share of calls that go wrong")
    parser.add_argument("--in-flight", type=int, default=500, help="items under way at once")
    parser.add_argument("--speed", type=float, default=200.0, help="of the platform, 1 is the real one's")
    parser.add_argument("--uvloop", action="store_true", help="the child runs on uvloop")
    given = vars(parser.parse_args(words))
    return Settings(scale=Scale(given.pop("speed")), **given)


def main() -> None:
    """Run what the command line asks for."""
    settings, folder = arguments(), Path(tempfile.mkdtemp(prefix="crash-"))
    print(f"{scaling(settings.scale)}\n\n{HEAD}", flush=True)
    tally = asyncio.run(crash(settings, folder))
    print(f"\n{summary(settings, tally)}")
    if tally.complaints:
        raise SystemExit(f"{len(tally.complaints)} complaints; the journals are kept in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
