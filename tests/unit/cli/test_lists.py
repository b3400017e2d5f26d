import asyncio
import hashlib
import io
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from sbtransfer.cli.lists import SHOWN_PROBLEMS, Listed, from_thread, listed
from sbtransfer.errors import SettingsError, WorkListError
from sbtransfer.items import VolumeImport
from tests.support import an_import
from tests.unit.cli.journals import shared

TO = {"project": "rosa/study"}


def table(rows: int, bad: int = 0) -> str:
    good = [f"rosa/input,runs/{n}.gz\n" for n in range(rows)]
    return "".join(("volume,location\n", *good, *["input,x\n"] * bad))


async def items_of(work: Listed) -> list[Any]:
    if hasattr(work.items, "__aiter__"):
        return [item async for item in work.items]
    return list(work.items)


async def test_a_file_is_checked_and_counted(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(table(3))
    with listed("import", shared(tmp_path / "list.csv"), TO) as work:
        assert work.total == 3
        assert (await items_of(work))[2] == an_import("runs/2.gz")


def test_bad_rows_are_found_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(table(3, bad=50))
    with pytest.raises(WorkListError) as found:
        with listed("import", shared(tmp_path / "list.csv"), TO):
            pytest.fail("the list is bad")
    assert found.value.total == 50
    assert len(found.value.problems) == SHOWN_PROBLEMS
    assert "line 5, column 'volume'" in found.value.problems[0]


async def test_a_streamed_file_is_not_checked(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(table(3, bad=1))
    with listed("import", shared(tmp_path / "list.csv", stream=True), TO) as work:
        assert work.total is None
        with pytest.raises(WorkListError):
            await items_of(work)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the lists of standard input are kept."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "sbtransfer"


def test_the_journal_of_a_file_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(table(3))
    with listed("import", shared(path), TO) as work:
        assert work.journal == tmp_path / "list.csv.sbtransfer"
        assert work.source is not None
        assert (work.source["path"], work.source["defaults"]) == (str(path), TO)
        assert work.notes == {"kind": "import", "digest": hashlib.sha256(path.read_bytes()).hexdigest()}
    with listed("import", shared(path, journal=tmp_path / "j"), TO) as work:
        assert work.journal == tmp_path / "j"
    with listed("import", shared(path, no_journal=True), TO) as work:
        assert work.journal is None


async def test_standard_input_is_kept_to_be_read_again(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    journals = set()
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(table(3).encode())))
        with listed("import", shared("-"), TO) as work:
            assert work.total == 3
            assert len(await items_of(work)) == 3
            assert work.source is not None
            assert (work.source["name"], Path(work.source["path"]).parent) == ("standard input", state)
            journals.add(work.journal)
    assert len(journals) == 1  # the same list has the same journal
    assert [path.suffix for path in state.iterdir()] == [".list"]


async def test_standard_input_without_a_journal_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, state: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(table(3).encode())))
    with listed("import", shared("-", no_journal=True), TO) as work:
        assert (work.total, work.journal) == (3, None)
        assert len(await items_of(work)) == 3
    assert not state.exists()


def test_bad_rows_of_standard_input(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(table(0, bad=1).encode())))
    with pytest.raises(WorkListError, match="standard input, line 2, column 'volume'"):
        with listed("import", shared("-"), TO):
            pytest.fail("the list is bad")
    assert not state.exists()


def test_no_standard_input_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(click.UsageError, match="standard input is closed"):
        with listed("import", shared("-"), TO):
            pytest.fail("there is no list")


async def test_standard_input_is_streamed_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "w") as feed:
        monkeypatch.setattr(sys, "stdin", stdin)
        with listed("import", shared("-", stream=True), TO) as work:
            assert (work.total, work.source) == (None, None)
            assert work.journal is not None
            assert work.journal.name.startswith("import-")
            assert not isinstance(work.items, list)
            items = aiter(work.items)  # type: ignore[arg-type]
            for n in range(3):
                feed.write("volume,location\n" if n == 0 else "")
                feed.write(f"rosa/input,runs/{n}.gz\n")
                feed.flush()
                assert await anext(items) == an_import(f"runs/{n}.gz")
            feed.close()
            with pytest.raises(StopAsyncIteration):
                await anext(items)


def test_two_destinations_are_refused() -> None:
    with pytest.raises(SettingsError, match="not both"):
        with listed("import", shared("list.csv"), {"project": "a/b", "parent": "f1"}):
            pytest.fail("there is no list")


async def test_a_thread_reads_no_further_ahead_than_there_is_room() -> None:
    read = 0

    def endless() -> Iterator[VolumeImport]:
        nonlocal read
        while True:
            read += 1
            yield an_import(f"runs/{read}")

    items = from_thread(endless())
    for n in range(1, 1001):
        item = await anext(items)
        assert isinstance(item, VolumeImport)
        assert item.location == f"runs/{n}"
    assert read <= 1000 + 300


async def test_an_error_of_the_thread_comes_after_its_items() -> None:
    def broken() -> Iterator[VolumeImport]:
        yield an_import()
        raise WorkListError(["line 3: bad"])

    items = from_thread(broken())
    assert await anext(items) == an_import()
    with pytest.raises(WorkListError, match="line 3"):
        await anext(items)


def test_a_thread_that_outlives_its_loop_ends_quietly() -> None:
    go_on = threading.Event()

    def waiting() -> Iterator[VolumeImport]:
        yield an_import()
        go_on.wait()
        yield an_import()

    async def main() -> None:
        items = from_thread(waiting())
        await anext(items)

    before = set(threading.enumerate())
    asyncio.run(main())
    (thread,) = set(threading.enumerate()) - before
    go_on.set()
    thread.join()
