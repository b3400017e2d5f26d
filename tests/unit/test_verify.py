"""What a comparison of one item shows, as a function of what was promised and what is there."""

from typing import Any

import pytest

from sbtransfer.items import DRSImport, Item, VolumeExport, VolumeImport
from sbtransfer.models import ErrorRecord, Outcome, OutcomeState
from sbtransfer.resources import FileDetails, VolumeObject
from sbtransfer.verify import Verified, compared

PROJECT, OUTPUT = "rosa/project", "rosa/output"
MD5 = "0123456789abcdef" * 2


def an_import(**fields: Any) -> VolumeImport:
    given: dict[str, Any] = {"volume": "rosa/input", "location": "runs/a.bam", "project": PROJECT} | fields
    return VolumeImport(**given)


def a_drs_import(**fields: Any) -> DRSImport:
    given: dict[str, Any] = {"drs_uri": "drs://data.example/1", "project": PROJECT} | fields
    return DRSImport(**given)


def an_export(**fields: Any) -> VolumeExport:
    given: dict[str, Any] = {"file": "f1", "volume": OUTPUT, "location": "out/a.bam"} | fields
    return VolumeExport(**given)


def a_file(**fields: Any) -> FileDetails:
    given: dict[str, Any] = {"id": "f1", "name": "a.bam", "project": PROJECT} | fields
    return FileDetails(**given)


def verified(item: Item, found: Any, state: OutcomeState = OutcomeState.COMPLETED) -> Verified:
    return compared(Outcome(index=0, item=item, state=state), found)


def test_all_that_was_promised_agrees() -> None:
    shown = verified(an_import(size=7, md5=MD5), a_file(size=7, md5=MD5.upper()))
    assert shown.agrees == ("file", "name", "place", "size", "md5")
    assert (shown.differs, shown.unchecked, shown.ok) == ({}, {}, True)


@pytest.mark.parametrize(
    ("promised", "found", "aspect", "words"),
    [
        ({"size": 1234}, {"size": 1000}, "size", "1,000 instead of 1,234"),
        ({"md5": MD5}, {"md5": "f" * 32}, "md5", f"{'f' * 32} instead of {MD5}"),
        ({"name": "b.bam"}, {}, "name", "'a.bam' instead of 'b.bam'"),
        ({}, {"project": "rosa/other"}, "place", "rosa/other instead of rosa/project"),
    ],
)
def test_what_differs_is_said(
    promised: dict[str, Any], found: dict[str, Any], aspect: Any, words: str
) -> None:
    shown = verified(an_import(**promised), a_file(**found))
    assert not shown.ok
    assert shown.differs == {aspect: words}


def test_what_cannot_be_compared_is_named_with_the_reason() -> None:
    shown = verified(an_import(md5=MD5), a_file(size=7))
    assert shown.unchecked == {"size": "the list does not tell", "md5": "the platform does not tell"}
    assert shown.ok


def test_a_file_that_is_not_there_differs() -> None:
    gone = ErrorRecord(status=404, code=5002, message="no such file")
    shown = verified(an_import(), gone)
    assert list(shown.differs) == ["file"]
    assert "no such file" in shown.differs["file"]


@pytest.mark.parametrize("state", [OutcomeState.FAILED, OutcomeState.UNCONFIRMED])
def test_what_was_not_completed_is_not_compared(state: OutcomeState) -> None:
    shown = verified(an_import(size=1), a_file(size=2), state)
    assert (shown.agrees, shown.differs, shown.unchecked) == ((), {}, {})


def test_a_job_that_names_no_file_leaves_it_unchecked() -> None:
    assert verified(an_import(), None).unchecked == {"file": "the job did not name its file"}


@pytest.mark.parametrize(
    ("item", "name", "agrees"),
    [
        (an_import(autorename=True), "_2_a.bam", True),
        (an_import(), "_2_a.bam", False),
        (a_drs_import(name="a.bam", conflict_resolution="RENAME"), "_1_a.bam", True),
        (a_drs_import(name="a.bam"), "_1_a.bam", False),
        (a_drs_import(name="runs/a.bam"), "a.bam", True),
        (a_drs_import(name="runs/a.bam"), "runs/a.bam", True),
    ],
)
def test_numbered_names_agree_where_they_were_asked_for(item: Item, name: str, agrees: bool) -> None:
    assert ("name" in verified(item, a_file(name=name)).agrees) is agrees


def test_a_drs_item_without_a_name_cannot_be_compared_by_it() -> None:
    assert verified(a_drs_import(), a_file()).unchecked["name"] == "the list does not tell"


def test_a_folder_has_neither_size_nor_checksum() -> None:
    shown = verified(a_drs_import(name="a.bam", size=7), a_file(is_folder=True))
    assert shown.unchecked == {"size": "it is a folder", "md5": "it is a folder"}


@pytest.mark.parametrize(
    ("alias", "words"),
    [
        ((OUTPUT, "/out/a.bam"), None),
        ((OUTPUT, "out/b.bam"), "on rosa/output out/b.bam, not on rosa/output out/a.bam"),
        (None, "the platform still holds it, not on rosa/output out/a.bam"),
    ],
)
def test_an_exported_file_must_be_an_alias_of_its_object(
    alias: tuple[str, str] | None, words: str | None
) -> None:
    shown = verified(an_export(), a_file(alias=alias))
    assert shown.differs.get("place") == words


def test_a_copy_is_compared_by_its_object() -> None:
    there = VolumeObject(volume=OUTPUT, location="out/a.bam", size=7)
    assert verified(an_export(copy_only=True, size=7), there).agrees == ("file", "place", "size")
