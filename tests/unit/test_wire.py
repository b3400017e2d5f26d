from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from sbtransfer import wire
from sbtransfer.errors import APIError, UnauthorizedError, UnreadableAnswerError
from sbtransfer.items import Item, VolumeExport, VolumeImport
from sbtransfer.models import Arrived, DRSJob, ErrorRecord, Job
from sbtransfer.resources import FileDetails, RateLimit, User
from sbtransfer.wire import Page
from tests.support import a_drs, an_export, an_import


def body(data: object) -> bytes:
    return orjson.dumps(data)


# Items to bodies -----------------------------------------------------------------------------------------


def test_an_import_as_the_platform_wants_it() -> None:
    sent = wire.bulk_imports([an_import("runs/1.bam")])
    assert orjson.loads(sent) == {
        "items": [
            {
                "source": {"volume": "rosa/input", "location": "runs/1.bam"},
                "destination": {"project": "rosa/study"},
                "overwrite": False,
            }
        ]
    }


def test_an_import_with_everything() -> None:
    item = VolumeImport(
        volume="rosa/input",
        location="runs/",
        parent="5f1e",
        name="copies",
        overwrite=True,
        autorename=False,
        preserve_folder_structure=True,
        ref="mine",
    )
    assert orjson.loads(wire.bulk_imports([item])) == {
        "items": [
            {
                "source": {"volume": "rosa/input", "location": "runs/"},
                "destination": {"parent": "5f1e", "name": "copies"},
                "overwrite": True,
                "autorename": False,
                "preserve_folder_structure": True,
            }
        ]
    }


def test_exports_as_the_platform_wants_them() -> None:
    plain = VolumeExport(file="f1", volume="rosa/output", location="a/1")
    rich = VolumeExport(
        file="f2",
        volume="rosa/output",
        location="a/2",
        overwrite=True,
        properties={"sse_algorithm": "aws:kms", "sse_aws_kms_key_id": None},
        copy_only=True,
        ref=2,
    )
    assert orjson.loads(wire.bulk_exports([plain, rich])) == {
        "items": [
            {
                "source": {"file": "f1"},
                "destination": {"volume": "rosa/output", "location": "a/1"},
                "overwrite": False,
            },
            {
                "source": {"file": "f2"},
                "destination": {"volume": "rosa/output", "location": "a/2"},
                "overwrite": True,
                "properties": {"sse_algorithm": "aws:kms", "sse_aws_kms_key_id": None},
            },
        ]
    }


def test_drs_imports_as_the_platform_wants_them() -> None:
    options: dict[str, Any] = {"conflict_resolution": "RENAME", "tags": ["blood", "2024"]}
    items = [
        a_drs("drs://a/1", **options),
        a_drs(
            "drs://a/2", project=None, parent="5f1e", name="x/2.bam", metadata={"age": 7}, ref=1, **options
        ),
    ]
    assert orjson.loads(wire.bulk_drs(items)) == {
        "conflict_resolution": "RENAME",
        "tags": ["blood", "2024"],
        "items": [
            {"drs_uri": "drs://a/1", "project": "rosa/study"},
            {"drs_uri": "drs://a/2", "parent": "5f1e", "name": "x/2.bam", "metadata": {"age": 7}},
        ],
    }


def test_no_tags_are_not_sent() -> None:
    assert orjson.loads(wire.bulk_drs([a_drs()])) == {
        "conflict_resolution": "SKIP",
        "items": [{"drs_uri": "drs://dg.4DFC:1", "project": "rosa/study"}],
    }


def test_the_order_of_the_items_is_kept() -> None:
    locations = [f"runs/{n}" for n in range(100)]
    sent = orjson.loads(wire.bulk_imports([an_import(location) for location in locations]))
    assert [one["source"]["location"] for one in sent["items"]] == locations


def test_names_of_all_alphabets_arrive() -> None:
    sent = wire.bulk_imports([an_import("läufe/☃.bam", name="Δ 1%.bam")])
    (item,) = orjson.loads(sent)["items"]
    assert (item["source"]["location"], item["destination"]["name"]) == ("läufe/☃.bam", "Δ 1%.bam")


@pytest.mark.parametrize("name", ["import_ids", "export_ids"])
def test_ids(name: str) -> None:
    assert orjson.loads(wire.ids(name, ("a", "b"))) == {name: ["a", "b"]}


@pytest.mark.parametrize(
    ("job_id", "quoted"), [("aB3-_x", "aB3-_x"), ("a/b", "a%2Fb"), ("a?b#c", "a%3Fb%23c"), ("ü", "%C3%BC")]
)
def test_an_id_stays_in_its_place_in_a_path(job_id: str, quoted: str) -> None:
    assert wire.segment(job_id) == quoted


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        (
            an_import(name="n", ref=7),
            {
                "volume": "rosa/input",
                "location": "runs/1.fastq.gz",
                "project": "rosa/study",
                "name": "n",
                "ref": 7,
            },
        ),
        (
            an_export(copy_only=True),
            {"file": "5f1e", "volume": "rosa/output", "location": "out/5f1e", "copy_only": True},
        ),
        (
            a_drs(metadata={"a": 1}),
            {"drs_uri": "drs://dg.4DFC:1", "project": "rosa/study", "metadata": {"a": 1}},
        ),
    ],
)
def test_an_item_as_the_official_clients_dict(item: Item, fields: dict[str, Any]) -> None:
    assert wire.flat(item) == fields
    assert type(item)(**wire.flat(item)) == item


# Records -------------------------------------------------------------------------------------------------


def import_record(**fields: Any) -> dict[str, Any]:
    return {
        "href": "https://cgc-api.sbgenomics.com/v2/storage/imports/i1",
        "id": "i1",
        "state": "PENDING",
        "overwrite": False,
        "source": {"volume": "rosa/input", "location": "runs/1.bam"},
        "destination": {"project": "rosa/study", "name": "1.bam"},
    } | fields


def export_record(**fields: Any) -> dict[str, Any]:
    return {
        "id": "e1",
        "state": "RUNNING",
        "source": {"file": "f1"},
        "destination": {"volume": "rosa/output", "location": "out/1.bam"},
        "properties": {"sse_algorithm": None},
    } | fields


def read_import(**fields: Any) -> wire.Record:
    (record,) = wire.read_imports(body({"items": [{"resource": import_record(**fields)}]}))
    return record


def listed_import(**fields: Any) -> Job:
    """Read a job as a list tells of it."""
    (job,) = wire.read_import_page(a_page(import_record(**fields)), TOTAL).entries
    assert isinstance(job, Job)
    return job


def looked_at(**fields: Any) -> wire.Look:
    """Read a job as a look shows it."""
    (record,) = wire.read_looks(body({"items": [{"resource": import_record(**fields)}]}))
    return record


def test_a_look_reads_only_what_it_wants_to_know() -> None:
    assert looked_at() == "i1"
    done = looked_at(state="COMPLETED", result={"id": "f7"}, finished_on="2024-05-01T10:00:30Z")
    assert done == Job("i1", "COMPLETED", (), "f7", finished_on=datetime(2024, 5, 1, 10, 0, 30, tzinfo=UTC))
    failed = looked_at(state="FAILED", error={"code": 9002, "message": "no such object"})
    assert failed == Job("i1", "FAILED", (), None, ErrorRecord(None, 9002, "no such object"))
    assert looked_at(id=7) is None
    assert looked_at(state="") is None
    assert looked_at(state="FAILED", error="text") is None


def test_an_import_job_under_way() -> None:
    assert read_import() == Job("i1", "PENDING", ("rosa/input", "runs/1.bam", "rosa/study", None, "1.bam"))


def test_an_import_job_that_was_completed() -> None:
    job = listed_import(
        state="COMPLETED",
        result={"id": "f7", "name": "1.bam", "href": "…"},
        started_on="2024-05-01T10:00:00Z",
        finished_on="2024-05-01T10:00:30Z",
        error=None,
    )
    assert isinstance(job, Job)
    assert (job.state, job.file_id, job.error) == ("COMPLETED", "f7", None)
    assert job.started_on == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert job.finished_on == datetime(2024, 5, 1, 10, 0, 30, tzinfo=UTC)


def test_an_import_job_that_failed() -> None:
    error = {
        "status": 404,
        "code": 9002,
        "message": "no such object",
        "more_info": "https://docs.example/9002",
    }
    job = read_import(state="FAILED", error=error)
    assert isinstance(job, Job)
    assert job.error == ErrorRecord(404, 9002, "no such object", "https://docs.example/9002")
    assert job.file_id is None


def test_an_export_job() -> None:
    (job,) = wire.read_exports(body({"items": [{"resource": export_record()}]}))
    assert job == Job("e1", "RUNNING", ("f1", "rosa/output", "out/1.bam"))


def test_a_result_may_be_a_bare_id() -> None:
    job = read_import(state="COMPLETED", result="f7")
    assert isinstance(job, Job)
    assert job.file_id == "f7"


def test_fields_that_nobody_knows_are_no_harm() -> None:
    record = {"resource": import_record(new_field={"a": [1]}), "also_new": 1}
    (job,) = wire.read_imports(body({"href": "…", "items": [record], "next": None}))
    assert isinstance(job, Job)


def test_records_stay_in_their_places() -> None:
    records = [
        {"resource": import_record(id="i1")},
        {"error": {"status": 403, "code": 9100, "message": "read only"}},
        {},
        {"resource": import_record(id="i4"), "error": None},
        {"resource": None, "error": {"code": 1, "message": "m"}},
    ]
    first, second, third, fourth, fifth = wire.read_imports(body({"items": records}))
    assert isinstance(first, Job)
    assert isinstance(fourth, Job)
    assert (first.id, fourth.id) == ("i1", "i4")
    assert second == ErrorRecord(403, 9100, "read only")
    assert third is None
    assert fifth == ErrorRecord(None, 1, "m")


def without(record: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != name}


@pytest.mark.parametrize(
    "record",
    [
        None,
        7,
        "text",
        [],
        {},
        {"resource": None},
        {"resource": None, "error": None},
        {"resource": "i1"},
        {"resource": [1]},
        {"error": "text"},
        {"error": 7},
        *({"resource": without(import_record(), name)} for name in ("id", "state", "source", "destination")),
        {"resource": import_record(id="")},
        {"resource": import_record(id=7)},
        {"resource": import_record(state=None)},
        {"resource": import_record(source={"volume": "rosa/input"})},
        {"resource": import_record(source={"volume": "rosa/input", "location": None})},
        {"resource": import_record(destination=None)},
        {"resource": import_record(state="FAILED", error="text")},
    ],
)
def test_a_record_that_cannot_be_read_is_a_hole(record: object) -> None:
    records = [{"resource": import_record(id="i1")}, record, {"resource": import_record(id="i3")}]
    first, hole, third = wire.read_imports(body({"items": records}))
    assert hole is None
    assert isinstance(first, Job)
    assert isinstance(third, Job)


@pytest.mark.parametrize(
    ("record", "read"),
    [
        (import_record(source={"volume": {"id": "rosa/input"}, "location": "a"}), wire.read_imports),
        (import_record(destination={"project": {"id": "rosa/study"}, "name": "a"}), wire.read_imports),
        (import_record(destination={"project": "rosa/study", "name": ["a"]}), wire.read_imports),
        (export_record(source={"file": {"id": "f1"}}), wire.read_exports),
    ],
)
def test_an_echo_that_is_no_text_is_a_hole(
    record: dict[str, Any], read: Callable[[bytes], list[wire.Record]]
) -> None:
    assert read(body({"items": [{"resource": record}]})) == [None]


@pytest.mark.parametrize("read", [wire.read_imports, wire.read_exports])
@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"null", b"[]", b"7", b"{}", b'{"items": null}', b'{"items": {}}', b'{"items": ['],
)
def test_an_answer_without_items_is_unreadable(read: Callable[[bytes], object], answer: bytes) -> None:
    with pytest.raises(UnreadableAnswerError):
        read(answer)


def test_an_empty_list_is_readable() -> None:
    assert wire.read_imports(b'{"items": []}') == []


def test_what_is_not_json_is_shown_in_part() -> None:
    with pytest.raises(UnreadableAnswerError, match=r"not JSON \(10,006 bytes\): '<html>x"):
        wire.read_imports(b"<html>" + b"x" * 10_000)


# Echoes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "source", "destination"),
    [
        (an_import("runs/1.bam"), "runs/1.bam", {"project": "rosa/study", "name": "1.bam"}),
        (an_import("runs/1.bam"), "runs/1.bam", {"project": "rosa/study"}),
        (an_import("runs/1.bam"), "runs/1.bam", {"project": "rosa/study", "parent": None, "name": None}),
        (an_import("runs/1.bam", name="2.bam"), "runs/1.bam", {"project": "rosa/study", "name": "2.bam"}),
        (an_import("runs/"), "runs", {"project": "rosa/study", "name": "runs"}),
        (an_import("/runs/1.bam"), "runs/1.bam", {"project": "rosa/study"}),
        (an_import("1.bam", project=None, parent="5f1e"), "1.bam", {"parent": "5f1e", "name": "1.bam"}),
    ],
)
def test_a_job_echoes_its_import(item: VolumeImport, source: str, destination: dict[str, Any]) -> None:
    job = read_import(source={"volume": "rosa/input", "location": source}, destination=destination)
    assert isinstance(job, Job)
    assert job.echo == wire.import_echo(item)


@pytest.mark.parametrize(
    "other",
    [
        an_import("runs/2.bam"),
        an_import("runs/1.bam", volume="rosa/other"),
        an_import("runs/1.bam", project="rosa/other"),
        an_import("runs/1.bam", project=None, parent="5f1e"),
        an_import("runs/1.bam", name="2.bam"),
    ],
)
def test_imports_that_differ_have_other_echoes(other: VolumeImport) -> None:
    assert wire.import_echo(other) != wire.import_echo(an_import("runs/1.bam"))


def test_a_job_echoes_its_export() -> None:
    (job,) = wire.read_exports(body({"items": [{"resource": export_record()}]}))
    assert isinstance(job, Job)
    assert job.echo == wire.export_echo(VolumeExport(file="f1", volume="rosa/output", location="/out/1.bam"))


# Single objects ------------------------------------------------------------------------------------------


def drs(**fields: Any) -> bytes:
    return body({"href": "…", "id": "d1", "state": "FINISHED", "result": []} | fields)


def test_a_drs_job_under_way() -> None:
    assert wire.read(drs(state="SUBMITTED"), DRSJob) == DRSJob("d1", "SUBMITTED")
    assert wire.read(body({"id": "d1", "state": "RESOLVING"}), DRSJob) == DRSJob("d1", "RESOLVING")
    assert wire.read(drs(state="RUNNING", result=None), DRSJob) == DRSJob("d1", "RUNNING")


def test_a_drs_job_that_is_finished() -> None:
    result = [
        {"resource": {"href": "…", "id": "f1"}},
        {"error": {"status": 403, "code": 5001, "message": "no access"}},
        {"resource": "f3"},
        {"resource": {"id": "f4", "type": "folder"}},
        {},
        {"error": "text"},
    ]
    job = wire.read(drs(result=result, finished_on="2024-05-01T10:00:00Z", new_field=1), DRSJob)
    refused = ErrorRecord(403, 5001, "no access")
    assert job.result == (Arrived("f1"), refused, Arrived("f3"), Arrived("f4", is_folder=True), None, None)
    assert job.finished_on == datetime(2024, 5, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("record", [None, 7, "text", []])
def test_an_unreadable_drs_record_is_a_hole(record: object) -> None:
    assert wire.read(drs(result=[{"resource": {"id": "f1"}}, record]), DRSJob).result == (
        Arrived("f1"),
        None,
    )


@pytest.mark.parametrize("resource", [{"id": 7}, {"id": ["f1"]}, {"id": ""}, ""])
def test_a_drs_file_without_a_readable_id_is_a_hole(resource: object) -> None:
    assert wire.read(drs(result=[{"resource": resource}]), DRSJob).result == (None,)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        drs(id=None),
        drs(id=7),
        drs(id=""),
        drs(state=None),
        drs(result=7),
    ],
)
def test_an_unreadable_drs_job(answer: bytes) -> None:
    with pytest.raises(UnreadableAnswerError):
        wire.read(answer, DRSJob)


def test_a_user() -> None:
    assert wire.read(body({"href": "…", "username": "rosa", "email": "r@example.org"}), User) == User("rosa")


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"null", b"not json"])
@pytest.mark.parametrize("model", [User, RateLimit])
def test_an_unreadable_object(answer: bytes, model: type[object]) -> None:
    with pytest.raises(UnreadableAnswerError):
        wire.read(answer, model)


@pytest.mark.parametrize("reset", [1_700_000_300, 1_700_000_300_000, "1700000300"])
def test_a_rate_limit_in_seconds_or_milliseconds(reset: object) -> None:
    answer = {"rate": {"limit": 1000, "remaining": 999, "reset": reset}, "instance_limit": {"limit": -1}}
    assert wire.read(body(answer), RateLimit) == RateLimit(1000, 999, 1_700_000_300.0)


# Times ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["2024-05-01T10:00:00Z", "2024-05-01T10:00:00", "2024-05-01T10:00:00+00:00", "2024-05-01T12:00:00+02:00"],
)
def test_times_are_aware(text: str) -> None:
    job = listed_import(started_on=text)
    assert job.started_on == datetime(2024, 5, 1, 10, tzinfo=UTC)


def test_times_are_in_utc() -> None:
    job = listed_import(state="FAILED", finished_on="2024-05-01T12:00:00+02:00")
    assert job.finished_on is not None
    assert job.finished_on.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", [None, "", "yesterday", 1_700_000_000, "2024-13-01T00:00:00Z", {}])
def test_an_unreadable_time_does_not_lose_the_job(text: object) -> None:
    job = listed_import(started_on=text)
    assert job.started_on is None


# Errors --------------------------------------------------------------------------------------------------


def test_an_error_in_the_platforms_words() -> None:
    record = {
        "status": 404,
        "code": 9002,
        "message": "no such volume",
        "more_info": "https://docs.example/9002",
    }
    error = wire.read_error(404, body(record))
    assert type(error) is APIError
    assert (error.status, error.code, error.message) == (404, 9002, "no such volume")
    assert error.more_info == "https://docs.example/9002"


def test_code_zero_is_a_code() -> None:
    assert wire.read_error(503, body({"code": 0, "message": "maintenance"})).code == 0


@pytest.mark.parametrize("answer", [b"", b"<html>no</html>", b"null", b"[1]", b'"text"', b"\xff\xfe"])
def test_an_error_in_a_gateways_words(answer: bytes) -> None:
    error = wire.read_error(502, answer)
    assert (error.status, error.code) == (502, None)
    assert f"{len(answer)} bytes" in error.message


@pytest.mark.parametrize("code", [None, "1000", 10.5, True, {}])
def test_a_code_that_is_no_number_is_not_the_platforms(code: object) -> None:
    assert wire.read_error(429, body({"code": code})).code is None


@pytest.mark.parametrize("answer", [b"", b'{"code": 2001, "message": "who?"}'])
def test_401_has_a_family_of_its_own(answer: bytes) -> None:
    assert type(wire.read_error(401, answer)) is UnauthorizedError


def test_an_error_record_with_odd_parts() -> None:
    record = {"error": {"status": "404", "code": "9002", "message": None, "more_info": ""}}
    assert wire.read_imports(body({"items": [record]})) == [ErrorRecord(None, None, "", None)]


# Pages of lists -------------------------------------------------------------------------------------------

NEXT = {"href": "https://api.example/next", "rel": "next", "method": "GET"}
PREVIOUS = NEXT | {"rel": "prev"}
TOTAL = {"X-Total-Matching-Query": "250"}
READERS: list[Callable[[bytes, Mapping[str, str]], Page[Any]]] = [
    wire.read_import_page,
    wire.read_export_page,
    wire.read_file_page,
]


def a_page(*records: object, links: object = ()) -> bytes:
    return body({"items": records, "links": links})


def test_a_page_of_jobs() -> None:
    imports = wire.read_import_page(a_page(import_record(), links=[NEXT]), TOTAL)
    assert imports == Page((read_import(),), 1, 250, is_last=False)
    (job,) = wire.read_export_page(a_page(export_record()), TOTAL).entries
    assert [job] == wire.read_exports(body({"items": [{"resource": export_record()}]}))


def test_a_page_of_files() -> None:
    file, folder = {"id": "f1", "name": "a.bam"}, {"id": "f2", "name": "runs", "type": "folder"}
    page = wire.read_file_page(a_page(file, folder), TOTAL)
    assert page.entries == (FileDetails("f1", "a.bam"), FileDetails("f2", "runs", is_folder=True))
    assert page.shown == 2


@pytest.mark.parametrize(
    ("links", "is_last"),
    [([], True), ([PREVIOUS], True), ([NEXT], False), ([PREVIOUS, NEXT], False), ([{"next": "…"}], False)],
)
def test_the_last_page_has_no_link_to_a_next_one(links: object, is_last: bool) -> None:
    for read in READERS:
        assert read(a_page(links=links), TOTAL).is_last == is_last


@pytest.mark.parametrize("odd", [None, "text", 7, [], {}, {"id": "x"}, {"error": {"status": 404}}])
def test_what_cannot_be_read_in_a_list_is_counted_and_left_out(odd: object) -> None:
    page = wire.read_import_page(a_page(odd, import_record(), odd), TOTAL)
    assert (len(page.entries), page.shown) == (1, 3)
    for read in READERS:
        assert read(a_page(odd), TOTAL) == Page((), 1, 250, is_last=True)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        body({"items": []}),
        body({"links": []}),
        body({"items": None, "links": []}),
        body({"items": [], "links": None}),
        body({"items": [], "links": [None]}),
    ],
)
@pytest.mark.parametrize("read", READERS)
def test_what_is_no_page(answer: bytes, read: Callable[[bytes, Mapping[str, str]], object]) -> None:
    with pytest.raises(UnreadableAnswerError):
        read(answer, TOTAL)


@pytest.mark.parametrize("headers", [{}, {"X-Total-Matching-Query": "many"}])
@pytest.mark.parametrize("read", READERS)
def test_a_page_must_say_how_long_its_list_is(
    headers: Mapping[str, str], read: Callable[[bytes, Mapping[str, str]], object]
) -> None:
    with pytest.raises(UnreadableAnswerError, match="how many things"):
        read(a_page(), headers)


# Bulk answers by the ids that were asked about --------------------------------------------------------------


def an_import_job(job_id: str) -> dict[str, Any]:
    source, destination = {"volume": "rosa/input", "location": "a"}, {"project": "rosa/study"}
    return {"resource": {"id": job_id, "state": "PENDING", "source": source, "destination": destination}}


def an_error(message: str) -> dict[str, Any]:
    return {"error": {"status": 404, "message": message}}


def test_an_error_stands_for_the_next_id_that_has_no_job() -> None:
    answer = body({"items": [an_error("b is gone"), an_import_job("c"), an_import_job("a"), an_error("d")]})
    found = wire.read_import_details(answer, ["a", "b", "c", "d"])
    told = {job_id: getattr(one, "id", None) or str(one) for job_id, one in found.items()}
    assert told == {"a": "a", "b": "b is gone", "c": "c", "d": "d"}


@pytest.mark.parametrize(
    "items",
    [[], [an_import_job("a")], [an_import_job("a"), {}], [an_import_job("a"), an_import_job("x")]],
)
def test_a_bulk_answer_that_leaves_an_id_out_is_no_answer(items: list[dict[str, Any]]) -> None:
    with pytest.raises(UnreadableAnswerError, match="of 2 imports the answer tells of"):
        wire.read_import_details(body({"items": items}), ["a", "b"])
