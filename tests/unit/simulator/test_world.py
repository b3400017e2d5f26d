import pytest

from sbtransfer.simulator import Alias, File, Project, Volume, World
from sbtransfer.simulator.refusals import RefusalError

PROJECT = "rfranklin/my-project"


def refused(world: World, project: str | None, parent: str | None, now: float = 0.0) -> int:
    with pytest.raises(RefusalError) as caught:
        world.check_destination(project, parent, now)
    return caught.value.status


def test_a_new_world_has_two_projects_and_two_volumes() -> None:
    world = World()
    assert list(world.projects) == [PROJECT, "rfranklin/archive"]
    assert {name: volume.writable for name, volume in world.volumes.items()} == {
        "rfranklin/input": False,
        "rfranklin/output": True,
    }
    assert len(list(world.volumes["rfranklin/input"].under("runs/"))) == 3_000
    assert list(world.volumes["rfranklin/output"].under()) == []


def test_the_same_seed_gives_the_same_ids() -> None:
    assert World(3).new_id() == World(3).new_id() != World(4).new_id()
    assert len(World().new_id()) == 24


def test_anything_that_is_named_exists_unless_it_is_called_missing() -> None:
    world = World()
    volume = world.volumes["rfranklin/output"]
    assert world.object(volume, "a/b", 0.0) == world.object(volume, "a/b", 0.0) is not None
    assert [world.object(volume, location, 0.0) for location in ("missing/b", "a/")] == [None, None]
    assert world.file("f1", 0.0).size is not None
    with pytest.raises(RefusalError):
        world.file("missing", 0.0)


def test_in_a_strict_world_only_what_was_put_there_exists() -> None:
    world = World(strict=True)
    volume = world.volumes["rfranklin/output"]
    volume.put("a/b", size=7)
    found = world.object(volume, "a/b", 0.0)
    assert (found and found.size, world.object(volume, "a/c", 0.0)) == (7, None)
    with pytest.raises(RefusalError):
        world.file("f1", 0.0)
    assert refused(world, None, "folder-1") == 404


def test_a_destination_must_be_one_that_can_be_written() -> None:
    world = World()
    world.projects["a/closed"] = Project("a/closed", writable=False)
    inner = world.folder("a/closed", None, "inner", 0.0)
    file = world.add(File(id="f1", name="x", project=PROJECT))
    late = world.folder(PROJECT, None, "late", 10.0)
    assert refused(world, None, None) == 400
    assert refused(world, PROJECT, "folder-1") == 400
    assert refused(world, "a/unknown", None) == 404
    assert [refused(world, "a/closed", None), refused(world, None, inner.id)] == [403, 403]
    assert refused(world, None, world.projects["a/closed"].root) == 403
    assert [refused(world, None, one) for one in (file.id, late.id, "missing")] == [404, 404, 404]
    world.check_destination(None, late.id, 10.0)
    world.check_destination(None, "folder-1", 0.0)


def test_the_own_folder_of_a_project_is_the_project() -> None:
    world = World()
    root = world.projects[PROJECT].root
    file = world.add(File(id="f1", name="x", project=PROJECT))
    assert world.place(None, root) == (PROJECT, None)
    assert world.within(None, root, 0.0) == world.within(PROJECT, None, 0.0) == [file]


def test_a_folder_is_made_once_and_is_there_from_the_earliest_time() -> None:
    world = World()
    folder = world.folder(PROJECT, None, "runs", 10.0)
    assert world.folder(PROJECT, None, "runs", 5.0) is folder
    assert (folder.exists(4.9), folder.exists(5.0)) == (False, True)
    world.add(File(id="f1", name="x.bam", project=PROJECT, parent=folder.id, born=7.0))
    assert [list(world.paths(PROJECT, now)) for now in (6.9, 7.0)] == [[], ["runs/x.bam"]]


def test_names_that_are_taken_get_a_number() -> None:
    world = World()
    names = [world.free_name(PROJECT, "x")]
    for number in range(2):
        world.add(File(id=str(number), name=names[-1], project=PROJECT))
        names.append(world.free_name(PROJECT, "x"))
    assert names == ["x", "_1_x", "_2_x"]
    assert world.free_name("rfranklin/archive", "x") == "x"


@pytest.mark.parametrize("order", [("old", "new"), ("new", "old")])
def test_of_two_files_of_a_name_the_one_that_comes_last_stays(order: tuple[str, str]) -> None:
    world, born = World(), {"old": 10.0, "new": 20.0}
    for one in order:
        world.add(File(id=one, name="x", project=PROJECT, born=born[one]), replace=True)
    there = [[file.id for file in world.within(PROJECT, None, now)] for now in (9.9, 10.0, 19.9, 20.0, 99.0)]
    assert there == [[], ["old"], ["old"], ["new"], ["new"]]
    named = world.named(PROJECT, "x")
    assert named is not None
    assert named.id == "new"


def test_a_replaced_folder_goes_with_all_that_is_in_it() -> None:
    world = World()
    folder = world.folder(PROJECT, None, "x", 0.0)
    inner = world.folder(PROJECT, folder.id, "inner", 0.0)
    file = world.add(File(id="f1", name="a", project=PROJECT, parent=inner.id))
    world.add(File(id="f2", name="x", project=PROJECT, born=5.0), replace=True)
    assert [one.exists(5.0) for one in (folder, inner, file)] == [False, False, False]
    assert list(world.paths(PROJECT)) == ["x"]


def test_what_is_forgotten_leaves_nothing_behind() -> None:
    world = World()
    folder = world.folder(PROJECT, None, "x", 0.0)
    inner = world.folder(PROJECT, folder.id, "inner", 0.0)
    world.add(File(id="f1", name="a", project=PROJECT, parent=inner.id))
    world.forget(folder)
    world.forget(world.file("named", 0.0))
    assert (world.files, world.paths(PROJECT)) == ({}, {})
    assert world.free_name(PROJECT, "x") == "x"
    assert world.free_name(inner.id, "a") == "a"


def test_a_file_that_was_only_named_is_in_no_list() -> None:
    world = World()
    named, brought = world.file("f1", 0.0), world.add(File(id="f2", name="x", project=PROJECT))
    assert [world.lists(one) for one in (named, brought)] == [False, True]
    assert world.within(PROJECT, None, 0.0) == [brought]


def test_a_file_is_where_its_project_is() -> None:
    world = World()
    world.projects["a/far"] = Project("a/far", region="eu-west-1")
    files = [File(id="f1", name="x", project=project) for project in ("a/far", PROJECT, None)]
    assert [world.region_of(file) for file in files] == ["eu-west-1", "us-east-1", "us-east-1"]


def test_locations_of_a_volume_are_within_its_prefix() -> None:
    volume = Volume("a/b", prefix="lab/")
    volume.put("x/y", size=1)
    assert [location for location, _ in volume.objects.under("")] == ["lab/x/y"]
    assert [location for location, _ in volume.under("x/")] == ["x/y"]
    assert volume.find("x/y") is not None


def test_an_object_is_taken_back_from_where_it_was_brought() -> None:
    world = World()
    volume = world.volumes["rfranklin/output"]
    volume.put("a", size=1, since=5.0)
    world.take_back(Alias(4.0, volume.id, "a"))
    world.take_back(Alias(5.0, "a/gone", "a"))
    assert volume.find("a") is not None
    world.take_back(Alias(5.0, volume.id, "a"))
    assert volume.find("a") is None
