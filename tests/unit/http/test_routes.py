import pytest

from sbtransfer.http.routes import route_of


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/user", "/user"),
        ("/files", "/files"),
        ("/files/5f1e", "/files/{file}"),
        ("/projects", "/projects"),
        ("/projects/rosa", "/projects/{owner}"),
        ("/projects/rosa/study", "/projects/{owner}/{project}"),
        ("/storage/volumes", "/storage/volumes"),
        ("/storage/volumes/rosa/in", "/storage/volumes/{owner}/{volume}"),
        ("/storage/volumes/rosa/in/object", "/storage/volumes/{owner}/{volume}/object"),
        ("/storage/imports", "/storage/imports"),
        ("/storage/imports/i1", "/storage/imports/{import}"),
        ("/storage/exports/e1", "/storage/exports/{export}"),
        ("/bulk/files/get", "/bulk/files/get"),
        ("/bulk/storage/imports/create", "/bulk/storage/imports/create"),
        ("/bulk/storage/exports/get", "/bulk/storage/exports/get"),
        ("/bulk/drs/imports/create", "/bulk/drs/imports/create"),
        ("/bulk/drs/imports/d1", "/bulk/drs/imports/{job}"),
    ],
)
def test_ids_have_names(path: str, route: str) -> None:
    assert route_of(path) == route
