"""A report as one page of HTML, which needs nothing but itself: no network, no script, no font."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from html import escape
from importlib.resources import files
from string import Template

from sbtransfer.cli.console import plain
from sbtransfer.cli.report.causes import Example
from sbtransfer.cli.report.charts import axis_caption, budgets, timeline
from sbtransfer.cli.report.facts import LIMITS, Facts, Failure, SlowJob
from sbtransfer.cli.report.tally import Tally
from sbtransfer.cli.report.words import failed, further, heading, rates, unended
from sbtransfer.cli.telling import equation
from sbtransfer.cli.units import duration, moment, share

_STATES = ("completed", "failed", "unconfirmed", "unfinished")


def page_of(facts: Facts, tally: Tally) -> str:
    """Return the whole page."""
    where = f"{facts.verb} at {facts.endpoint} as {facts.user}" if facts.endpoint else facts.verb
    return Template(_own("page.html")).substitute(
        title=_text(f"{heading(facts)} - report of a transfer"),
        style=_own("page.css"),
        name=_text(facts.name),
        what=_text(where),
        tiles=_tiles(facts),
        equation=_text(equation(facts.counts)),
        unended=_paragraph(unended(facts), "unended"),
        next_steps=_next_steps(facts.next_steps),
        timeline=timeline(facts, tally),
        axis=axis_caption(facts),
        failures=_failures(facts),
        slowest=_slowest(facts.slowest),
        throughput=_throughput(facts),
        budgets=budgets(facts, tally),
        requests=f"{LIMITS.requests:,.0f}",
        files=f"{LIMITS.drs_files:,.0f}",
        notes="".join(map(partial(_paragraph, style="notes"), facts.notes)),
        made=_text(moment(facts.made_on)),
        version=_text(facts.version),
        input=_text(facts.input),
        path=_text(facts.path),
    )


def _own(name: str) -> str:
    return files(__package__ or "").joinpath(name).read_text(encoding="utf-8")


def _text(text: str) -> str:
    """Return text as it can stand in the page: others' words may hold markup and control characters."""
    return escape(plain(text))


def _paragraph(text: str, style: str) -> str:
    return f'<p class="{style}">{_text(text)}</p>' if text else ""


def _tiles(facts: Facts) -> str:
    counts = facts.counts
    tiles = [f'<div class="tile read"><b>{counts.read:,}</b><span>read</span></div>']
    for state in _STATES:
        number: int = getattr(counts, state)
        of_all = f'<span class="share">{_text(share(number, counts.read))}</span>'
        tiles.append(f'<div class="tile {state}"><b>{number:,}</b><span>{state}</span> {of_all}</div>')
    return "".join(tiles)


def _next_steps(steps: Iterable[str]) -> str:
    rows = "".join(f"<li>{_step(step)}</li>" for step in steps)
    return f'<section class="next" aria-label="What to do next"><ul>{rows}</ul></section>' if rows else ""


def _step(step: str) -> str:
    """Return a step with its command as such."""
    words, colon, command = step.partition(": ")
    return f"{_text(words)}: <code>{_text(command)}</code>" if colon else _text(step)


def _failures(facts: Facts) -> str:
    if not facts.failures:
        return "<p>Every item that has ended was completed.</p>"
    return "".join(map(_failure, facts.failures)) + _paragraph(further(facts), "further")


def _failure(failure: Failure) -> str:
    return (
        f'<div class="cause {_text(failure.state)}"><h3>{_text(failed(failure))}</h3>'
        f'<p class="message">{_text(failure.message)}</p>'
        f"<ul>{''.join(map(_example, failure.examples))}</ul></div>"
    )


def _example(example: Example) -> str:
    ref = "" if example.ref is None else f", ref {example.ref}"
    place = f"index {example.index}, {example.subject}{ref}"
    message = f'<span class="message">{_text(example.message)}</span>'
    return f'<li><span class="place">{_text(place)}</span> {message}</li>'


def _slowest(jobs: Iterable[SlowJob]) -> str:
    rows = "".join(map(_slow, jobs))
    if not rows:
        return "<p>No job times are known.</p>"
    return (
        '<table><thead><tr><th class="number" scope="col">took</th><th class="number" scope="col">index</th>'
        f'<th scope="col">item</th><th scope="col">job</th></tr></thead><tbody>{rows}</tbody></table>'
        '<p class="place">From submitted, by the clock of the machine that ran, to finished, by that of the'
        " platform.</p>"
    )


def _slow(job: SlowJob) -> str:
    return (
        f'<tr><td class="number" data-name="took">{_text(duration(job.seconds))}</td>'
        f'<td class="number" data-name="index">{job.index}</td>'
        f'<td data-name="item">{_text(job.subject)}</td>'
        f'<td data-name="job"><code>{_text(job.job_id or "not known")}</code></td></tr>'
    )


def _throughput(facts: Facts) -> str:
    rows = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in rates(facts))
    return f"<dl>{rows}</dl>" if rows else "<p>Not known without times.</p>"
