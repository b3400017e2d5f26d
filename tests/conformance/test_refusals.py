"""What the platform refuses reaches the client as the right error, with the platform's status and code."""

from collections.abc import Callable

import pytest
from sevenbridges.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    SbgError,
    Unauthorized,
)

from sbtransfer.simulator import Platform, Project
from tests.conformance.official import INPUT, OUTPUT, PROJECT, Connect, Official

READ_ONLY = "gosling/read-only"
NOWHERE = "rfranklin/nothing"

Work = Callable[[Official], object]


@pytest.fixture(autouse=True)
def read_only_project(platform: Platform) -> None:
    platform.world.projects[READ_ONLY] = Project(READ_ONLY, writable=False)


def brought(api: Official, **fields: object) -> Official:
    return api.imports.submit_import(**{"volume": INPUT, "location": "a", "project": PROJECT} | fields)


def sent(api: Official, **fields: object) -> Official:
    return api.exports.submit_export(**{"file": "f1", "volume": OUTPUT, "location": "a"} | fields)


def exported_twice(api: Official) -> None:
    sent(api)
    sent(api, location="b")


def made_twice(api: Official) -> None:
    for _ in range(2):
        api.files.create_folder("new", project=PROJECT)


UNKNOWN: dict[str, tuple[Work, int]] = {
    "a path": (lambda api: api.get("/nothing"), 1002),
    "a user": (lambda api: api.users.get("nobody"), 1002),
    "a project": (lambda api: api.projects.get(NOWHERE), 3002),
    "a project's files": (lambda api: api.files.query(project=NOWHERE), 3002),
    "an import's project": (lambda api: brought(api, project=NOWHERE), 3002),
    "a folder's project": (lambda api: api.files.create_folder("new", project=NOWHERE), 3002),
    "a file": (lambda api: api.files.get("missing"), 5002),
    "an export's file": (lambda api: sent(api, file="missing"), 5002),
    "a folder": (lambda api: api.files.query(parent="missing"), 5003),
    "an import's folder": (lambda api: brought(api, project=None, parent="missing"), 5003),
    "a volume": (lambda api: api.volumes.get(NOWHERE), 9002),
    "an import's volume": (lambda api: brought(api, volume=NOWHERE), 9002),
    "an export's volume": (lambda api: sent(api, volume=NOWHERE), 9002),
    "an object": (lambda api: api.volumes.get(INPUT).get_volume_object_info("missing"), 9004),
    "an import": (lambda api: api.imports.get("nothing"), 9003),
    "an export": (lambda api: api.exports.get("nothing"), 9003),
    "a DRS import": (lambda api: api.drs_imports.bulk_get("nothing"), 9003),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_is_unknown_is_not_found(api: Official, what: str) -> None:
    work, code = UNKNOWN[what]
    with pytest.raises(NotFound) as refused:
        work(api)
    assert (refused.value.status, refused.value.code) == (404, code)
    assert refused.value.message
    assert refused.value.more_info.startswith("https://")


@pytest.mark.parametrize(
    "work", [lambda api: api.users.me(), lambda api: brought(api), lambda api: api.limit]
)
def test_the_wrong_token_is_refused_everywhere(connect: Connect, platform: Platform, work: Work) -> None:
    with pytest.raises(Unauthorized) as refused:
        work(connect(platform, token="0" * 32))
    assert (refused.value.status, refused.value.code) == (401, 1001)
    assert platform.jobs == {}


@pytest.mark.parametrize(
    ("work", "code"),
    [
        (lambda api: brought(api, project=READ_ONLY), 3001),
        (lambda api: brought(api, project=None, parent=api.projects.get(READ_ONLY).root_folder), 3001),
        (lambda api: api.files.create_folder("new", project=READ_ONLY), 3001),
        (lambda api: sent(api, volume=INPUT), 9001),
    ],
    ids=["import", "import into its folder", "folder", "export"],
)
def test_what_is_read_only_is_forbidden(api: Official, platform: Platform, work: Work, code: int) -> None:
    with pytest.raises(Forbidden) as refused:
        work(api)
    assert (refused.value.status, refused.value.code) == (403, code)
    assert platform.jobs == {}


TOO_MANY: dict[str, Work] = {
    "imports": lambda api: api.imports.bulk_submit(
        [{"volume": INPUT, "location": "a", "project": PROJECT}] * 101
    ),
    "exports": lambda api: api.exports.bulk_submit([{"file": "f", "volume": OUTPUT, "location": "a"}] * 101),
    "DRS imports": lambda api: api.drs_imports.bulk_submit(
        [{"drs_uri": "drs://a/b", "project": PROJECT}] * 101
    ),
    "import ids": lambda api: api.imports.bulk_get(["i"] * 101),
    "export ids": lambda api: api.exports.bulk_get(["e"] * 101),
    "file ids": lambda api: api.files.bulk_get(["f"] * 101),
    "entries of a page": lambda api: api.imports.query(limit=101),
}


@pytest.mark.parametrize("what", TOO_MANY)
def test_more_than_a_hundred_are_refused_as_a_whole(api: Official, platform: Platform, what: str) -> None:
    with pytest.raises(BadRequest) as refused:
        TOO_MANY[what](api)
    assert (refused.value.status, refused.value.code) == (400, 1004)
    assert platform.jobs == {}


@pytest.mark.parametrize("destination", [{"project": PROJECT, "parent": "p"}, {}], ids=["both", "neither"])
def test_a_destination_is_a_project_or_a_folder(api: Official, destination: dict[str, str]) -> None:
    # The client's methods refuse this by themselves.
    body = {"source": {"volume": INPUT, "location": "a"}, "destination": destination}
    calls = [("/storage/imports", body), ("/files", {"name": "new", "type": "folder", **destination})]
    for url, data in calls:
        with pytest.raises(BadRequest) as refused:
            api.post(url, data=data)
        assert (refused.value.status, refused.value.code) == (400, 1004)


@pytest.mark.parametrize(
    ("work", "kind", "status", "code"),
    [
        (exported_twice, BadRequest, 400, 9005),
        (made_twice, Conflict, 409, 1004),
        (lambda api: api.post("/storage/imports", data={}), BadRequest, 400, 1004),
        (lambda api: api.files.query(project=PROJECT, cont_token="x"), BadRequest, 400, 1004),
        (lambda api: api.delete("/user"), MethodNotAllowed, 405, 1003),
        (lambda api: api.patch(f"/projects/{PROJECT}", data={"name": "x"}), MethodNotAllowed, 405, 1003),
    ],
    ids=["an alias", "a folder twice", "an empty body", "a made-up token", "a delete", "a patch"],
)
def test_what_cannot_be_is_refused(
    api: Official, work: Work, kind: type[SbgError], status: int, code: int
) -> None:
    with pytest.raises(kind) as refused:
        work(api)
    assert (refused.value.status, refused.value.code) == (status, code)
