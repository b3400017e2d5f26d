from sbtransfer.simulator.objects import Object, Objects, sequencing_runs


def some(*locations: str, since: float = 0.0) -> Objects:
    return Objects({location: Object(size=1, since=since) for location in locations})


def test_objects_come_in_the_order_of_their_locations() -> None:
    objects = some("b", "a/2", "a/1")
    objects.put("a/0", Object(size=1))
    assert [location for location, _ in objects.under("")] == ["a/0", "a/1", "a/2", "b"]
    assert [location for location, _ in objects.under("a/")] == ["a/0", "a/1", "a/2"]


def test_what_is_still_to_come_does_not_show() -> None:
    objects = some("a", since=10.0)
    assert objects.get("a", 9.9) is None
    assert list(objects.under("", 9.9)) == []
    assert objects.page("", None, 10, 9.9).objects == ()
    assert objects.get("a", 10.0) is not None


def test_a_page_shows_one_level_and_where_the_next_begins() -> None:
    objects = some("a/b", "a/c/1", "a/c/2", "a/d", "b")
    first = objects.page("a/", None, 2, 0.0)
    assert ([location for location, _ in first.objects], first.folders) == (["a/b"], ("a/c/",))
    second = objects.page("a/", first.next, 2, 0.0)
    assert ([location for location, _ in second.objects], second.folders, second.next) == (["a/d"], (), None)


def test_an_object_is_taken_back_unless_another_took_its_place() -> None:
    objects = some("a", since=10.0)
    objects.discard("a", 9.0)
    objects.discard("b", 10.0)
    assert len(objects) == 1
    objects.discard("a", 10.0)
    assert list(objects.under("")) == []


def test_the_default_volume_holds_thousands_in_folders() -> None:
    runs = sequencing_runs()
    assert len(runs) == 3_003
    assert {location.partition("/")[0] for location in runs} == {"README.txt", "samples", "runs"}


def sizes(objects: Objects, *moments: float) -> list[int | None]:
    found = [objects.get("a", moment) for moment in moments]
    return [None if one is None else one.size for one in found]


def test_an_object_stays_until_the_one_that_replaces_it_comes() -> None:
    objects = Objects({"a": Object(size=1)})
    objects.put("a", Object(size=3, since=30.0))
    objects.put("a", Object(size=2, since=20.0))
    assert sizes(objects, 19.9, 20.0, 29.9, 30.0) == [1, 2, 2, 3]
    assert [one.size for _, one in objects.under("", 20.0)] == [2]
    assert [one.size for _, one in objects.page("", None, 10, 10.0).objects] == [1]
    objects.discard("a", 20.0)
    assert sizes(objects, 20.0, 30.0) == [1, 3]


def test_an_object_from_ever_replaces_all() -> None:
    objects = some("a", since=10.0)
    objects.put("a", Object(size=7))
    assert sizes(objects, 0.0, 10.0) == [7, 7]
