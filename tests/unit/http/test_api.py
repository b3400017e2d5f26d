from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from sbtransfer import wire
from sbtransfer.budget import Grant, Share
from sbtransfer.errors import APIError, NoAnswerError, UnreadableAnswerError
from sbtransfer.exact import ExactBudget
from sbtransfer.http.admission import Admission
from sbtransfer.http.api import API
from sbtransfer.http.caller import Caller
from sbtransfer.http.credentials import Credentials
from sbtransfer.http.transport import Request
from sbtransfer.limits import Limits
from sbtransfer.models import Arrived, DRSJob, ErrorRecord, Job
from sbtransfer.resources import RateLimit, User
from sbtransfer.simulator.clock import run
from tests.support import ScriptedTransport, Step, a_drs, an_export, an_import, refusal, reply

ENDPOINT = "https://api.example.org/v2"
IMPORT = {
    "id": "i1",
    "state": "PENDING",
    "source": {"volume": "rosa/input", "location": "runs/1.fastq.gz"},
    "destination": {"project": "rosa/study", "name": "1.fastq.gz"},
}
EXPORT = {
    "id": "e1",
    "state": "RUNNING",
    "source": {"file": "5f1e"},
    "destination": {"volume": "rosa/output", "location": "out/5f1e"},
}
DRS = {"id": "d/1", "state": "SUBMITTED", "result": []}


def api_with(*steps: Step, **scripts: Any) -> tuple[API, ScriptedTransport]:
    transport = ScriptedTransport(list(steps), **scripts)
    return API(
        Caller(ENDPOINT, transport, Credentials("token"), Limits(requests=100, drs_files=100))
    ), transport


def call(work: Callable[[API], Awaitable[Any]], *steps: Step) -> tuple[Any, list[Request]]:
    """Make a call and return what it came to, and what was sent."""

    async def main() -> tuple[Any, list[Request]]:
        api, transport = api_with(*steps)
        return await work(api), [request for _, request in transport.sent]

    return run(main())


def admission() -> Admission:
    return Admission("submit")


def test_imports_are_created() -> None:
    items = [an_import(), an_import("runs/2.fastq.gz")]
    answer = reply(
        200, {"items": [{"resource": IMPORT}, {"error": {"status": 404, "code": 9002, "message": "no"}}]}
    )
    records, (request,) = call(lambda api: api.create_imports(items, admission()), answer)
    assert records == [
        Job("i1", "PENDING", ("rosa/input", "runs/1.fastq.gz", "rosa/study", None, "1.fastq.gz")),
        ErrorRecord(404, 9002, "no"),
    ]
    assert (request.method, request.url) == ("POST", f"{ENDPOINT}/bulk/storage/imports/create")
    assert request.body == wire.bulk_imports(items)
    assert request.query == ()


@pytest.mark.parametrize("copy_only", [False, True])
def test_exports_are_created(copy_only: bool) -> None:
    items = [an_export(copy_only=copy_only), an_export("5f1f", copy_only=copy_only)]
    answer = reply(200, {"items": [{"resource": EXPORT}, {}]})
    records, (request,) = call(lambda api: api.create_exports(items, admission()), answer)
    assert records == [Job("e1", "RUNNING", ("5f1e", "rosa/output", "out/5f1e")), None]
    assert (request.method, request.url) == ("POST", f"{ENDPOINT}/bulk/storage/exports/create")
    assert request.body == wire.bulk_exports(items)
    assert request.query == ((("copy_only", "true"),) if copy_only else ())
    assert request.headers.get("X-Sbg-Advance-Access") == ("Advance" if copy_only else None)


def test_drs_imports_are_created() -> None:
    items = [a_drs(tags=["x"]), a_drs("drs://a/2", tags=["x"])]
    job, (request,) = call(lambda api: api.create_drs(items, admission()), reply(200, DRS))
    assert job == DRSJob("d/1", "SUBMITTED")
    assert (request.method, request.url) == ("POST", f"{ENDPOINT}/bulk/drs/imports/create")
    assert request.body == wire.bulk_drs(items)


@pytest.mark.parametrize(
    ("work", "path", "name", "record"),
    [
        (lambda api: api.get_imports(["i1", "i2"]), "/bulk/storage/imports/get", "import_ids", IMPORT),
        (lambda api: api.get_exports(["i1", "i2"]), "/bulk/storage/exports/get", "export_ids", EXPORT),
    ],
)
def test_jobs_are_read_in_bulk(
    work: Callable[[API], Awaitable[Any]], path: str, name: str, record: Any
) -> None:
    answer = reply(200, {"items": [{"resource": record}, {"error": {"message": "gone"}}]})
    (job, error), (request,) = call(work, answer)
    assert job == record["id"]
    assert error == ErrorRecord(message="gone")
    assert (request.method, request.url) == ("POST", ENDPOINT + path)
    assert request.body is not None
    assert orjson.loads(request.body) == {name: ["i1", "i2"]}


def test_a_drs_job_is_read_by_its_quoted_id() -> None:
    answer = reply(200, DRS | {"state": "FINISHED", "result": [{"resource": {"id": "f1"}}]})
    job, (request,) = call(lambda api: api.get_drs("d/1"), answer)
    assert job == DRSJob("d/1", "FINISHED", (Arrived("f1"),))
    assert (request.method, request.url) == ("GET", f"{ENDPOINT}/bulk/drs/imports/d%2F1")


def test_the_user() -> None:
    user, (request,) = call(lambda api: api.user(), reply(200, {"username": "rosa"}))
    assert user == User("rosa")
    assert (request.method, request.url) == ("GET", f"{ENDPOINT}/user")


def test_the_rate_limit_is_not_counted() -> None:
    async def main() -> None:
        rate = {"rate": {"limit": 1000, "remaining": 990, "reset": 1_700_000_300}}
        api, transport = api_with(probes=[reply(200, rate)])
        assert await api.rate_limit() == RateLimit(1000, 990, 1_700_000_300.0)
        assert transport.probed[0][1].url == f"{ENDPOINT}/rate_limit"
        assert api.caller.requests.left == 100

    run(main())


def creates(api: API) -> list[Awaitable[Any]]:
    return [
        api.create_imports([an_import()], admission()),
        api.create_exports([an_export()], admission()),
        api.create_drs([a_drs()], admission()),
    ]


def reads(api: API) -> list[Awaitable[Any]]:
    return [api.get_imports(["i1"]), api.get_exports(["e1"]), api.get_drs("d1"), api.user()]


def test_creates_are_sent_once() -> None:
    async def main() -> None:
        failures: list[Step] = [NoAnswerError("hung up"), reply(502, b"<html>"), NoAnswerError("hung up")]
        api, transport = api_with(*failures)
        for create in creates(api):
            with pytest.raises((NoAnswerError, APIError)):
                await create
        assert len(transport.sent) == 3

    run(main())


def test_reads_are_repeated() -> None:
    async def main() -> None:
        bodies: list[object] = [
            {"items": [{"resource": IMPORT}]},
            {"items": [{"resource": EXPORT}]},
            DRS,
            {"username": "r"},
        ]
        steps: list[Step] = [step for body in bodies for step in (NoAnswerError("hung up"), reply(200, body))]
        api, transport = api_with(*steps)
        for read in reads(api):
            assert await read
        assert len(transport.sent) == 8

    run(main())


def test_reads_and_creates_raise_what_was_refused() -> None:
    async def main() -> None:
        api, _ = api_with(*[refusal(404, 9002)] * 7)
        for work in (*creates(api), *reads(api)):
            with pytest.raises(APIError) as caught:
                await work
            assert caught.value.code == 9002

    run(main())


def test_what_cannot_be_read_says_so() -> None:
    async def main() -> None:
        api, _ = api_with(*[reply(200, b"<html>")] * 40)
        for work in (*creates(api), *reads(api)):
            with pytest.raises(UnreadableAnswerError):
                await work

    run(main())


class Turns(ExactBudget):
    """A budget that remembers who asked for a turn."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.shares: list[Share] = []

    async def acquire(self, amount: int = 1, share: Share = "submit", *, partial: bool = False) -> Grant:
        self.shares.append(share)
        return await super().acquire(amount, share, partial=partial)


def test_reads_take_their_turn_as_what_they_are() -> None:
    async def main() -> None:
        bodies: list[object] = [{"items": []}, {"items": []}, DRS, {"username": "rosa"}]
        api, _ = api_with(*(reply(200, body) for body in bodies))
        turns = api.caller.requests = Turns(100, 300.0)
        for read in reads(api):
            await read
        assert turns.shares == ["poll", "poll", "poll", "list"]

    run(main())


def test_the_files_of_a_folder_are_counted() -> None:
    answer = reply(200, {"items": []}, X_Total_Matching_Query="31")
    count, (request,) = call(lambda api: api.count_files("f/1"), answer)
    assert count == 31
    assert (request.method, request.url) == ("GET", f"{ENDPOINT}/files")
    assert request.query == (("parent", "f/1"), ("limit", "1"))


def test_a_list_that_does_not_say_its_length_cannot_be_counted() -> None:
    with pytest.raises(UnreadableAnswerError, match="how many"):
        call(lambda api: api.count_files("f1"), *[reply(200, {"items": []})] * 4)


# Lists ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "path", "filters"),
    [
        (lambda api: api.list_imports(200), "/storage/imports", ()),
        (lambda api: api.list_exports(200), "/storage/exports", ()),
        (lambda api: api.list_imports(200, "a/b"), "/storage/imports", (("volume", "a/b"),)),
        (lambda api: api.list_exports(200, "a/b"), "/storage/exports", (("volume", "a/b"),)),
        (lambda api: api.list_files(200, "c/d"), "/files", (("project", "c/d"),)),
        (lambda api: api.list_files(200, parent="f1"), "/files", (("parent", "f1"),)),
    ],
)
def test_lists_are_asked_for_with_all_fields(
    work: Callable[[API], Awaitable[Any]], path: str, filters: tuple[tuple[str, str], ...]
) -> None:
    answer = reply(200, {"items": [], "links": []}, X_Total_Matching_Query="200")
    page, (request,) = call(work, answer)
    assert page == wire.Page((), 0, 200, is_last=True)
    assert (request.method, request.url) == ("GET", ENDPOINT + path)
    assert request.query == (("fields", "_all"), ("limit", "100"), ("offset", "200"), *filters)


FILE = {"id": "f1", "name": "a.bam", "type": "file"}


@pytest.mark.parametrize(
    ("work", "record", "read"),
    [
        (lambda api: api.list_imports(0), IMPORT, lambda body: wire.read_import_page(*body)),
        (lambda api: api.list_exports(0), EXPORT, lambda body: wire.read_export_page(*body)),
        (lambda api: api.list_files(0, "c/d"), FILE, lambda body: wire.read_file_page(*body)),
    ],
)
def test_lists_are_read_as_what_they_are(
    work: Callable[[API], Awaitable[Any]], record: dict[str, Any], read: Callable[[Any], wire.Page[Any]]
) -> None:
    links = [{"rel": "next", "href": "…"}]
    answer = reply(200, {"items": [record], "links": links}, X_Total_Matching_Query="101")
    page, _ = call(work, answer)
    assert page == read((answer.body, answer.headers))
    assert (page.entries[0].id, page.total, page.is_last) == (record["id"], 101, False)


def lists(api: API) -> list[Awaitable[Any]]:
    return [api.list_imports(0), api.list_exports(0), api.list_files(0, "c/d")]


def test_lists_take_their_turn_as_recovery() -> None:
    async def main() -> None:
        page = reply(200, {"items": [], "links": []}, X_Total_Matching_Query="0")
        api, _ = api_with(*[page] * 3)
        turns = api.caller.requests = Turns(100, 300.0)
        for read in lists(api):
            await read
        assert turns.shares == ["recover"] * 3

    run(main())


@pytest.mark.parametrize("trouble", [NoAnswerError("hung up"), reply(502, b"<html>"), reply(200, {})])
def test_lists_are_repeated(trouble: Step) -> None:
    async def main() -> None:
        page = reply(200, {"items": [], "links": []}, X_Total_Matching_Query="0")
        api, transport = api_with(*[trouble, page] * 3)
        for read in lists(api):
            assert (await read).entries == ()
        assert len(transport.sent) == 6

    run(main())


# Jobs in full --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "path", "name", "record"),
    [
        (lambda api: api.import_details(["i0", "i1"]), "/bulk/storage/imports/get", "import_ids", IMPORT),
        (lambda api: api.export_details(["e0", "e1"]), "/bulk/storage/exports/get", "export_ids", EXPORT),
    ],
)
def test_jobs_in_full_are_known_by_their_ids(
    work: Callable[[API], Awaitable[Any]], path: str, name: str, record: dict[str, Any]
) -> None:
    answer = reply(200, {"items": [{"error": {"status": 404, "message": "gone"}}, {"resource": record}]})
    found, (request,) = call(work, answer)
    unknown, known = f"{record['id'][0]}0", record["id"]
    assert found[unknown] == ErrorRecord(404, None, "gone")
    assert (found[known].id, found[known].state) == (known, record["state"])
    assert (request.method, request.url) == ("POST", ENDPOINT + path)
    assert request.body is not None
    assert orjson.loads(request.body) == {name: [unknown, known]}
