"""A report in words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from sbtransfer.cli.console import plain
from sbtransfer.cli.report.facts import Budget, Facts, Failure
from sbtransfer.cli.telling import equation
from sbtransfer.cli.units import amount, count, duration, moment

_SHOWN = 300


def in_words(facts: Facts) -> str:
    """Return the report as lines, without anything in them that could steer a terminal."""
    parts = (_head, _failures, _slowest, _throughput, _budgets, _end)
    return "\n".join(plain(line) for part in parts for line in part(facts))


def heading(facts: Facts) -> str:
    """Return what the report is on."""
    where = f" at {facts.endpoint} as {facts.user}" if facts.endpoint else ""
    return f"{facts.name}: {facts.verb}{where}"


def unended(facts: Facts) -> str:
    """Return what a journal knows of items that have not ended, and of the length of the list."""
    journal = facts.journal
    if journal is None:
        return ""
    total = "was not read to its end yet" if journal.total is None else f"has {count(journal.total, 'item')}"
    return (
        f"{journal.under_way:,} under way, {journal.in_doubt:,} in doubt, {journal.waiting:,} waiting;"
        f" the list {total}"
    )


def failed(failure: Failure) -> str:
    """Return how many items ended so, and with which code."""
    code = "" if failure.code is None else f", code {failure.code}"
    return f"{failure.items:,} {failure.state}{code}"


def further(facts: Facts) -> str:
    """Return what the groups of failures leave out; empty if they leave out nothing."""
    if not facts.further_items:
        return ""
    return f"and {count(facts.further_items, 'item')} more, of {facts.further_causes:,} or more other causes"


def rates(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield how fast the run was, as names and values."""
    speed = facts.throughput
    if speed.items_per_hour is not None:
        yield "completed an hour", count(round(speed.items_per_hour), "item")
        yield "best five minutes", count(speed.best_five_minutes, "item")
        yield "last five minutes", count(speed.last_five_minutes, "item")
    if speed.bytes is not None:
        a_second = "" if speed.bytes_per_second is None else f", {amount(speed.bytes_per_second)} a second"
        yield "bytes", f"{amount(speed.bytes)} of {count(speed.sized, 'item')} whose size is known{a_second}"
    if facts.job_seconds_median is not None:
        yield "median of job times", duration(facts.job_seconds_median)
        yield "99th percentile", duration(facts.job_seconds_p99)
    if facts.sent_again:
        yield "in more than one call", count(facts.sent_again, "item")


def used(budget: Budget, what: str) -> str:
    """Return what was used of a limit."""
    return f"{what}: at most {budget.most:,} of {budget.limit:,}"


def _head(facts: Facts) -> Iterator[str]:
    yield heading(facts)
    yield f"{facts.input}: {facts.path}"
    yield equation(facts.counts)
    if facts.journal is not None:
        yield unended(facts)
    if facts.first_submitted is not None:
        yield f"first submitted {moment(facts.first_submitted)}"
        took = "" if facts.seconds is None else f", after {duration(facts.seconds)}"
        yield f"last finished   {moment(facts.last_finished)}{took}"


def _failures(facts: Facts) -> Iterator[str]:
    if not facts.failures:
        return
    yield ""
    yield "Not completed, by cause:"
    for failure in facts.failures:
        yield f"  {failed(failure)}: {_cut(failure.message)}"
        for example in failure.examples:
            ref = "" if example.ref is None else f" (ref {example.ref})"
            yield f"    index {example.index}, {example.subject}{ref}: {_cut(example.message)}"
    if facts.further_items:
        yield f"  {further(facts)}"


def _slowest(facts: Facts) -> Iterator[str]:
    if not facts.slowest:
        return
    yield ""
    yield "Slowest, from submitted to finished:"
    width = max(len(duration(slow.seconds)) for slow in facts.slowest)
    for slow in facts.slowest:
        job = "" if slow.job_id is None else f", job {slow.job_id}"
        yield f"  {duration(slow.seconds):>{width}}  index {slow.index}, {slow.subject}{job}"


def _throughput(facts: Facts) -> Iterator[str]:
    lines = list(rates(facts))
    if not lines:
        return
    yield ""
    yield "Throughput:"
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        yield f"  {name:{width}}  {value}"


def _budgets(facts: Facts) -> Iterator[str]:
    if not facts.create_calls.most:
        return
    yield ""
    yield "Used of the limits, in any five minutes:"
    yield f"  {used(facts.create_calls, 'create calls')}"
    if facts.drs_files is not None:
        yield f"  {used(facts.drs_files, 'DRS files')}"


def _end(facts: Facts) -> Iterator[str]:
    if facts.notes or facts.next_steps:
        yield ""
    yield from facts.notes
    yield from facts.next_steps


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
