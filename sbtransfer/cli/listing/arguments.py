"""What options of lists are given: whose a project or a volume is, and sizes in bytes."""

from __future__ import annotations

import re

import click

OWNED = "OWNER/NAME"

_OWNED = re.compile(r"[^/\s]+/[^/\s]+")
_BYTES = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,9}))?([KMGT]?)")


def owned(text: str) -> str:
    """Check that a project or a volume is named by its `owner/name`."""
    if not _OWNED.fullmatch(text) or not text.isprintable():
        raise click.BadParameter(f"{text!r} must look like 'owner/name'")
    return text


def size(text: str) -> int:
    """Read a size in bytes; K, M, G and T stand for powers of 1024."""
    written = _BYTES.fullmatch(text.strip().upper())
    if written is None or (written[2] and not written[3]):
        raise click.BadParameter(f"{text!r} is no size in bytes, such as 500, 20M or 1.5G")
    whole, part, unit = written.groups(default="")
    scaled = int(whole + part) << 10 * " KMGT".index(unit or " ")
    return scaled // int("1" + "0" * len(part))
