"""Both clients are given the same items: what they send must be the same, but for what is listed here."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import pytest
from attrs import frozen

from sbtransfer import Client, DRSImport, Item, VolumeExport, VolumeImport
from sbtransfer.simulator import Delivery, Durations, Platform, Request
from tests.acceptance.commands import Served
from tests.conformance.official import INPUT, OUTPUT, PROJECT, Connect, Official

HEADERS = ("X-SBG-Auth-Token", "Authorization", "Content-Type", "X-Sbg-Advance-Access")
ABSENT = "(absent)"

Dicts = Sequence[Mapping[str, Any]]

IMPORTS: Dicts = [
    {"volume": INPUT, "location": "runs/1.gz", "project": PROJECT},
    {
        "volume": INPUT,
        "location": "runs/2024-01/",
        "parent": "5f1e",
        "name": "january ü",
        "overwrite": True,
        "autorename": False,
        "preserve_folder_structure": False,
    },
]
EXPORTS: Dicts = [
    {"file": "f1", "volume": OUTPUT, "location": "out/1"},
    {
        "file": "f2",
        "volume": OUTPUT,
        "location": "out/ü 2",
        "overwrite": True,
        "properties": {"sse_algorithm": "AES256", "aws_canned_acl": "public-read"},
    },
]
DRS: Dicts = [
    {"drs_uri": "drs://data.example/1", "project": PROJECT},
    {
        "drs_uri": "drs://data.example/2",
        "parent": "5f1e",
        "name": "second",
        "metadata": {"sample_id": "s2", "age": 7},
    },
]
TAGGED: Mapping[str, Any] = {"tags": ["a", "b"], "conflict_resolution": "RENAME"}


@frozen
class Difference:
    """Where our client means to send something else, and why."""

    ours: object
    theirs: object
    why: str


DIFFERENCES = {
    ("exports", "query copy_only"): Difference(ABSENT, ["False"], "the default need not be said"),
    ("exports", "body items 0 properties"): Difference(ABSENT, {}, "what the item does not have is not sent"),
    ("copies", "query copy_only"): Difference(["true"], ["True"], "true is how the documentation writes it"),
    ("copies", "header X-Sbg-Advance-Access"): Difference(
        "Advance", ABSENT, "copies are an advance-access feature; theirs leaves that to a setting of the user"
    ),
    ("copies", "body items 0 properties"): Difference(ABSENT, {}, "what the item does not have is not sent"),
    ("DRS imports", "body tags"): Difference(ABSENT, None, "a call without tags need not say so"),
    ("DRS jobs", "body"): Difference(ABSENT, None, "a GET needs no body; theirs writes null into every one"),
}


@frozen
class Case:
    """A call, as a pattern of its method and path, in the course of moving some items in both ways."""

    call: str
    items: Sequence[Item]
    theirs: Callable[[Official], object]


class Recorder(Platform):
    """Keeps the requests that come in; of the same seed, so that the same calls get the same ids."""

    def __init__(self) -> None:
        super().__init__(durations=Durations(median=0.01, p99=0.01, pending=0))
        self.received: list[Request] = []

    def receive(self, request: Request, now: float) -> Delivery:
        self.received.append(request)
        return super().receive(request, now)

    def one(self, call: str) -> Request:
        """Return the first request that was such a call."""
        return next(sent for sent in self.received if re.fullmatch(call, f"{sent.method} {sent.path}"))


def bring(api: Official) -> None:
    api.imports.bulk_get([record.resource for record in api.imports.bulk_submit(IMPORTS)])


def send(api: Official, **options: object) -> None:
    api.exports.bulk_get([record.resource for record in api.exports.bulk_submit(EXPORTS, **options)])


def resolve(api: Official, **options: object) -> None:
    job = api.drs_imports.bulk_submit([dict(item) for item in DRS], **options)
    while job.state != "FINISHED":
        job = api.drs_imports.bulk_get(job.id)
    api.files.bulk_get([entry.resource for entry in job.result])


def copy(api: Official) -> None:
    send(api, copy_only=True)


def resolve_tagged(api: Official) -> None:
    resolve(api, **TAGGED)


def cases() -> Iterator[tuple[str, Case]]:
    brought = [VolumeImport(**item) for item in IMPORTS]
    yield "imports", Case("POST /bulk/storage/imports/create", brought, bring)
    yield "import jobs", Case("POST /bulk/storage/imports/get", brought, bring)
    sent = [VolumeExport(**item) for item in EXPORTS]
    yield "exports", Case("POST /bulk/storage/exports/create", sent, send)
    yield "export jobs", Case("POST /bulk/storage/exports/get", sent, send)
    copied = [VolumeExport(**item, copy_only=True) for item in EXPORTS]
    yield "copies", Case("POST /bulk/storage/exports/create", copied, copy)
    yield "copies' jobs", Case("POST /bulk/storage/exports/get", copied, copy)
    resolved = [DRSImport(**item) for item in DRS]
    yield "DRS imports", Case("POST /bulk/drs/imports/create", resolved, resolve)
    yield "DRS jobs", Case("GET /bulk/drs/imports/[0-9a-f]+", resolved, resolve)
    yield "files", Case("POST /bulk/files/get", resolved, resolve)
    tagged = [DRSImport(**item, **TAGGED) for item in DRS]
    yield "tagged DRS imports", Case("POST /bulk/drs/imports/create", tagged, resolve_tagged)


CASES = dict(cases())


def sent_by_ours(case: Case) -> Request:
    async def transfer(url: str) -> None:
        async with Client(url, platform.token, polling=0.05) as client, client.transfer(case.items) as run:
            assert [outcome.ok async for outcome in run] == [True] * len(case.items)

    platform = Recorder()
    with Served(platform) as served:
        asyncio.run(transfer(served.url))
    return platform.one(case.call)


def sent_by_theirs(case: Case, connect: Connect) -> Request:
    platform = Recorder()
    case.theirs(connect(platform))
    return platform.one(case.call)


def fields_of(request: Request) -> dict[str, object]:
    """Return all that counts of a request, one entry for each field, however deep in the body it is."""
    fields: dict[str, object] = {"method": request.method, "path": request.path}
    fields |= {f"query {name}": list(values) for name, values in request.query.items()}
    headers = {name: request.headers.get(name.lower(), ABSENT) for name in HEADERS}
    fields |= {f"header {name}": value for name, value in headers.items()}
    return fields | (dict(_leaves("body", orjson.loads(request.body))) if request.body else {})


def _leaves(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict) and value:
        entries: Iterator[tuple[object, object]] = iter(value.items())
    elif isinstance(value, list) and value:
        entries = iter(enumerate(value))
    else:
        yield name, value
        return
    for key, inner in entries:
        yield from _leaves(f"{name} {key}", inner)


@pytest.mark.parametrize("name", CASES)
def test_both_clients_send_the_same_but_for_what_is_listed(connect: Connect, name: str) -> None:
    ours, theirs = fields_of(sent_by_ours(CASES[name])), fields_of(sent_by_theirs(CASES[name], connect))
    pairs = {field: (ours.get(field, ABSENT), theirs.get(field, ABSENT)) for field in {*ours, *theirs}}
    differing = {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}
    listed = {field: (it.ours, it.theirs) for (case, field), it in DIFFERENCES.items() if case == name}
    assert differing == listed


def test_what_is_listed_belongs_to_a_case_and_has_a_reason() -> None:
    assert {case for case, _ in DIFFERENCES} <= set(CASES)
    assert all(difference.why for difference in DIFFERENCES.values())


def test_all_that_the_items_say_is_compared(connect: Connect) -> None:
    fields = fields_of(sent_by_theirs(CASES["imports"], connect))
    assert fields["header X-SBG-Auth-Token"] == Platform().token
    assert fields["header Content-Type"] == "application/json"
    assert fields["body items 1 destination name"] == "january ü"
    assert fields["body items 1 preserve_folder_structure"] is False
