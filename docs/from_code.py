"""Sphinx: pages that are filled in from the code, so that they cannot go stale.

A line `<!-- from code: commands -->` in a page becomes the help of every command, as click has it;
`<!-- from code: rooms -->` becomes a table of the rooms, with what each says of itself, and
`<!-- from code: log_events -->` the events of the log with their fields.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import click

from sbtransfer import events
from sbtransfer.cli import cli
from tests.rooms import LAYERS, says

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# What Markdown would take for something else: an option, whose dashes become one, and signs with a meaning.
_SPECIAL = re.compile(r"(?<![\w-])(--?[a-z][\w-]*)|([*_\[\]<>`~#|{}$])")
_MARK = re.compile(r"^<!-- from code: (\w+) -->$", re.MULTILINE)


def commands() -> str:
    """Return the help of all commands, as Markdown."""
    context = click.Context(cli, info_name="sbtransfer", **cli.context_settings)
    return "\n".join(line for one in _walk(context) for line in _command(one))


def _walk(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name, command in context.command.commands.items():
            if not command.hidden:
                yield from _walk(click.Context(command, context, info_name=name))


def _command(context: click.Context) -> Iterator[str]:
    command = context.command
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (f"## {context.command_path}", "", "```text", f"{context.command_path} {usage}", "```", "")
    yield from _paragraphs(command.help or "")
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield f"- [`{name}`](#{_slug(context, name)}): {below.get_short_help_str(200)}"
        yield ""
    for option in command.params:
        record = option.get_help_record(context) if isinstance(option, click.Option) else None
        if record is not None:
            yield f"- `{record[0]}`: {_escaped(record[1])}"
    yield ""
    yield from _paragraphs(command.epilog or "")


def _slug(context: click.Context, name: str) -> str:
    return f"{context.command_path} {name}".replace(" ", "-")


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of a help text; what click would not wrap is shown as it stands."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = paragraph.splitlines()
        if lines and lines[0].strip() == "\b":
            # A word before an example is not a part of it.
            said = [line for line in lines[1:2] if line.endswith(":")]
            yield from (*said, "", "```text", *(line.strip() for line in lines[1 + len(said) :]), "```", "")
        elif paragraph:
            yield from (_escaped(" ".join(line.strip() for line in lines)), "")


def _escaped(text: str) -> str:
    """Return words as they are meant, though Markdown has a meaning for some of their characters."""
    return _SPECIAL.sub(lambda found: f"`{found[1]}`" if found[1] else f"\\{found[2]}", text)


def rooms() -> str:
    """Return a table of all rooms, the highest layer first."""
    head = ("| layer | room | what it says of itself |", "|---|---|---|")
    order = sorted(LAYERS, key=lambda room: (-LAYERS[room], room))
    return "\n".join((*head, *(f"| {LAYERS[room]} | `{room}` | {says(room)} |" for room in order)))


def log_events() -> str:
    """Return a section for each event of the log, with its level and a table of its fields."""
    return "\n".join(line for event in events.ALL.values() for line in _event(event))


def _event(event: events.Event) -> Iterator[str]:
    yield from (f"## `{event.name}`", "", f"Level `{logging.getLevelName(event.level)}`.", "")
    yield from ("| field | what it tells |", "|---|---|")
    yield from (f"| `{name}` | {what} |" for name, what in event.fields.items())
    yield ""


PARTS: Mapping[str, Callable[[], str]] = {"commands": commands, "rooms": rooms, "log_events": log_events}


def filled_in(page: str) -> str:
    """Return a page with all that the code says in its place."""
    return _MARK.sub(lambda mark: PARTS[mark[1]](), page)


def _read(_app: Sphinx, _name: str, content: list[str]) -> None:
    content[0] = filled_in(content[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Have every page filled in when it is read."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}
