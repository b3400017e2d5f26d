"""Items to bodies and back, and answers of any shape."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
from hypothesis import example, given, settings, strategies as st

from sbtransfer import wire
from sbtransfer.errors import APIError, UnreadableAnswerError
from sbtransfer.items import DRSImport, Item, VolumeExport, VolumeImport
from sbtransfer.models import DRSJob, ErrorRecord, Job
from sbtransfer.operations.match import match
from sbtransfer.resources import RateLimit, User
from tests.support import an_import

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters=[*map(chr, range(32)), "\x7f"])
texts = st.text(CHARACTERS, min_size=1, max_size=12)
words = st.text(CHARACTERS.filter(lambda c: c != "/" and not c.isspace()), min_size=1, max_size=8)
owned = st.builds("{}/{}".format, words, words)
names = words.filter(lambda name: name not in (".", ".."))
places = st.one_of(
    st.fixed_dictionaries({"project": owned}),
    st.fixed_dictionaries({"parent": texts}),
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
mappings = st.none() | st.dictionaries(texts, json, max_size=3)
refs = st.none() | texts | st.integers()

imports = st.builds(
    lambda place, **fields: VolumeImport(**place, **fields),
    place=places,
    volume=owned,
    location=texts,
    name=st.none() | names,
    overwrite=st.booleans(),
    autorename=st.none() | st.booleans(),
    ref=refs,
)
exports = st.builds(
    VolumeExport,
    file=texts,
    volume=owned,
    location=texts.filter(lambda location: not location.endswith("/")),
    overwrite=st.booleans(),
    properties=mappings,
    copy_only=st.booleans(),
    ref=refs,
)
drs = st.builds(
    lambda place, uri, **fields: DRSImport(**place, drs_uri=f"drs://{uri}", **fields),
    place=places,
    uri=texts,
    name=st.none() | st.lists(names, min_size=1, max_size=3).map("/".join),
    metadata=mappings,
    conflict_resolution=st.sampled_from(["SKIP", "OVERWRITE", "RENAME"]),
    tags=st.lists(texts, max_size=3),
    ref=refs,
)
FIELDS: dict[str, Any] = {"id": "i1", "state": "PENDING", "href": "…", "new_field": {"a": 1}}


def answered(*resources: object) -> bytes:
    return orjson.dumps({"items": [{"resource": one} for one in resources]})


@settings(max_examples=150, deadline=None)
@given(st.one_of(imports, exports, drs))
def test_an_item_survives_as_the_official_clients_dict(item: Item) -> None:
    flat = wire.flat(item)
    assert type(item)(**flat) == item
    assert all(value is not None for value in flat.values())


@settings(max_examples=150, deadline=None)
@given(st.lists(imports, min_size=1, max_size=4))
def test_jobs_that_echo_an_imports_body_are_matched_with_it(items: list[VolumeImport]) -> None:
    bodies = orjson.loads(wire.bulk_imports(items))["items"]
    jobs = wire.read_imports(answered(*(FIELDS | body for body in bodies)))
    assert [job.echo if isinstance(job, Job) else None for job in jobs] == [
        wire.import_echo(one) for one in items
    ]


@settings(max_examples=150, deadline=None)
@given(st.lists(exports, min_size=1, max_size=4))
def test_jobs_that_echo_an_exports_body_are_matched_with_it(items: list[VolumeExport]) -> None:
    bodies = orjson.loads(wire.bulk_exports(items))["items"]
    jobs = wire.read_exports(answered(*(FIELDS | body for body in bodies)))
    assert [job.echo if isinstance(job, Job) else None for job in jobs] == [
        wire.export_echo(one) for one in items
    ]


@settings(max_examples=150, deadline=None)
@given(st.lists(imports, min_size=1, max_size=3))
def test_an_imports_body_says_all_and_nothing_else(items: list[VolumeImport]) -> None:
    bodies = orjson.loads(wire.bulk_imports(items))["items"]
    for item, body in zip(items, bodies, strict=True):
        flags = {"autorename": item.autorename, "preserve_folder_structure": item.preserve_folder_structure}
        place = {"project": item.project, "parent": item.parent, "name": item.name}
        assert body == {
            "source": {"volume": item.volume, "location": item.location},
            "destination": {name: value for name, value in place.items() if value is not None},
            "overwrite": item.overwrite,
        } | {name: value for name, value in flags.items() if value is not None}


@settings(max_examples=150, deadline=None)
@given(st.lists(drs, min_size=1, max_size=3))
def test_a_drs_body_says_all_and_nothing_else(items: list[DRSImport]) -> None:
    sent = orjson.loads(wire.bulk_drs(items))
    assert sent["conflict_resolution"] == items[0].conflict_resolution
    assert sent.get("tags", []) == list(items[0].tags)
    for item, body in zip(items, sent["items"], strict=True):
        parts = {
            "drs_uri": item.drs_uri,
            "project": item.project,
            "parent": item.parent,
            "name": item.name,
            "metadata": dict(item.metadata) if item.metadata else None,
        }
        assert body == {name: value for name, value in parts.items() if value is not None}


@settings(max_examples=100, deadline=None)
@given(texts)
def test_an_id_is_one_segment_of_a_path(job_id: str) -> None:
    quoted = wire.segment(job_id)
    assert quoted.isascii()
    assert not set(quoted) & set("/?#")


# Answers of any shape ------------------------------------------------------------------------------------


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """An import job as the platform writes it, something else in the place of one or two parts."""
    record: dict[str, Any] = {
        **FIELDS,
        "source": {"volume": "rosa/input", "location": "a"},
        "destination": {"project": "rosa/study", "name": "a"},
        "result": {"id": "f1"},
        "error": None,
        "started_on": "2024-05-01T10:00:00Z",
    }
    for _ in range(draw(st.integers(1, 2))):
        part = draw(st.sampled_from([record, record["source"], record["destination"], record["result"]]))
        if isinstance(part, dict) and part:
            part[draw(st.sampled_from(sorted(part)))] = draw(json)
    return record


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(json, damaged().map(lambda job: {"resource": job})), max_size=3))
@example(
    [{"resource": FIELDS | {"source": {"volume": [], "location": "a"}, "destination": {"project": "a/b"}}}]
)
def test_any_record_is_a_job_an_error_or_a_hole(records: list[Any]) -> None:
    read = wire.read_imports(orjson.dumps({"items": records}))
    assert len(read) == len(records)
    for record in read:
        assert record is None or isinstance(record, Job | ErrorRecord)
    assert len(match([wire.import_echo(an_import("a"))], read)) == 1


@settings(max_examples=300, deadline=None)
@given(st.lists(json, max_size=3), json)
@example([None], None)
def test_any_drs_result_leaves_the_job_readable(result: list[Any], extra: Any) -> None:
    body = orjson.dumps(
        {"id": "d1", "state": "FINISHED", "result": result, "finished_on": extra, "new": extra}
    )
    job = wire.read(body, DRSJob)
    assert len(job.result) == len(result)
    for one in job.result:
        assert one is None or isinstance(one, ErrorRecord) or one.id


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=20), json.map(orjson.dumps)))
def test_any_answer_is_read_or_said_to_be_unreadable(body: bytes) -> None:
    for read in (wire.read_imports, wire.read_exports):
        with suppress(UnreadableAnswerError):
            assert len(read(body)) >= 0
    for model in (DRSJob, User, RateLimit):
        with suppress(UnreadableAnswerError):
            assert type(wire.read(body, model)) is model


@settings(max_examples=200, deadline=None)
@given(st.integers(300, 599), st.one_of(st.binary(max_size=20), json.map(orjson.dumps)))
def test_any_answer_that_is_no_success_is_an_error(status: int, body: bytes) -> None:
    error = wire.read_error(status, body)
    assert isinstance(error, APIError)
    assert error.status == status
    assert error.code is None or type(error.code) is int
    assert isinstance(error.message, str)


moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@settings(max_examples=100, deadline=None)
@given(moments, st.integers(-14 * 60, 14 * 60))
def test_a_moment_is_read_whatever_its_offset(moment: datetime, minutes: int) -> None:
    shifted = moment.astimezone(timezone(timedelta(minutes=minutes)))
    record = FIELDS | {
        "source": {"volume": "rosa/input", "location": "a"},
        "destination": {"project": "rosa/study"},
        "state": "COMPLETED",
        "started_on": shifted.isoformat(),
        "finished_on": moment.replace(tzinfo=None).isoformat() + "Z",
    }
    page = orjson.dumps({"items": [record], "links": []})
    (job,) = wire.read_import_page(page, {"X-Total-Matching-Query": "1"}).entries
    assert isinstance(job, Job)
    assert job.started_on == job.finished_on == moment
