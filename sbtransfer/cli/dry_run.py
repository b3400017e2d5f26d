"""What a transfer would do, told without asking the platform anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import click
import orjson
from attrs import frozen

from sbtransfer.cli.console import plain
from sbtransfer.cli.estimate import Estimate, estimate
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.known import Known, look_if_there
from sbtransfer.cli.lists import SHOWN_PROBLEMS, journal_of, opened
from sbtransfer.cli.next_steps import so_far
from sbtransfer.cli.options import Rate
from sbtransfer.cli.progress import span
from sbtransfer.cli.shared import Shared
from sbtransfer.cli.units import amount, count
from sbtransfer.cli.verbs import VERBS
from sbtransfer.items import Kind
from sbtransfer.worklist import Names, Survey


@frozen(kw_only=True)
class Plan:
    """What would be sent, at what cost; `known` is what a journal of the list holds already."""

    name: str
    survey: Survey
    estimate: Estimate
    requests: Rate
    files: Rate
    known: Known | None
    allow_name_collisions: bool

    @property
    def stops(self) -> bool:
        """Whether a run would refuse the list."""
        collisions = self.survey.stops and not self.allow_name_collisions
        return bool(self.survey.check.total_problems or collisions)


def dry_run(kind: Kind, shared: Shared, defaults: Mapping[str, object]) -> Exit:
    """Look over a command's list and write what would be done to standard output."""
    with opened(kind, shared, defaults) as work_list:
        plan = _plan(work_list.name, work_list.survey(SHOWN_PROBLEMS), shared)
    if shared.as_json:
        click.echo(orjson.dumps(as_dict(plan), option=orjson.OPT_INDENT_2))
    else:
        for line in words(plan):
            click.echo(plain(line))
    return Exit.USAGE if plan.stops else Exit.COMPLETED


def _plan(name: str, survey: Survey, shared: Shared) -> Plan:
    journal = None if shared.work_list == "-" else journal_of(shared)
    limits = shared.requests_limit, shared.drs_limit
    return Plan(
        name=name,
        survey=survey,
        estimate=estimate(survey.kind, survey.check.items, survey.calls, *limits),
        requests=shared.requests_limit,
        files=shared.drs_limit,
        known=None if journal is None else look_if_there(journal),
        allow_name_collisions=shared.allow_name_collisions,
    )


def as_dict(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON has it; times are in seconds, sizes in bytes."""
    survey, estimate = plan.survey, plan.estimate
    return {
        "list": plan.name,
        "verb": VERBS[survey.kind],
        "items": survey.check.items,
        "calls": estimate.calls,
        "looks_at_least": estimate.looks,
        "seconds_at_least": estimate.seconds,
        "bound_by": estimate.bound,
        "limits": {"requests": str(plan.requests), "drs_files": str(plan.files)},
        "size": survey.size,
        "sized": survey.sized,
        "projects": list(survey.places.projects),
        "parents": list(survey.places.parents),
        "volumes": list(survey.places.volumes),
        "bad_rows": survey.check.total_problems,
        "problems": survey.check.problems,
        "traps": [attrs.asdict(trap) for trap in survey.traps],
        "journal": None if plan.known is None else attrs.asdict(plan.known.counts),
        "would_start": not plan.stops,
    }


def words(plan: Plan) -> Iterator[str]:
    """Yield the lines that tell a person of a plan."""
    survey, check = plan.survey, plan.survey.check
    yield f"{plan.name}: {count(check.items, 'item')} for {VERBS[survey.kind]}; nothing was sent"
    for name, value in _facts(plan):
        yield f"  {name:8}  {value}"
    if plan.known is not None:
        yield so_far(plan.known)
    if check.total_problems:
        yield f"{count(check.total_problems, 'bad row')}:"
        yield from (f"  {problem}" for problem in check.problems)
        if check.total_problems > len(check.problems):
            yield f"  … and {check.total_problems - len(check.problems):,} more"
    for trap in survey.traps:
        yield f"{'trap' if trap.stops else 'note'}: {trap}"
        yield from (f"  {example}" for example in trap.examples)
    yield "A run would stop before it sends anything." if plan.stops else "A run would start."


def _facts(plan: Plan) -> Iterator[tuple[str, str]]:
    survey, estimate, places = plan.survey, plan.estimate, plan.survey.places
    if survey.sized:
        yield "size", f"{amount(survey.size)}, as {survey.sized:,} of {survey.check.items:,} tell"
    for name, names in (
        ("projects", places.projects),
        ("folders", places.parents),
        ("volumes", places.volumes),
    ):
        if names.first:
            yield name, _few(names)
    yield (
        "requests",
        f"{count(estimate.calls, 'create')} and at least {count(estimate.looks, 'look')} at jobs",
    )
    yield (
        "limits",
        f"{_rate(plan.requests, 'requests')}"
        + (f", {_rate(plan.files, 'DRS files')}" if survey.kind == "drs" else ""),
    )
    yield "time", _time(estimate)


def _time(estimate: Estimate) -> str:
    if estimate.bound is None:
        return "the limits are no hindrance; it takes as long as the platform's jobs"
    return f"at least {span(estimate.seconds)}, for the limit of {estimate.bound}; then the last jobs' time"


def _rate(rate: Rate, what: str) -> str:
    return f"{rate.amount:,} {what} in any {rate.seconds:g} s"


def _few(names: Names, shown: int = 5) -> str:
    first = list(names)[:shown]
    hidden = len(names.first) - len(first)
    more = f" and {'at least ' * names.more}{hidden:,} more" if hidden else ""
    return ", ".join(first) + more
