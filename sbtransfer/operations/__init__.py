"""What differs between the kinds of transfer: how they are created, read and matched."""

from __future__ import annotations

from collections.abc import Mapping

from sbtransfer.http.api import API
from sbtransfer.items import Kind
from sbtransfer.operations.bulk import Bulk
from sbtransfer.operations.drs import DRS
from sbtransfer.operations.operation import Operation


def operations(api: API) -> Mapping[Kind, Operation]:
    """Return the way of each kind."""
    return {"import": Bulk.imports(api), "export": Bulk.exports(api), "drs": DRS(api)}
