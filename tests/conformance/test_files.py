import pytest
from sevenbridges.errors import Conflict

from sbtransfer.simulator import File, Platform
from tests.conformance.official import PROJECT, Official, fetched_for


def names(page: Official) -> list[str]:
    return [file.name for file in page]


@pytest.fixture(autouse=True)
def content(platform: Platform) -> None:
    """A file and a folder with two files in the project."""
    world = platform.world
    world.add(File(id="plain", name="plain.txt", project=PROJECT, size=5, metadata={"sample_id": "s1"}))
    folder = world.add(File(id="folder", name="folder", project=PROJECT, type="folder"))
    for name in ("a.bam", "b.bam"):
        world.add(File(id=name, name=name, project=PROJECT, parent=folder.id, size=7))


def test_a_project_lists_what_it_holds_itself(api: Official) -> None:
    page = api.files.query(project=api.projects.get(PROJECT))
    assert (names(page), page.total) == (["plain.txt", "folder"], 2)
    assert [file.is_folder() for file in page] == [False, True]


def test_a_folder_lists_what_it_holds(api: Official) -> None:
    assert names(api.files.query(parent="folder")) == ["a.bam", "b.bam"]
    assert names(api.files.query(parent=api.files.get("folder"), limit=1).all()) == ["a.bam", "b.bam"]
    assert names(api.files.get("folder").list_files(limit=1).all()) == ["a.bam", "b.bam"]


def test_a_list_is_filtered_by_name(api: Official) -> None:
    assert names(api.files.query(parent="folder", names=["b.bam", "c.bam"])) == ["b.bam"]
    assert names(api.files.query(parent="folder", names=[])) == []


def test_a_list_is_read_by_tokens(api: Official) -> None:
    first = api.files.query(project=PROJECT, cont_token="init", limit=1)
    assert (names(first), first.total) == (["plain.txt"], 2)
    assert names(first.next_page()) == ["folder"]
    inside = api.files.get("folder").list_files(cont_token="init", limit=1)
    assert names(inside) + names(inside.next_page()) == ["a.bam", "b.bam"]
    assert names(inside.all()) == ["a.bam", "b.bam"]


def test_a_list_deeper_than_offsets_reach_is_read_to_its_end(api: Official, platform: Platform) -> None:
    for number in range(5_300):
        platform.world.add(File(id=f"n{number}", name=f"n{number}", project="rfranklin/archive", size=1))
    found = names(api.files.query(project="rfranklin/archive", limit=100).all())
    assert found == [f"n{number}" for number in range(5_300)]


def test_a_file_is_shown_by_its_id(api: Official) -> None:
    file = api.files.get("a.bam")
    assert (file.id, file.name, file.size, file.type) == ("a.bam", "a.bam", 7, "file")
    assert (file.project, file.parent, file.storage.type) == (PROJECT, "folder", "PLATFORM")
    assert api.files.get("plain").metadata["sample_id"] == "s1"


def test_what_lies_in_a_project_has_its_own_folder_as_parent(api: Official) -> None:
    root = api.projects.get(PROJECT).root_folder
    assert api.files.get("plain").parent == root
    assert api.files.get(root).is_folder()
    assert names(api.files.query(parent=root)) == names(api.files.query(project=PROJECT))


def test_many_files_are_shown_at_once(api: Official) -> None:
    records = api.files.bulk_get(["b.bam", api.files.get("folder"), "missing"])
    assert [record.valid for record in records] == [True, True, False]
    assert [record.resource.name for record in records[:2]] == ["b.bam", "folder"]
    assert (records[2].error.status, records[2].error.code) == (404, 5002)


def test_no_field_of_a_file_has_to_be_asked_for_again(api: Official, platform: Platform) -> None:
    # Secondary files are known of tasks' files only.
    listed = api.files.query(parent="folder")[0]
    for file in (listed, api.files.get("a.bam"), api.files.bulk_get(["a.bam"])[0].resource):
        assert fetched_for(file, platform) == ["_secondary_files"]


@pytest.mark.parametrize("home", [{"project": PROJECT}, {"parent": "folder"}])
def test_a_folder_is_made_once(api: Official, home: dict[str, str]) -> None:
    made = api.files.create_folder("new", **home)
    assert made.is_folder()
    assert "new" in names(api.files.query(**home))
    assert names(made.list_files()) == []
    with pytest.raises(Conflict) as refused:
        api.files.create_folder("new", **home)
    assert refused.value.status == 409
