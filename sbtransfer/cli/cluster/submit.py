"""The verbs that hand a list to the workers of a cluster: one for each verb that transfers a list itself."""

from __future__ import annotations

from inspect import cleandoc
from typing import TYPE_CHECKING, Any

import attrs
import click

from sbtransfer.cli.cluster.database import DatabaseURL, with_database
from sbtransfer.cli.connection import Connection, connected, taken
from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import example
from sbtransfer.cli.shared import Shared
from sbtransfer.cli.transfer import drs_import, export, import_

if TYPE_CHECKING:
    from rich.console import Console

    from sbtransfer.items import Kind

OF_LISTS = frozenset({"work_list", "format", "only", "look_first", "allow_name_collisions"})
"""The options of the transferring verbs that say which list is meant, and what is looked for first."""

OF_LIMITS = frozenset({"requests_limit", "drs_limit"})
"""What the looks at the platform share with all workers."""

_OF_RUNS = {field.name for field in attrs.fields(Shared)} - OF_LISTS - OF_LIMITS
_OF_COMMANDS = {"verbose", "log_file", "debug"}
_SUBMITTED = (
    "Nothing is sent from here. The list is read as a whole and submitted as a whole, or not at all; the"
    " number of its run is printed, and workers, on whatever hosts, send it: 'sbtransfer cluster work'."
)


@click.group(epilog=example("sbtransfer cluster submit import files.csv --project rfranklin/my-project"))
def submit() -> None:
    """Hand a list to the workers of a cluster, and print the number of its run.

    The token says for whom: workers with a token of the same user send it. The token itself is not kept in
    the database.
    """


def borrowed(verb: click.Command) -> list[click.Parameter]:
    """Return those parameters of a verb that say what its list holds and what is to become of the items."""
    return [param for param in verb.params if param.name not in _OF_RUNS | _OF_COMMANDS]


def _submitting(verb: click.Command, kind: Kind, typed: str) -> click.Command:
    """Make the command that submits what a verb would transfer."""

    @click.command(
        verb.name,
        params=borrowed(verb),
        help=f"{cleandoc(verb.help or '')}\n\n{_SUBMITTED}",
        epilog=example(f"sbtransfer cluster submit {verb.name} {typed}"),
    )
    @click.option(
        "--name", metavar="NAME", help="A name for the run; the same user cannot submit it a second time."
    )
    @click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of the bare number.")
    @with_database(connected)
    def command(
        console: Console,
        connection: Connection,
        *,
        name: str | None,
        as_json: bool,
        database: DatabaseURL,
        **given: Any,
    ) -> Exit:
        from sbtransfer.cli.cluster.submission import Submission, submit_list

        submission = Submission(kind=kind, name=name, as_json=as_json, **taken(Submission, given))
        defaults = {field: value for field, value in given.items() if value not in (None, False, ())}
        return submit_list(console, connection, database, submission, defaults)

    return command


for _made in (
    _submitting(import_, "import", "files.csv --volume rfranklin/input --project rfranklin/my-project"),
    _submitting(export, "export", "files.csv --volume rfranklin/output --copy-only"),
    _submitting(drs_import, "drs", "gdc_manifest.tsv --project rfranklin/my-project"),
):
    submit.add_command(_made)
