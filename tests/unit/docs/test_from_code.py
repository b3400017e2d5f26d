"""Pages are filled in from the code when they are read."""

import click

from docs.from_code import commands, filled_in, log_events, rooms
from sbtransfer import events
from sbtransfer.cli import cli
from tests.rooms import LAYERS


def test_a_mark_gives_way_to_what_the_code_says() -> None:
    assert filled_in("# Rooms\n\n<!-- from code: rooms -->\n") == f"# Rooms\n\n{rooms()}\n"
    assert filled_in("No mark: `<!-- from code: rooms -->`.") == "No mark: `<!-- from code: rooms -->`."


def test_every_room_has_a_row_with_its_words() -> None:
    rows = [row.split(" | ") for row in rooms().splitlines()[2:]]
    assert sorted(row[1].strip("`") for row in rows) == sorted(LAYERS)
    assert all(len(row) == 3 and len(row[2]) > len(" |") for row in rows)


def test_every_command_has_a_section_with_all_of_its_options() -> None:
    sections = {part.partition("\n")[0]: part for part in ("\n" + commands()).split("\n## ")[1:]}
    for path, command in every(cli, "sbtransfer"):
        shown = sections.pop(path)
        options = [
            option for one in command.params if not getattr(one, "hidden", False) for option in one.opts
        ]
        assert [option for option in options if option.startswith("-") and option not in shown] == []
    assert sections == {}


def test_every_event_of_the_log_has_a_section_with_its_fields() -> None:
    sections = {part.partition("`")[0]: part for part in ("\n" + log_events()).split("\n## `")[1:]}
    assert list(sections) == list(events.ALL)
    for name, event in events.ALL.items():
        assert [field for field in event.fields if f"| `{field}` |" not in sections[name]] == []


def every(command: click.Command, path: str) -> list[tuple[str, click.Command]]:
    below = command.commands if isinstance(command, click.Group) else {}
    return [(path, command), *(one for name, its in below.items() for one in every(its, f"{path} {name}"))]


def test_examples_and_exit_codes_stand_as_they_are() -> None:
    text = commands()
    assert "Example:\n\n```text\nsbtransfer drs-import manifest.csv" in text
    assert "\b" not in text
