"""Draws the pictures of the README: `nox -s pictures`. What they show is what the commands say now.

Commands are run as they are, against a simulated platform; the picture of the progress is taken in the middle
of a run on a virtual clock, which takes no time.
"""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from sbtransfer import Client, DRSImport
from sbtransfer.cli.progress import as_bar
from sbtransfer.cli.telling import Words
from sbtransfer.simulator import Durations, Platform
from sbtransfer.simulator.clock import run as run_virtually
from sbtransfer.testing import ServedPlatform, SimulatedTransport

HERE = Path(__file__).parent / "pictures"
WIDTH = 100
PROJECT = "rfranklin/my-project"
ITEMS = 3000
MIDWAY = 700  # seconds into the run, on its own clock
_FONTS = re.compile(r"@font-face\s*\{[^}]*\}\s*")


def recorder() -> Console:
    """Return a console that remembers what it was told; nothing is shown."""
    return Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, highlight=False)


def save(console: Console, name: str, title: str) -> None:
    """Write what a console remembers as a picture, which needs no font of anybody's."""
    picture = _FONTS.sub("", console.export_svg(title=title, theme=DIMMED_MONOKAI))
    (HERE / f"{name}.svg").write_text(picture, encoding="utf-8")


def typed(console: Console, *args: str, env: dict[str, str]) -> None:
    """Run a command and let the console remember it with all that it says."""
    console.print(Text(f"$ sbtransfer {' '.join(args)}", "bold"))
    done = subprocess.run(
        (sys.executable, "-m", "sbtransfer", *args),
        env={**os.environ, **env, "COLUMNS": str(WIDTH), "FORCE_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    for line in done.stdout.splitlines():
        console.print(Text.from_ansi(line), soft_wrap=False)


def draw_dry_run() -> None:
    """Draw a look at a list that holds traps."""
    rows = [(f"drs://data.example/{n:04}", f"sample-{n % 1990:04}.bam", 5_000_000 * n) for n in range(2000)]
    write("manifest.csv", ("drs_uri", "name", "size"), rows)
    console = recorder()
    typed(console, "drs-import", "manifest.csv", "--project", PROJECT, "--dry-run", env={})
    save(console, "dry_run", "sbtransfer drs-import --dry-run")


def draw_import(served: ServedPlatform) -> None:
    """Draw a run of which a part fails, and a report on it."""
    rows = [(f"runs/{'missing' if n % 97 == 5 else 'lane-1'}/{n:04}.fastq.gz",) for n in range(250)]
    write("objects.csv", ("location",), rows)
    env = {"SB_API_ENDPOINT": served.url, "SB_AUTH_TOKEN": served.platform.token}
    console = recorder()
    limits = ("--volume", "rfranklin/input", "--project", PROJECT, "--results", "results.csv")
    typed(console, "import", "objects.csv", *limits, env=env)
    save(console, "import", "sbtransfer import")
    console = recorder()
    typed(console, "report", "objects.csv.sbtransfer", env={})
    save(console, "report", "sbtransfer report")


def draw_progress() -> None:
    """Draw what is seen in the middle of a long run."""
    console = recorder()

    def items() -> Iterator[DRSImport]:
        for n in range(ITEMS):
            host = "unknown.example" if n % 400 == 250 else "data.example"
            yield DRSImport(drs_uri=f"drs://{host}/{n:04}", project=PROJECT, name=f"sample-{n:04}.bam")

    async def midway() -> None:
        platform = Platform(durations=Durations(cap=300), log=False)
        words = Words(console, "drs")
        async with Client(
            "https://cgc-api.sbgenomics.com/v2", platform.token, transport=SimulatedTransport(platform)
        ) as client:
            words.started(ITEMS, client.endpoint, "rfranklin")
            async with client.transfer(items(), total=ITEMS) as run:
                async for outcome in run:
                    words.ended_one(outcome)
                    if run.progress.elapsed > MIDWAY and run.progress.waiting_for:
                        break
                console.print(as_bar(run.progress, "drs"))

    run_virtually(midway())
    save(console, "progress", "sbtransfer drs-import")


def write(name: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table."""
    with Path(name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((header, *rows))


def main() -> None:
    """Draw all pictures anew."""
    HERE.mkdir(exist_ok=True)
    platform = Platform(durations=Durations(median=0.5, p99=2, pending=0), log=False)
    with TemporaryDirectory() as folder, chdir(folder), ServedPlatform(platform) as served:
        draw_dry_run()
        draw_import(served)
        draw_progress()


if __name__ == "__main__":
    main()
