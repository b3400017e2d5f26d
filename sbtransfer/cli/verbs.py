"""What each kind of transfer is called on the command line."""

from __future__ import annotations

from sbtransfer.items import Kind

VERBS: dict[Kind, str] = {"import": "import", "export": "export", "drs": "drs-import"}


def verb_for(kind: Kind | None) -> str:
    """Return the verb that transfers items of a kind; a word for all of them where the kind is not known."""
    return "transfer" if kind is None else VERBS[kind]
