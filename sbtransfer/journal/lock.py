"""One writer at a time: a lock file beside the journal, held for as long as the journal is open."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from attrs import define, field

from sbtransfer.errors import JournalError, JournalRefusedError
from sbtransfer.journal.trouble import os_trouble

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


@define(eq=False)
class WriterLock:
    """The right to write a journal. The kernel takes it back from a process that dies, however it dies.

    `flock` rather than POSIX record locks: it also keeps out a second writer in the same process, and is not
    lost when any file descriptor of the same file is closed.
    """

    journal: Path
    _descriptor: int | None = field(init=False, default=None)

    @property
    def path(self) -> Path:
        """The lock file. It is found by the journal's real name, whatever links lead to it."""
        return Path(f"{os.path.realpath(self.journal)}.lock")

    def acquire(self) -> None:
        """Take the lock; raises `JournalRefusedError` if another writer has it."""
        while self._descriptor is None:
            descriptor = self._opened()
            try:
                self._flock(descriptor)
                if self._is_current(descriptor):
                    self._descriptor = descriptor
            finally:
                if self._descriptor is None:
                    os.close(descriptor)

    def release(self) -> None:
        """Give the lock back and remove its file."""
        if self._descriptor is None:
            return
        # Removed while it is held: who opened it in between sees that it lost its name, and tries again.
        with suppress(OSError):
            self.path.unlink()
        os.close(self._descriptor)
        self._descriptor = None

    def _opened(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise os_trouble(self.path, error) from error

    def _flock(self, descriptor: int) -> None:
        try:
            import fcntl
        except ImportError:
            raise JournalError(
                f"{self.journal}: a journal needs file locks (fcntl), which this system does not have:"
                " run on Linux or macOS, or without a journal"
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD:
                raise JournalRefusedError(
                    f"{self.journal}: another run is writing this journal: wait for its end, or stop it"
                ) from None
            raise os_trouble(self.path, error) from error

    def _is_current(self, descriptor: int) -> bool:
        """Whether the file that was locked is still the one with the name: its last holder removes it."""
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except FileNotFoundError:
            return False
