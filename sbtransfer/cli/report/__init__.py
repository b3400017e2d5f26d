"""The verb that tells of a run: what became of its items, why, and how fast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import example, guarded

if TYPE_CHECKING:
    from rich.console import Console


@click.command(epilog=example("sbtransfer report manifest.csv.sbtransfer --html report.html"))
@click.argument(
    "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="JOURNAL|RESULTS"
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page with plots, too: one file that needs nothing else.",
)
@click.option(
    "--examples",
    type=click.IntRange(min=0, max=1000),
    default=3,
    show_default=True,
    metavar="N",
    help="How many items to show of each cause of failure.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@guarded
def report(
    console: Console, path: Path, page: Path | None, examples: int, *, as_json: bool, force: bool
) -> Exit:
    """Tell of a run: counts, failures by cause, slowest jobs, throughput.

    JOURNAL is the file that a run has kept, and a run may be at work on it; RESULTS is what --results wrote.
    Needs neither the network nor a token. The exit code is 0 whatever became of the items.
    """
    from sbtransfer.cli.report.make import make

    return make(console, path, page, examples, as_json=as_json, force=force)
