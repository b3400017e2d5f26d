import pytest

from sbtransfer.simulator import Request
from sbtransfer.simulator.routes import ROUTES, Shape, methods_at, route_of


@pytest.mark.parametrize(
    ("path", "pattern", "named"),
    [
        ("/user", "/user", ""),
        ("/projects/", "/projects/", ""),
        ("/projects/rfranklin", "/projects/{owner}", "rfranklin"),
        ("/projects/rfranklin/archive", "/projects/{owner}/{name}", "rfranklin/archive"),
        ("/storage/volumes/rfranklin/input/list", "/storage/volumes/{owner}/{name}/list", "rfranklin/input"),
        ("/files/abc", "/files/{id}", "abc"),
        ("/files/abc/scroll", "/files/{id}/scroll", "abc"),
        ("/bulk/drs/imports/abc", "/bulk/drs/imports/{id}", "abc"),
    ],
)
def test_a_path_leads_to_its_calls_and_names_an_id(path: str, pattern: str, named: str) -> None:
    methods, found = methods_at(path)
    assert methods is ROUTES[pattern]
    assert found == named


@pytest.mark.parametrize("path", ["/files/scroll", "/bulk/drs/imports/create"])
def test_what_is_written_out_comes_before_an_id(path: str) -> None:
    assert methods_at(path) == (ROUTES[path], "")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "user",
        "/users",
        "/users/",
        "/files/",
        "/files//list",
        "/files/a/b/c",
        "/storage/volumes/owner",
    ],
)
def test_an_unknown_path_takes_no_calls(path: str) -> None:
    assert methods_at(path) == ({}, "")


def test_a_call_is_a_path_and_a_method() -> None:
    listing, creating = route_of(Request("GET", "/files")), route_of(Request("POST", "/files"))
    assert listing is not None
    assert creating is not None
    assert (listing.creates, creating.creates) == (False, True)
    assert route_of(Request("DELETE", "/files")) is None
    assert route_of(Request("GET", "/nothing")) is None


def test_what_is_read_creates_nothing_and_lists_are_never_damaged() -> None:
    for path, methods in ROUTES.items():
        if "GET" in methods:
            assert not methods["GET"].creates
        assert {method for method, route in methods.items() if route.creates} <= {"POST"}
        if path.endswith(("/list", "/scroll")):
            assert methods["GET"].shape is Shape.WHOLE


def test_bulk_calls_answer_with_records() -> None:
    bulk = {path: route for path, methods in ROUTES.items() if "/bulk/" in path for route in methods.values()}
    assert len(bulk) == 7
    for path, route in bulk.items():
        assert route.shape is (Shape.RESULT if "/drs/" in path else Shape.ITEMS)
