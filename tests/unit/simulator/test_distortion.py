"""Each fault alone: what the client gets to see, and whether the work was done."""

from typing import Any

import orjson
import pytest

from sbtransfer.simulator import Answer, Delivery, Durations, Ending, FaultKind, Faults, Platform, Request

START = 1_700_000_000.0
IMPORTS, DRS = "/bulk/storage/imports/create", "/bulk/drs/imports/create"


def misbehaving(kind: str, seed: int = 0, **options: Any) -> Platform:
    jobs = Durations(median=10, p99=10, pending=2)
    return Platform(faults=Faults({kind: 1.0}, seed), start=START, durations=jobs, **options)


def request(platform: Platform, path: str, body: Any = None) -> Request:
    headers = {"X-SBG-Auth-Token": platform.token}
    method, data = ("GET", b"") if body is None else ("POST", orjson.dumps(body))
    return Request(method, path, headers=headers, body=data)


def imports(count: int) -> dict[str, Any]:
    destination = {"project": "rfranklin/my-project"}
    sources = ({"volume": "rfranklin/input", "location": f"{n}"} for n in range(count))
    return {"items": [{"source": source, "destination": destination} for source in sources]}


def drs_items(count: int) -> dict[str, Any]:
    return {"items": [{"drs_uri": f"drs://host/{n}", "parent": "p"} for n in range(count)]}


def create(platform: Platform, count: int = 10) -> Delivery:
    return platform.receive(request(platform, IMPORTS, imports(count)), START)


def remaining(platform: Platform) -> Any:
    answer = platform.handle(request(platform, "/rate_limit"), START)
    return orjson.loads(answer.body)["rate"]["remaining"]


def answer_to(delivery: Delivery) -> Answer:
    assert delivery.ending is Ending.ANSWERED
    assert delivery.answer is not None
    return delivery.answer


def data_of(delivery: Delivery) -> Any:
    return orjson.loads(answer_to(delivery).body)


def deliveries(kind: str) -> list[tuple[Platform, Delivery]]:
    """The same create under many seeds, for what is chosen by the seed."""
    platforms = [misbehaving(kind, seed) for seed in range(20)]
    return [(platform, create(platform)) for platform in platforms]


@pytest.mark.parametrize(
    ("kind", "ending", "created"),
    [
        ("refused", Ending.REFUSED, 0),
        ("reset-before", Ending.RESET, 0),
        ("reset-after", Ending.RESET, 10),
    ],
)
def test_a_broken_connection(kind: str, ending: Ending, created: int) -> None:
    platform = misbehaving(kind)
    assert create(platform) == Delivery(ending=ending)
    assert len(platform.created("imports")) == created
    assert len(platform.requests_log) == (1 if created else 0)
    assert remaining(platform) == (999 if created else 1000)


def test_no_answer_with_and_without_the_work() -> None:
    seen = deliveries("no-answer")
    assert {delivery for _, delivery in seen} == {Delivery(ending=Ending.SILENT)}
    assert {(len(platform.jobs), remaining(platform)) for platform, _ in seen} == {(0, 1000), (10, 999)}


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("429", 429, 1000), ("maintenance", 503, 0), ("503", 503, 7000)]
)
def test_a_refusal_in_the_platforms_words_did_nothing(kind: str, status: int, code: int) -> None:
    platform = misbehaving(kind)
    delivery = create(platform)
    assert answer_to(delivery).status == status
    assert answer_to(delivery).headers["Content-Type"] == "application/json"
    assert set(data_of(delivery)) == {"status", "code", "message", "more_info"}
    assert (data_of(delivery)["status"], data_of(delivery)["code"]) == (status, code)
    assert platform.jobs == {}
    assert platform.requests_log == [(START, "POST", IMPORTS, status)]
    assert remaining(platform) == 1000


def test_a_429_says_that_nothing_is_left_and_now_and_then_until_when() -> None:
    answers = [answer_to(delivery) for _, delivery in deliveries("429")]
    assert {answer.headers["X-RateLimit-Remaining"] for answer in answers} == {"0"}
    assert {answer.headers.get("X-RateLimit-Reset") for answer in answers} == {None, str(int(START) + 300)}
    assert all("Date" in answer.headers for answer in answers)


@pytest.mark.parametrize(
    ("kind", "status", "created"),
    [
        ("gateway", 503, {10}),
        ("html-500", 500, {0, 10}),
        ("html-502", 502, {0, 10}),
        ("html-504", 504, {0, 10}),
    ],
)
def test_a_page_of_a_gateway(kind: str, status: int, created: set[int]) -> None:
    seen = deliveries(kind)
    for _, delivery in seen:
        assert answer_to(delivery).status == status
        assert answer_to(delivery).headers["Content-Type"] == "text/html"
        assert answer_to(delivery).body.startswith(b"<html>")
        assert not any("RateLimit" in header for header in answer_to(delivery).headers)
    assert {len(platform.jobs) for platform, _ in seen} == created


def test_truncated_json_is_no_json() -> None:
    for platform, delivery in deliveries("truncated"):
        assert answer_to(delivery).status == 200
        assert answer_to(delivery).body
        with pytest.raises(orjson.JSONDecodeError):
            data_of(delivery)
        assert len(platform.created("imports")) == 10


def test_an_empty_answer_with_and_without_the_work() -> None:
    seen = deliveries("empty")
    assert all(data_of(delivery) == {"items": []} for _, delivery in seen)
    assert {answer_to(delivery).status for _, delivery in seen} == {200}
    assert {len(platform.jobs) for platform, _ in seen} == {0, 10}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (DRS, drs_items(1)),
        ("/files/f1", None),
        ("/files", {"name": "a", "type": "FOLDER", "project": "rfranklin/archive"}),
        ("/storage/imports", imports(1)["items"][0]),
        ("/bulk/drs/imports/abc", None),
    ],
)
def test_what_has_no_items_is_empty_in_its_own_way(path: str, body: Any) -> None:
    for seed in range(20):
        platform = misbehaving("empty", seed)
        delivery = platform.receive(request(platform, path, body), START)
        if answer_to(delivery).status == 200:  # there is no such DRS job, and the platform may say so
            assert data_of(delivery) == {}


def test_a_folder_that_was_made_may_be_told_of_in_part() -> None:
    platform = misbehaving("truncated")
    folder = {"name": "a", "type": "FOLDER", "project": "rfranklin/archive"}
    delivery = platform.receive(request(platform, "/files", folder), START)
    assert answer_to(delivery).status == 201
    with pytest.raises(orjson.JSONDecodeError):
        data_of(delivery)
    assert [file.name for file in platform.world.files.values()] == ["a"]


def test_some_records_are_missing() -> None:
    lefts = set()
    for platform, delivery in deliveries("missing"):
        shown = [record["resource"]["id"] for record in data_of(delivery)["items"]]
        assert shown == [job for job in platform.jobs if job in shown]
        assert len(platform.created("imports")) == 10
        lefts.add(len(shown))
    assert lefts <= set(range(10))
    assert len(lefts) > 5


def test_the_records_come_in_another_order() -> None:
    for platform, delivery in deliveries("reordered"):
        shown = [record["resource"]["id"] for record in data_of(delivery)["items"]]
        assert shown != list(platform.jobs)
        assert sorted(shown) == sorted(platform.jobs)
    pair = create(misbehaving("reordered"), 2)
    assert [record["resource"]["source"]["location"] for record in data_of(pair)["items"]] == ["1", "0"]


@pytest.mark.parametrize("kind", ["missing", "reordered"])
def test_the_result_of_a_drs_job_is_damaged_once_it_is_there(kind: str) -> None:
    platform = misbehaving(kind)
    job = data_of(platform.receive(request(platform, DRS, drs_items(10)), START))
    look = request(platform, f"/bulk/drs/imports/{job['id']}")
    assert data_of(platform.receive(look, START + 1))["state"] == "SUBMITTED"
    assert platform.faults_log == []
    honest = orjson.loads(platform.handle(look, START + 100).body)["result"]
    shown = data_of(platform.receive(look, START + 100))["result"]
    assert shown != honest
    assert all(record in honest for record in shown)
    assert platform.faults_log == [(START + 100, kind, "GET", look.path)]


@pytest.mark.parametrize("kind", ["truncated", "empty", "missing", "reordered"])
def test_an_honest_refusal_has_nothing_to_lose(kind: str) -> None:
    for seed in range(20):
        platform = misbehaving(kind, seed, requests_limit=0)
        delivery = create(platform)
        if answer_to(delivery).status == 429:
            assert data_of(delivery)["code"] == 1000
            assert platform.faults_log == []
        else:
            assert kind == "empty"  # where the call did not reach the platform


def test_one_record_cannot_be_reordered() -> None:
    platform = misbehaving("reordered")
    assert len(data_of(create(platform, 1))["items"]) == 1
    assert platform.faults_log == []


def test_a_slow_answer_is_the_honest_one_and_its_delay_follows_the_speed() -> None:
    calm, fast = misbehaving("slow"), misbehaving("slow", speed=10)
    slow, sooner = create(calm), create(fast)
    assert slow == Delivery(answer_to(create(misbehaving("slow"))), delay=slow.delay)
    assert answer_to(slow).status == 200
    assert 0 < slow.delay <= 20
    assert sooner.delay == pytest.approx(slow.delay / 10)
    assert len(calm.created("imports")) == 10


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind != "revoked"])
def test_every_fault_is_logged(kind: FaultKind) -> None:
    platform = misbehaving(kind)
    create(platform)
    assert platform.faults_log == [(START, kind, "POST", IMPORTS)]
    forgetful = misbehaving(kind, log=False)
    create(forgetful)
    assert forgetful.faults_log == []


def test_the_honest_way_knows_no_faults() -> None:
    platform = misbehaving("reset-after")
    answer = platform.handle(request(platform, IMPORTS, imports(1)), START)
    assert answer.status == 200
    assert platform.faults_log == []


def test_without_faults_both_ways_are_the_same() -> None:
    one, other = Platform(start=START), Platform(start=START)
    asked = request(one, IMPORTS, imports(3))
    assert one.receive(asked, START) == Delivery(other.handle(asked, START))
