"""The lists that users already have: which one a list is, and how its own names become an item's fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from typing import Any
from urllib.parse import quote, urlsplit

from attrs import frozen

from sbtransfer.errors import InvalidItemError
from sbtransfer.worklist.places import shown


@frozen
class Dialect:
    """One way to write a list.

    `columns` says under which name of the list's own a field is found; `own` are all such names. `uri` makes
    the DRS URI of them where it is not written out. Names that are neither own nor a field's are metadata of
    the file where `has_metadata`, and a mistake elsewhere; so are those in `also_metadata`, although they
    are fields, too.
    """

    title: str
    is_drs: bool = True
    has_metadata: bool = True
    columns: Mapping[str, str] = {}
    own: frozenset[str] = frozenset()
    also_metadata: frozenset[str] = frozenset()
    uri: Callable[[Mapping[str, Any]], str] | None = None

    def fields(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields that the dialect's own names give."""
        fields = {field: given[name] for field, name in self.columns.items() if name in given}
        if self.uri and "drs_uri" in fields:
            fields["drs_uri"] = self.uri(given)
        return fields


def recognise(names: Set[str], *, tabular: bool) -> Dialect:
    """Return the dialect that has these names."""
    if names >= RESULT_MARKS:
        return RESULTS
    if "drs_uri" in names:
        return DRS_MANIFEST if tabular else DRS_ITEMS
    if names >= GDC_MARKS:
        return GDC
    if names >= GEN3_MARKS:
        return GEN3
    return ITEMS


# The fields under their own names, which are also those of the official client's dicts.
ITEMS = Dialect("list of items", is_drs=False, has_metadata=False)
DRS_ITEMS = Dialect("list of DRS items", has_metadata=False)

# What `--results` writes: an item's fields, and what became of it.
RESULT_MARKS = frozenset({"index", "state", "job_id", "file_id", "error_code", "error_message"})
RESULTS = Dialect(
    "results file",
    is_drs=False,
    has_metadata=False,
    own=RESULT_MARKS | {"attempts", "submitted_on", "finished_on", "skipped"},
)
RESULT_STATES = frozenset({"COMPLETED", "FAILED", "UNCONFIRMED", "ALL"})

# What the portals of the CRDC and of Kids First write for the CGC and CAVATICA.
DRS_MANIFEST = Dialect("DRS manifest", also_metadata=frozenset({"size", "md5"}))


def _gdc_uri(given: Mapping[str, Any]) -> str:
    return f"drs://nci-crdc.datacommons.io/{given['id']}"


GDC_MARKS = frozenset({"id", "filename", "md5", "size"})
GDC = Dialect(
    "GDC manifest",
    columns={"drs_uri": "id", "name": "filename", "ref": "id", "size": "size", "md5": "md5"},
    own=GDC_MARKS | {"state"},
    uri=_gdc_uri,
)

_DATAGUID = re.compile(r"(dg\.[^/:]+)[/:](.+)")


def _gen3_uri(given: Mapping[str, Any]) -> str:
    # Assumption: where the id has a prefix, the compact form is the one to send, with or without a
    # commons_url. Resolvers know the prefixes, it is how such ids are written elsewhere, and a slash inside
    # an id would have to be escaped behind a host name. Only an id without a prefix needs the host.
    object_id = given["object_id"]
    if not isinstance(object_id, str):
        raise InvalidItemError("DRSImport", "drs_uri", f"must be text, not {shown(object_id)}")
    if object_id.startswith("drs://"):
        return object_id
    if compact := _DATAGUID.fullmatch(object_id):
        return f"drs://{compact[1]}:{compact[2]}"
    if host := _host(given.get("commons_url")):
        return f"drs://{host}/{quote(object_id, safe='')}"
    raise InvalidItemError(
        "DRSImport",
        "drs_uri",
        f"{shown(object_id)} has no prefix such as 'dg.4DFC/': give the commons_url that it belongs to",
    )


def _host(commons_url: object) -> str:
    # Written with and without the scheme.
    url = commons_url if isinstance(commons_url, str) else ""
    try:
        return urlsplit(url if "://" in url else f"//{url}").netloc
    except ValueError:  # no URL at all, such as one with an unclosed bracket
        return ""


GEN3_MARKS = frozenset({"object_id"})
GEN3 = Dialect(
    "Gen3 manifest",
    columns={
        "drs_uri": "object_id",
        "name": "file_name",
        "ref": "object_id",
        "size": "file_size",
        "md5": "md5sum",
    },
    own=GEN3_MARKS | {"file_name", "file_size", "md5sum", "commons_url"},
    uri=_gen3_uri,
)
