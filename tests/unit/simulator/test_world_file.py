import stat
from pathlib import Path
from typing import Any

import orjson
import pytest

from sbtransfer.simulator import Alias, File, Project, Volume, World
from sbtransfer.simulator.world_file import load, save

PROJECT = "rosa/project"


def written(path: Path, **kept: Any) -> Path:
    path.write_bytes(orjson.dumps(kept))
    return path


def a_world() -> World:
    world = World(strict=True)
    world.projects = {PROJECT: Project(PROJECT, writable=False, region="eu-west-1")}
    bucket = Volume("rosa/bucket", prefix="lab", active=False)
    bucket.put("a/b.bam", size=7, md5="0" * 32)
    world.volumes = {bucket.id: bucket, "rosa/twin": Volume("rosa/twin", objects=bucket.objects)}
    folder = world.folder(PROJECT, None, "runs", 0.0)
    world.add(
        File(
            id="f1",
            name="b.bam",
            project=PROJECT,
            parent=folder.id,
            size=7,
            public=True,
            tags=("x",),
            metadata={"sample": "s1"},
            alias=Alias(0.0, "rosa/bucket", "a/b.bam"),
        )
    )
    return world


def test_a_world_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    save(a_world(), path)
    world = load(path)
    assert world.strict
    assert world.projects == {PROJECT: Project(PROJECT, writable=False, region="eu-west-1")}
    bucket, twin = world.volumes.values()
    assert (bucket.id, bucket.prefix, bucket.active) == ("rosa/bucket", "lab", False)
    assert [(location, one.size, one.md5) for location, one in bucket.under()] == [("a/b.bam", 7, "0" * 32)]
    assert twin.objects is bucket.objects
    (file,) = world.paths(PROJECT).values()
    assert list(world.paths(PROJECT)) == ["runs/b.bam"]
    assert (file.id, file.size, file.public, file.tags, file.metadata) == (
        "f1",
        7,
        True,
        ("x",),
        {"sample": "s1"},
    )
    assert file.alias is not None
    assert (file.alias.volume, file.alias.location, file.is_alias(0.0)) == ("rosa/bucket", "a/b.bam", True)


def test_what_is_still_to_come_is_not_kept(tmp_path: Path) -> None:
    path, world = tmp_path / "world.json", a_world()
    world.add(File(id="f2", name="late.bam", project=PROJECT, born=100.0))
    world.volumes["rosa/bucket"].put("late.bam", size=1, since=100.0)
    save(world, path, now=99.0)
    assert list(load(path).paths(PROJECT)) == ["runs/b.bam"]
    assert len(list(load(path).volumes["rosa/bucket"].under())) == 1
    save(world, path)
    assert list(load(path).paths(PROJECT)) == ["runs/b.bam", "late.bam"]


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = written(tmp_path / "world.json")
    path.chmod(0o644)
    save(World(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        ({"projekts": []}, "projekts"),
        ({"projects": [{"id": "a/b"}, {"id": 7}]}, r"projects\[1\]\.id"),
        ({"projects": [{"id": "a/b", "writable": "no"}]}, r"projects\[0\]\.writable"),
        ({"volumes": [{"id": "a/b", "objects": [{"location": "x"}]}]}, r"objects\[0\]\.size"),
        (
            {"volumes": [{"id": "a/b", "objects": [{"location": "x", "size": True}]}]},
            r"expected int, not True @ .*\.size",
        ),
        (
            {"volumes": [{"id": "a/b", "objects_of": "a/c"}]},
            "'a/b': 'objects_of' must name a volume above it",
        ),
        ({"files": [{"id": "f", "name": "n", "type": "link"}]}, r"files\[0\]\.type"),
        ({"files": [{"id": "f", "name": "n", "project": "a/b"}]}, "no project 'a/b'"),
        ({"files": [{"id": "f", "name": "n"}, {"id": "f", "name": "m"}]}, "'f' is there twice"),
        ({"strict": True, "files": [{"id": "f", "name": "n", "parent": "g"}]}, "'g' must stand above it"),
        ({"projects": [{"id": "a/b"}, {"id": "a/b"}]}, "projects: 'a/b' is there twice"),
        ({"volumes": [{"id": "a/b"}, {"id": "a/b"}]}, "volumes: 'a/b' is there twice"),
        (
            {"volumes": [{"id": "a/b", "objects": [{"location": "x", "size": -1}]}]},
            r"cannot be -1 @ .*\.size",
        ),
        (
            {"files": [{"id": "f", "name": "n"}, {"id": "g", "name": "m", "parent": "f"}]},
            "'g': 'f' is no folder",
        ),
        (
            {
                "projects": [{"id": "a/b"}, {"id": "a/c"}],
                "files": [
                    {"id": "d", "name": "n", "type": "folder", "project": "a/b"},
                    {"id": "f", "name": "m", "parent": "d", "project": "a/c"},
                ],
            },
            "'f': its folder is in another project, 'a/b'",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, kept: dict[str, Any], message: str) -> None:
    path = written(tmp_path / "world.json", **kept)
    with pytest.raises(ValueError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null"])
def test_what_is_no_world_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "world.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"world\.json: "):
        load(path)


def test_new_ids_differ_from_those_that_were_saved(tmp_path: Path) -> None:
    world, path = World(), tmp_path / "world.json"
    world.folder("rfranklin/archive", None, "runs", 0.0)
    save(world, path)
    loaded = load(path)
    assert loaded.new_id() not in {World().new_id(), *world.files}
    assert load(path).new_id() == load(path).new_id()


def test_what_was_only_named_is_listed_no_more_than_before(tmp_path: Path) -> None:
    world, path = World(), tmp_path / "world.json"
    world.file("f1", 0.0).alias = Alias(0.0, "rfranklin/output", "out/f1")
    save(world, path)
    loaded = load(path)
    assert loaded.paths("rfranklin/my-project") == {}
    assert loaded.file("f1", 0.0).is_alias(0.0)


def test_a_file_in_a_folder_belongs_to_the_project_of_the_folder(tmp_path: Path) -> None:
    folder = {"id": "d", "name": "runs", "type": "folder", "project": "a/b"}
    files = [folder, {"id": "f", "name": "x.bam", "parent": "d"}]
    world = load(written(tmp_path / "world.json", projects=[{"id": "a/b"}], files=files))
    assert [(path, file.project) for path, file in world.paths("a/b").items()] == [("runs/x.bam", "a/b")]


def test_a_world_that_is_not_strict_keeps_files_in_folders_that_were_only_named(tmp_path: Path) -> None:
    world, path = World(), tmp_path / "world.json"
    world.add(File(id="f", name="x.bam", parent="folder-1"))
    save(world, path)
    assert [file.id for file in load(path).within(None, "folder-1", 0.0)] == ["f"]
