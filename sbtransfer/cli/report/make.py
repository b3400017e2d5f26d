"""Making a report: read, then told in words or as JSON, and written as a page."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from sbtransfer.cli.console import say
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.output import PartFile
from sbtransfer.cli.report.facts import as_json as json_of, facts_of
from sbtransfer.cli.report.page import page_of
from sbtransfer.cli.report.read import read
from sbtransfer.cli.report.words import in_words
from sbtransfer.cli.results import exists
from sbtransfer.cli.shared import same
from sbtransfer.errors import SettingsError


def make(
    console: Console, path: Path, page: Path | None, examples: int, *, as_json: bool, force: bool
) -> Exit:
    """Tell of a journal or a results file."""
    if page is not None:
        check_page(page, path, force=force)
    reading = read(path, examples)
    if page is not None and reading.known is not None:
        reading.known.check_not_overwritten(page)
    facts = facts_of(reading)
    if page is not None:
        write_page(page, page_of(facts, reading.tally), force=force)
    # Not orjson: a message can hold what is not UTF-8, such as the name of a file.
    click.echo(json.dumps(json_of(facts), indent=2) if as_json else in_words(facts))
    if page is not None:
        say(console, f"page: {page}")
    return Exit.COMPLETED


def check_page(page: Path, path: Path, *, force: bool) -> None:
    """Raise `SettingsError` for a page that must not be written."""
    if same(page, path):
        raise SettingsError(f"{str(page)!r} is what the report is on: give the page another file")
    if page.exists() and not force:
        raise exists(page, "--html")


def write_page(page: Path, text: str, *, force: bool) -> None:
    """Write a page at once or not at all, for its owner alone.

    Raises `SettingsError` or `OutputError` if that cannot be done.
    """
    with PartFile(page, force=force, option="--html") as file:
        file.write(text)
