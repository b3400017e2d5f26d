"""The work list that is submitted: a file, or standard input, read twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import frozen

from sbtransfer.cli.lists import SHOWN_PROBLEMS, raise_for_traps
from sbtransfer.worklist import Survey, WorkList, spool

if TYPE_CHECKING:
    from sbtransfer.items import Kind
    from sbtransfer.worklist import Format


@frozen(kw_only=True)
class Given:
    """What a command was given of its list; `look_first` is for the platform, too."""

    work_list: str
    format: Format | None = None
    only: tuple[str, ...] = ()
    look_first: bool = True
    allow_name_collisions: bool = False


@contextmanager
def surveyed(kind: Kind, given: Given, defaults: Mapping[str, object]) -> Iterator[tuple[WorkList, Survey]]:
    """Open a list and look it over; raises `WorkListError` for bad rows, and for traps that lose items."""
    with _opened(kind, given, defaults) as work_list:
        survey = work_list.survey(SHOWN_PROBLEMS)
        survey.check.raise_for_problems()
        if not given.allow_name_collisions:
            raise_for_traps(work_list.name, survey)
        yield work_list, survey


@contextmanager
def _opened(kind: Kind, given: Given, defaults: Mapping[str, object]) -> Iterator[WorkList]:
    if given.work_list != "-":
        path = Path(given.work_list)
        yield WorkList(path, kind, defaults=defaults, format=given.format, only=given.only)
        return
    if sys.stdin is None:
        raise click.UsageError("standard input is closed: give a file")
    with spool(sys.stdin.buffer) as path:
        yield WorkList(
            path, kind, defaults=defaults, format=given.format, name="standard input", only=given.only
        )
