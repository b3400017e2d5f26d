"""The three verbs that transfer a work list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from sbtransfer.cli.exits import Exit
from sbtransfer.cli.options import (
    autorename,
    conflict_resolution,
    copy_only,
    destination,
    example,
    overwrite,
    resend_ambiguous,
    tags,
    verify_drs,
    volume,
)
from sbtransfer.cli.shared import Shared, shared

if TYPE_CHECKING:
    from rich.console import Console

    from sbtransfer.items import Kind


@click.command(
    "import",
    epilog=example("sbtransfer import files.csv --volume rfranklin/input --project rfranklin/my-project"),
)
@destination
@volume
@overwrite
@autorename
@shared
def import_(console: Console, given: Shared, defaults: Mapping[str, object]) -> Exit:
    """Bring files from a volume to the platform.

    WORKLIST is a CSV, TSV, JSON or JSONL file, or - for standard input. Its columns are volume, location,
    project or parent, and optionally name, overwrite, autorename, preserve_folder_structure and ref.
    """
    return _transfer(console, "import", given, defaults)


@click.command(epilog=example("sbtransfer export files.csv --volume rfranklin/output --copy-only"))
@volume
@overwrite
@copy_only
@shared
def export(console: Console, given: Shared, defaults: Mapping[str, object]) -> Exit:
    """Send files from the platform to a volume.

    WORKLIST is a CSV, TSV, JSON or JSONL file, or - for standard input. Its columns are file (an id), volume,
    location, and optionally overwrite, properties, copy_only and ref. Without --copy-only the platform's file
    becomes an alias of the new object, so it cannot be exported twice.
    """
    return _transfer(console, "export", given, defaults)


@click.command(
    "drs-import", epilog=example("sbtransfer drs-import gdc_manifest.tsv --project rfranklin/my-project")
)
@destination
@conflict_resolution
@tags
@verify_drs
@resend_ambiguous
@shared
def drs_import(console: Console, given: Shared, defaults: Mapping[str, object]) -> Exit:
    """Bring files to the platform by their DRS URIs.

    WORKLIST is a DRS manifest of the CGC or CAVATICA, a GDC or Gen3 manifest, or a list with the columns
    drs_uri, project or parent, and optionally name, metadata, conflict_resolution, tags and ref; - is
    standard input.
    """
    return _transfer(console, "drs", given, defaults)


def _transfer(console: Console, kind: Kind, given: Shared, defaults: Mapping[str, object]) -> Exit:
    from sbtransfer.cli.move import move_list  # brings the client, which takes a while to import

    return move_list(console, kind, given, defaults)
