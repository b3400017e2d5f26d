"""One writer at a time, and never a lock that outlives its holder."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sbtransfer.errors import JournalError, JournalRefusedError
from sbtransfer.journal.lock import WriterLock
from tests.unit.journal.journals import descriptors

HOLDER = """
import sys, time
from pathlib import Path
from sbtransfer.journal.lock import WriterLock
lock = WriterLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "move.sqlite"


@contextmanager
def held(journal: Path) -> Iterator[WriterLock]:
    lock = WriterLock(journal)
    lock.acquire()
    try:
        yield lock
    finally:
        lock.release()


@contextmanager
def held_elsewhere(journal: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(journal)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_writer_in_this_process_is_refused(journal: Path) -> None:
    with held(journal):
        before = descriptors()
        with pytest.raises(JournalRefusedError, match=r"move\.sqlite: another run is writing this journal"):
            WriterLock(journal).acquire()
        assert descriptors() == before
    with held(journal):
        pass


def test_a_writer_in_another_process_is_refused_and_a_killed_one_forgotten(journal: Path) -> None:
    with held_elsewhere(journal) as process:
        with pytest.raises(JournalRefusedError):
            WriterLock(journal).acquire()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert WriterLock(journal).path.exists()
        with held(journal):
            pass


def test_nothing_is_left_of_it(journal: Path) -> None:
    before = descriptors()
    with held(journal) as lock:
        lock.acquire()
        assert lock.path.exists()
    lock.release()
    assert descriptors() == before
    assert list(journal.parent.iterdir()) == []


def test_it_is_for_its_owner_alone(journal: Path) -> None:
    umask = os.umask(0)
    try:
        with held(journal) as lock:
            assert lock.path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(umask)


def test_one_journal_has_one_lock_whatever_it_is_called(journal: Path) -> None:
    link = journal.with_name("link.sqlite")
    link.symlink_to(journal)
    with held(journal), pytest.raises(JournalRefusedError, match=r"link\.sqlite"):
        WriterLock(link).acquire()


def test_a_lock_whose_file_was_replaced_is_not_mistaken_for_the_lock(journal: Path) -> None:
    """What a writer sees that opened the file just before its last holder removed it."""
    with held(journal) as lock:
        lock.path.rename(lock.path.with_suffix(".old"))
        other = WriterLock(journal)
        other.acquire()
        assert lock._descriptor is not None
        assert other._descriptor is not None
        assert not lock._is_current(lock._descriptor)
        assert other._is_current(other._descriptor)
        other.release()
        assert not lock._is_current(lock._descriptor)


def test_where_no_file_can_be_made_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "j", tmp_path / "missing" / "j", Path("/proc/sbtransfer.sqlite")):
        with pytest.raises(JournalError, match="a folder that exists and can be written") as caught:
            WriterLock(path).acquire()
        assert str(path) in str(caught.value)


def test_without_file_locks_it_says_so(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = descriptors()
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(JournalError, match="needs file locks"):
        WriterLock(journal).acquire()
    assert descriptors() == before
