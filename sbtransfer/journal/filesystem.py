"""Which journal mode of SQLite is safe where the file lies: a decision on what Linux tells of its mounts.

A write-ahead log needs memory that all its users share, which network file systems do not give (see "WAL does
not work over a network filesystem", sqlite.org/wal.html). A rollback journal works wherever locks do.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

JournalMode: TypeAlias = Literal["wal", "delete"]

_LOCAL = frozenset(
    {"apfs", "bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4", "f2fs", "hfs", "hfsplus", "jfs", "nilfs2"}
    | {"ntfs", "ntfs3", "overlay", "ramfs", "reiserfs", "tmpfs", "ufs", "vfat", "xfs", "zfs"}
)
_ESCAPED = re.compile(r"\\([0-7]{3})")  # the kernel writes space, tab, newline and backslash in octal


def journal_mode(mountinfo: str, path: str) -> JournalMode:
    """Return the mode for an absolute path without symbolic links; `mountinfo` as in /proc/self/mountinfo.

    What is not known to be local is taken for remote: a slower journal is better than a damaged one.
    """
    return "wal" if file_system(mountinfo, path) in _LOCAL else "delete"


def file_system(mountinfo: str, path: str) -> str | None:
    """Return the type of the file system that a path lies on: that of the longest mount point above it."""
    found: tuple[int, str | None] = (0, None)
    for line in mountinfo.splitlines():
        mount = _mount(line)
        # Of two mounts on one place the later hides the earlier.
        if mount and _holds(mount[0], path) and len(mount[0]) >= found[0]:
            found = len(mount[0]), mount[1]
    return found[1]


def _mount(line: str) -> tuple[str, str] | None:
    """Return a line's mount point and type; see proc_pid_mountinfo(5)."""
    placed, _, typed = line.partition(" - ")
    places, types = placed.split(), typed.split()
    if len(places) < 5 or not types:
        return None
    return _ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), places[4]), types[0]


def _holds(mount_point: str, path: str) -> bool:
    return path == mount_point or path.startswith(mount_point.rstrip("/") + "/")
