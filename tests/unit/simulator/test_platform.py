"""What holds for every call: who may call, how often, which paths there are and what a bad body leads to."""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
import pytest

from sbtransfer.simulator import Delivery, Ending, Faults, File, Platform, Request, World, is_create

START = 1_700_000_000.0

RATE_HEADERS = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}

Call = Callable[..., Any]
CallsTo = Callable[[Platform], Call]


def test_both_ways_to_send_the_token_are_known(platform: Platform) -> None:
    for headers in ({"x-sbg-auth-token": platform.token}, {"AUTHORIZATION": f"Bearer {platform.token}"}):
        assert platform.handle(Request("GET", "/user", headers=headers), START).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-SBG-Auth-Token": "wrong"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "0123456789abcdef" * 2},
    ],
)
def test_without_the_token_nothing_is_told_and_nothing_counted(
    platform: Platform, call: Call, headers: dict[str, str]
) -> None:
    answer = platform.handle(Request("GET", "/user", headers=headers), START)
    assert answer.status == 401
    assert not RATE_HEADERS & set(answer.headers)
    assert orjson.loads(answer.body)["status"] == 401
    assert call("/rate_limit").data["rate"]["remaining"] == 1000


def test_an_error_body_has_the_four_documented_fields(call: Call) -> None:
    error = call("/nowhere").data
    assert set(error) == {"status", "code", "message", "more_info"}
    assert error["status"] == 404


@pytest.mark.parametrize("path", ["/nowhere", "/", "", "/storage/imports/a/b", "/files/", "/bulk/storage"])
def test_an_unknown_path_is_not_found(call: Call, path: str) -> None:
    assert call(path).status == 404


def test_a_known_path_with_the_wrong_method_is_refused(call: Call) -> None:
    assert call("/bulk/storage/imports/create").status == 405
    assert call("/user", {}).status == 405


def test_the_date_is_that_of_the_request(call: Call) -> None:
    date = parsedate_to_datetime(call("/user", at=61.9).headers["Date"])
    assert date.timestamp() == START + 61


def test_every_answer_tells_what_is_left(call: Call) -> None:
    for left, path in ((999, "/user"), (998, "/nowhere"), (998, "/rate_limit"), (997, "/files/missing")):
        headers = call(path, at=10).headers
        assert {name: headers[name] for name in RATE_HEADERS} == {
            "X-RateLimit-Limit": "1000",
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(int(START) + 300),
        }


def test_every_answer_has_an_id_of_its_own(calls_to: CallsTo) -> None:
    def ids() -> list[str]:
        call = calls_to(Platform(requests_limit=3))
        return [call(path).headers["X-Request-Id"] for path in ("/user", "/nowhere", "/rate_limit", "/user")]

    assert len(set(ids())) == 4
    assert ids() == ids()


def test_an_answer_to_the_wrong_token_has_an_id_too(platform: Platform) -> None:
    assert platform.handle(Request("GET", "/user"), START).headers["X-Request-Id"]


def test_it_begins_with_the_world_that_it_is_given(calls_to: CallsTo) -> None:
    world = World(strict=True)
    world.add(File(id="f1", name="x", project="rfranklin/archive"))
    platform = Platform(world=world)
    call = calls_to(platform)
    assert platform.world is world
    assert call("/files/f1").data["name"] == "x"
    assert call("/files/f2").status == 404


def test_asking_for_the_limit_costs_nothing(call: Call) -> None:
    call("/user", at=299)
    reset = int(START) + 300
    assert call("/rate_limit", at=299).data["rate"] == {"limit": 1000, "remaining": 999, "reset": reset}
    assert call("/rate_limit", at=299).data["rate"]["remaining"] == 999


def test_past_the_limit_calls_are_refused_until_the_window_ends(calls_to: CallsTo) -> None:
    call = calls_to(Platform(start=START, requests_limit=3))
    assert [call("/user", at=at).status for at in (0, 1, 2, 3, 299.9, 300)] == [200, 200, 200, 429, 429, 200]
    assert call("/user", at=301).headers["X-RateLimit-Remaining"] == "1"


def test_a_refused_call_says_so_with_code_1000_and_did_nothing(calls_to: CallsTo) -> None:
    platform = Platform(start=START, requests_limit=0)
    item = {"source": {"volume": "rfranklin/input", "location": "a"}, "destination": {"parent": "p"}}
    refused = calls_to(platform)("/bulk/storage/imports/create", {"items": [item]})
    assert (refused.status, refused.data["code"]) == (429, 1000)
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert platform.jobs == {}
    assert calls_to(platform)("/rate_limit").status == 200


def test_the_first_request_opens_the_window_where_no_start_is_given(calls_to: CallsTo) -> None:
    call = calls_to(Platform())
    assert call("/user", at=0.5).headers["X-RateLimit-Reset"] == str(int(START) + 301)
    assert call("/user", at=301).headers["X-RateLimit-Reset"] == str(int(START) + 601)


def test_speed_shortens_the_window_and_the_jobs(calls_to: CallsTo) -> None:
    call = calls_to(Platform(start=START, speed=100, requests_limit=1))
    assert [call("/user", at=at).status for at in (0, 2.9, 3.0)] == [200, 429, 200]


def test_the_log_keeps_every_request(calls_to: CallsTo) -> None:
    platform = Platform(requests_limit=1)
    for path in ("/user", "/user", "/rate_limit"):
        calls_to(platform)(path, at=5)
    assert platform.requests_log == [
        (START + 5, "GET", "/user", 200),
        (START + 5, "GET", "/user", 429),
        (START + 5, "GET", "/rate_limit", 200),
    ]


def test_a_platform_without_log_keeps_none(calls_to: CallsTo) -> None:
    platform = Platform(log=False)
    calls_to(platform)("/user")
    assert platform.requests_log == []


SINGLE_PATHS = ["/storage/imports", "/storage/exports", "/files"]


@pytest.mark.parametrize("path", SINGLE_PATHS)
@pytest.mark.parametrize(
    "body", [[], {}, {"items": []}, "text", {"name": 1, "source": "a", "destination": {}}]
)
def test_a_single_create_of_the_wrong_shape_is_refused(
    platform: Platform, call: Call, path: str, body: Any
) -> None:
    refused = call(path, body)
    assert (refused.status, refused.data["code"]) == (400, 1004)
    assert platform.jobs == {}


CREATE_PATHS = ["/bulk/storage/imports/create", "/bulk/storage/exports/create", "/bulk/drs/imports/create"]


@pytest.mark.parametrize("path", CREATE_PATHS)
@pytest.mark.parametrize(
    "body",
    [[], {}, {"items": {}}, {"items": []}, {"items": [{}] * 101}, {"items": ["text"]}, {"items": [{}]}],
)
def test_a_create_of_the_wrong_shape_is_refused_as_a_whole(
    platform: Platform, call: Call, path: str, body: Any
) -> None:
    assert call(path, body).status == 400
    assert platform.jobs == {}


@pytest.mark.parametrize("path", CREATE_PATHS)
def test_a_body_that_is_not_json_is_refused(platform: Platform, path: str) -> None:
    headers = {"X-SBG-Auth-Token": platform.token}
    assert platform.handle(Request("POST", path, headers=headers, body=b"<html>"), START).status == 400


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/bulk/storage/imports/get", "import_ids"),
        ("/bulk/storage/exports/get", "export_ids"),
        ("/bulk/files/get", "file_ids"),
    ],
)
@pytest.mark.parametrize("ids", [None, [], ["a"] * 101, [1], "a"])
def test_a_bulk_get_takes_1_to_100_ids(call: Call, path: str, field: str, ids: Any) -> None:
    assert call(path, {field: ids}).status == 400
    assert call(path, {field: ["a"] * 100}).status == 200


def test_files_exist_unless_they_are_called_missing(call: Call) -> None:
    records = call("/bulk/files/get", {"file_ids": ["f1", "missing"]}).data["items"]
    assert records[0]["resource"]["id"] == "f1"
    assert records[0]["resource"]["href"] == "http://127.0.0.1:8900/v2/files/f1"
    assert records[0]["resource"]["project"] == "rfranklin/my-project"
    assert (records[1]["error"]["status"], records[1]["error"]["code"]) == (404, 5002)
    assert call("/files/f1").data == records[0]["resource"]
    assert call("/files/missing").data["code"] == 5002


def test_the_base_url_is_in_every_href(platform: Platform, call: Call) -> None:
    platform.base_url = "http://localhost:1/v2"
    assert call("/files/f1").data["href"] == "http://localhost:1/v2/files/f1"


def test_the_same_seed_gives_the_same_answers(calls_to: CallsTo) -> None:
    item = {"source": {"volume": "rfranklin/input", "location": "a"}, "destination": {"parent": "p"}}

    def created(seed: int) -> Any:
        call = calls_to(Platform(seed=seed))
        made = call("/bulk/storage/imports/create", {"items": [item]}).data["items"][0]["resource"]
        return call(f"/storage/imports/{made['id']}", at=100_000).data

    assert created(1) == created(1)
    assert created(1) != created(2)


# Late work ------------------------------------------------------------------------------------------------


def create_of(platform: Platform, *locations: str) -> Request:
    items = [
        {"source": {"volume": "rfranklin/input", "location": name}, "destination": {"parent": "p"}}
        for name in locations
    ]
    headers = {"X-SBG-Auth-Token": platform.token}
    return Request("POST", CREATE_PATHS[0], headers=headers, body=orjson.dumps({"items": items}))


def tardy(**options: Any) -> Platform:
    """A platform that does all it is asked to create late."""
    return Platform(faults=Faults({"late": 1.0}, only=is_create), start=START, **options)


def due_of(platform: Platform) -> float:
    """When the first late work is done, in seconds from START."""
    platform.catch_up(START + 1000)
    return platform.requests_log[0][0] - START


def test_late_work_appears_at_its_time_and_not_before(calls_to: CallsTo) -> None:
    twin = tardy()
    twin.receive(create_of(twin, "a"), START)
    due = due_of(twin)
    assert 0 < due <= 90
    platform = tardy()
    assert platform.receive(create_of(platform, "a"), START) == Delivery(ending=Ending.SILENT)
    call = calls_to(platform)
    assert call("/storage/imports", at=due - 0.01).data["items"] == []
    assert platform.created("imports") == []
    (job,) = call("/storage/imports?fields=_all", at=due + 2).data["items"]
    assert job["source"]["location"] == "a"
    assert [job.accepted for job in platform.jobs.values()] == [START + due]
    paths = [path for _, _, path, _ in platform.requests_log]
    assert paths == ["/storage/imports", CREATE_PATHS[0], "/storage/imports"]


def test_late_work_follows_the_speed() -> None:
    slow, fast = tardy(), tardy(speed=90)
    for platform in (slow, fast):
        platform.receive(create_of(platform, "a"), START)
    assert due_of(fast) == pytest.approx(due_of(slow) / 90)
    assert due_of(fast) <= 1


def test_late_work_is_done_in_the_order_of_its_times() -> None:
    platform = tardy()
    for number in range(20):
        platform.receive(create_of(platform, str(number)), START + number)
    platform.catch_up(START + 50)
    half = len(platform.jobs)
    assert 0 < half < 20
    platform.catch_up(START + 1000)
    times = [job.accepted for job in platform.jobs.values()]
    assert times == sorted(times)
    locations = [item[1] for item in platform.created("imports")]
    assert sorted(locations, key=int) == [str(number) for number in range(20)] != locations


def test_late_work_is_counted_when_it_arrives_and_only_then(calls_to: CallsTo) -> None:
    platform = tardy(requests_limit=1)
    platform.receive(create_of(platform, "a"), START)
    assert calls_to(platform)("/rate_limit").data["rate"]["remaining"] == 0
    platform.receive(create_of(platform, "past the limit"), START)
    platform.receive(Request("POST", CREATE_PATHS[0], body=b"{}"), START)
    platform.catch_up(START + 1000)
    assert [item[1] for item in platform.created("imports")] == ["a"]
    assert len(platform.requests_log) == 2


def test_single_creates_and_folders_come_late_too() -> None:
    item = {"source": {"volume": "rfranklin/input", "location": "a"}, "destination": {"parent": "p"}}
    export = {"source": {"file": "f1"}, "destination": {"volume": "rfranklin/output", "location": "a"}}
    folder = {"name": "runs", "type": "FOLDER", "project": "rfranklin/archive"}
    for path, body in (("/storage/imports", item), ("/storage/exports", export), ("/files", folder)):
        platform = tardy()
        headers = {"X-SBG-Auth-Token": platform.token}
        request = Request("POST", path, headers=headers, body=orjson.dumps(body))
        assert platform.receive(request, START) == Delivery(ending=Ending.SILENT)
        assert (platform.jobs, platform.world.files) == ({}, {})
        platform.catch_up(START + 1000)
        assert [(path, status) for _, _, path, status in platform.requests_log] == [
            (path, 201 if path == "/files" else 200)
        ]
        assert len(platform.jobs) == (0 if path == "/files" else 1)


# The token ------------------------------------------------------------------------------------------------


def test_the_token_is_revoked_after_so_many_counted_requests(calls_to: CallsTo) -> None:
    platform = Platform(faults=Faults({}, revoked_after=2))
    call = calls_to(platform)
    paths = ("/user", "/rate_limit", "/user", "/user", "/rate_limit", "/user")
    assert [call(path).status for path in paths] == [200, 200, 200, 401, 401, 401]
    assert platform.faults_log == [(START, "revoked", "GET", "/user")]


def test_another_token_is_taken_for_good_once_the_first_is_revoked(calls_to: CallsTo) -> None:
    platform = Platform(faults=Faults({}, revoked_after=0))
    old = {"X-SBG-Auth-Token": platform.token}
    assert calls_to(platform)("/user").status == 401
    platform.accept_token("another")
    assert {calls_to(platform)("/user").status for _ in range(5)} == {200}
    assert platform.handle(Request("GET", "/user", headers=old), START).status == 401


def test_a_test_may_revoke_the_token_at_any_moment(calls_to: CallsTo) -> None:
    platform = Platform()
    platform.revoke_token()
    assert calls_to(platform)("/user").status == 401
    platform.accept_token(platform.token)
    assert calls_to(platform)("/user").status == 200
