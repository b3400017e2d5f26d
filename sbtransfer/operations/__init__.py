"""What differs between the kinds of transfer: how they are created, read and matched."""

from __future__ import annotations

from collections.abc import Mapping

from sbtransfer.http.api import API
from sbtransfer.items import Kind
from sbtransfer.operations.bulk import Bulk
from sbtransfer.operations.drs import DRS
from sbtransfer.operations.job_search import JobSearch
from sbtransfer.operations.name_search import NameSearch
from sbtransfer.operations.operation import Operation
from sbtransfer.operations.search import Search


def operations(api: API, *, verify_drs: bool = True) -> Mapping[Kind, Operation]:
    """Return the way of each kind."""
    return {"import": Bulk.imports(api), "export": Bulk.exports(api), "drs": DRS(api, verify_drs)}


def searches(api: API, *, resend_drs: bool = False) -> Mapping[Kind, Search]:
    """Return how what became of items in doubt is found out, for each kind."""
    return {
        "import": JobSearch.imports(api),
        "export": JobSearch.exports(api),
        "drs": NameSearch.of(api, resend=resend_drs),
    }
