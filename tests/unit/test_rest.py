"""What is left of a journal's list: nothing, the list opened anew, or what cannot be had any more."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sbtransfer import Client, JournalError, JournalReader, JournalRefusedError, WorkList
from sbtransfer.journal import SQLiteJournal
from sbtransfer.rest import file_of, rest_of
from sbtransfer.simulator import Platform
from sbtransfer.sources import ProjectItems, Remainder, Source, VolumeItems
from sbtransfer.testing import SimulatedTransport
from tests.unit.journal.journals import ROSA, intend, listed


@pytest.fixture
def client() -> Client:
    platform = Platform()
    return Client(platform.base_url, platform.token, transport=SimulatedTransport(platform))


async def kept(path: Path, source: Mapping[str, Any] | None, total: int | None = None) -> None:
    journal = SQLiteJournal(path)
    await journal.open(ROSA, source)
    await intend(journal, listed(3))
    if total is not None:
        await journal.exhausted(total)
    await journal.aclose()


async def left(path: Path, client: Client) -> Source | Remainder:
    with JournalReader(path) as journal:
        return rest_of(journal, client._api)


async def test_a_list_that_was_read_to_its_end_is_not_opened_again(tmp_path: Path, client: Client) -> None:
    await kept(tmp_path / "j", {"path": "/gone.csv", "kind": "import"}, total=3)
    assert await left(tmp_path / "j", client) == Remainder()


async def test_a_file_is_opened_again_as_it_was(tmp_path: Path, client: Client) -> None:
    work_list = WorkList(tmp_path / "list.csv", "drs", defaults={"project": "a/b"}, name="mine")
    await kept(tmp_path / "j", work_list.describe())
    rest = await left(tmp_path / "j", client)
    assert isinstance(rest, WorkList)
    assert rest.describe() == work_list.describe()


@pytest.mark.parametrize("missing_only", [True, False])
async def test_a_volume_and_a_project_are_listed_again(
    tmp_path: Path, client: Client, missing_only: bool
) -> None:
    options: dict[str, Any] = {"include": ["*.bam", "*.bai"], "max_size": 10, "missing_only": missing_only}
    volume = client.volume_items("a/v", prefix="x/", project="a/p", path="{name}", autorename=True, **options)
    project = client.project_items(
        parent="f1", volume="a/v", copy_only=True, properties={"sse_algorithm": "AES256"}, **options
    )
    sources: tuple[VolumeItems | ProjectItems, ...] = (volume, project)
    for number, source in enumerate(sources):
        path = tmp_path / f"j{number}"
        await kept(path, source.describe())
        rest = await left(path, client)
        assert isinstance(rest, VolumeItems | ProjectItems)
        assert type(rest) is type(source)
        assert rest.describe() == source.describe()
        with JournalReader(path) as journal:
            assert file_of(journal) is None


async def test_what_cannot_be_opened_again_is_finished_first(tmp_path: Path, client: Client) -> None:
    await kept(tmp_path / "j", None)
    rest = await left(tmp_path / "j", client)
    assert isinstance(rest, Remainder)
    assert rest.known
    assert isinstance(rest.missing, JournalError)
    assert "transfer the same list with this journal" in str(rest.missing)


async def test_a_description_of_a_later_version_is_refused(tmp_path: Path, client: Client) -> None:
    await kept(tmp_path / "j", {"path": "list.csv", "kind": "import", "sheet": 3})
    with pytest.raises(JournalRefusedError, match=r"its list cannot be opened again: .*sheet"):
        await left(tmp_path / "j", client)
