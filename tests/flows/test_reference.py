"""The pages of the reference that are written by hand say what the code does."""

import ast
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import attrs
import pytest
from rich.console import Console

import sbtransfer.errors as errors
import sbtransfer.journal.schema as schema
from sbtransfer.cli import events
from sbtransfer.cli.exits import Exit, exit_for
from sbtransfer.items import ITEM_TYPES
from sbtransfer.models import OutcomeState
from sbtransfer.progress import Progress
from sbtransfer.settings import PLATFORM_TITLES, PLATFORMS
from sbtransfer.worklist.traps import TrapName
from tests.acceptance.commands import Served, folder, sbtransfer, serve, served, written

__all__ = ["folder", "serve", "served"]

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
IMPORT = ("import", "list.csv", "--volume", "rfranklin/input", "--project", "rfranklin/my-project", "--json")


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def sections(name: str) -> dict[str, str]:
    """Return the parts of a page whose headings are code, by heading."""
    return dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", page(name), re.DOTALL | re.MULTILINE))


def rows(text: str) -> list[list[str]]:
    """Return the rows of the tables in a text, without their heads."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if "|" in line
    ]
    rules = [number for number, line in enumerate(lines) if set(line[0]) == {"-"}]
    return [line for number, line in enumerate(lines) if number not in rules and number + 1 not in rules]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# The journal ----------------------------------------------------------------------------------------------


def test_the_tables_of_a_journal() -> None:
    described = {
        name: [(code(row[0])[0], row[1]) for row in rows(text)] for name, text in sections("journal").items()
    }
    connection = sqlite3.connect(":memory:")
    schema.create(connection)
    found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    columns = "SELECT name, type FROM pragma_table_info(?)"
    assert described == {name: connection.execute(columns, (name,)).fetchall() for (name,) in found}
    for query in re.findall(r"```sql\n(.*?)```", page("journal"), re.DOTALL):
        assert connection.execute(query).fetchall() == []
    connection.close()


def test_the_marks_of_a_journal_and_its_states() -> None:
    text = page("journal")
    assert f"`{schema.APPLICATION_ID:#x}`" in text
    assert f"the version of the schema, {schema.VERSION}." in text
    assert ", ".join(f"{number} `{state}`" for number, state in enumerate(OutcomeState)) in text


# Exit codes -----------------------------------------------------------------------------------------------


def test_the_exit_codes() -> None:
    shown = {code(row[1])[0]: int(row[0]) for row in rows(page("exit-codes")) if len(row) == 4}
    assert shown == {one.name: one.value for one in Exit}


def test_the_exit_codes_of_errors() -> None:
    told = {
        name: int(row[1])
        for row in rows(page("exit-codes"))
        if len(row) == 2 and row[0] != "all others"
        for name in code(row[0])
    }
    given: dict[str, tuple[Any, ...]] = {
        "APIError": (403,),
        "UnauthorizedError": (401,),
        "ConsecutiveFailuresError": (400,),
        "InvalidItemError": ("VolumeImport", "name", "is empty"),
        "WorkListError": (["list.csv:2: bad"],),
    }
    ours = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.SBTransferError)
    }
    assert set(told) <= set(ours)
    for name, kind in ours.items():
        assert exit_for(kind(*given.get(name, ()))) == told.get(name, Exit.INCOMPLETE), name


# Events ---------------------------------------------------------------------------------------------------


def told() -> dict[str, set[str]]:
    return {name: {code(row[0])[0] for row in rows(text)} for name, text in sections("events").items()}


def emitted(lines: str) -> dict[str, set[str]]:
    """Return which fields each event of an output had, over all events of that name."""
    found: dict[str, set[str]] = {}
    for event in map(json.loads, lines.splitlines()):
        found.setdefault(event.pop("event"), set()).update(event)
    return found


def test_every_event_that_the_code_writes_has_a_section() -> None:
    names = []
    for node in ast.walk(ast.parse(Path(events.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "emit":
            names.append(ast.literal_eval(node.args[0]))
    assert sorted(names) == sorted(told())


@pytest.mark.usefixtures("folder")
def test_the_events_of_a_run(served: Served) -> None:
    written("list.csv", ("location",), [("runs/0.gz",), ("runs/0.gz",), ("missing/1.gz",)])
    options = ("--allow-name-collisions", "--results", "results.jsonl")
    found = emitted(sbtransfer(*IMPORT, *options, served=served).stdout)
    assert {"trap", "connecting", "started", "journal", "outcome", "ended", "results"} <= set(found)
    item = {field.name for kind in ITEM_TYPES.values() for field in attrs.fields(kind)}
    found["outcome"] -= item
    for name, fields in found.items():
        assert fields == told()[name], name


@pytest.mark.usefixtures("folder")
def test_the_events_of_an_end_by_an_error(served: Served) -> None:
    written("list.csv", ("location",), [("runs/0.gz",)])
    done = sbtransfer(*IMPORT, served=served, env={"SB_AUTH_TOKEN": "f" * 32})
    assert json.loads(done.stdout.splitlines()[-1])["exit_code"] == done.returncode == Exit.REFUSED
    assert emitted(done.stdout)["error"] == told()["error"]


def test_the_events_of_progress_and_of_what_was_not_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    teller = events.Events(Console(), "import")
    teller.looked(["project rfranklin/my-project: no answer"])
    teller.update(Progress())
    found = emitted(capsys.readouterr().out)
    assert found == {name: told()[name] for name in ("unchecked", "progress")}


def test_all_traps_are_named() -> None:
    assert set(code(rows(sections("events")["trap"])[0][1])) == set(TrapName.__args__)  # type: ignore[attr-defined]


# Configuration --------------------------------------------------------------------------------------------


def test_every_variable_that_the_code_reads_is_told() -> None:
    shown = {name for row in rows(page("configuration")) if len(row) == 2 for name in code(row[0])}
    read = {
        name
        for file in (ROOT / "sbtransfer").rglob("*.py")
        if "simulator" not in file.parts
        for name in re.findall(r"(?:environ\.get\(|VARIABLE = )\"(\w+)\"", file.read_text(encoding="utf-8"))
    }
    assert {"SB_API_ENDPOINT", "SBTRANSFER_DATABASE", "XDG_STATE_HOME"} <= read
    assert read <= shown


def test_the_platforms() -> None:
    shown = {
        code(row[0])[0]: (row[1], code(row[2])[0]) for row in rows(page("configuration")) if len(row) == 3
    }
    assert shown == {name: (PLATFORM_TITLES[name], PLATFORMS[name]) for name in PLATFORMS}
