import io
import stat
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from sbtransfer.errors import WorkListError
from sbtransfer.worklist import WorkList, spool


def test_a_stream_can_be_read_twice_from_its_spool(tmp_path: Path) -> None:
    stream = io.BytesIO(b"location,project\nx,a/p\n")
    with spool(stream, tmp_path) as path:
        work_list = WorkList(path, "import", defaults={"volume": "a/v"}, name="standard input")
        assert work_list.check().items == 1
        assert [item.project for item in work_list] == ["a/p"]  # type: ignore[union-attr]
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_can_read_the_spool(tmp_path: Path) -> None:
    with spool(io.BytesIO(b"x"), tmp_path) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.parent == tmp_path
        assert path.read_bytes() == b"x"


def test_the_spool_is_removed_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="mine"), spool(io.BytesIO(b"x"), tmp_path):
        raise OSError("mine")
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_it_lies_with_the_temporary_files() -> None:
    with spool(io.BytesIO(b"x")) as path:
        assert path.exists()
    assert not path.exists()


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    with (
        pytest.raises(WorkListError, match=r"^standard input: cannot be copied .* choose another folder"),
        spool(io.BytesIO(b"x"), tmp_path / "missing"),
    ):
        pass


def test_a_stream_that_breaks_off(tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(WorkListError, match="Input/output error"), spool(Failing(), tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_spooling_takes_no_memory(tmp_path: Path) -> None:
    class Zeros(io.RawIOBase):
        left = 50_000_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any, /) -> int:
            size = min(self.left, len(buffer))
            self.left -= size
            return size

    tracemalloc.start()
    try:
        with spool(Zeros(), tmp_path) as path:  # type: ignore[arg-type]
            assert path.stat().st_size == 50_000_000
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
