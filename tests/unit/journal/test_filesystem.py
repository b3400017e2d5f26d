"""Which journal mode goes with which mounts."""

import pytest

from sbtransfer.journal.filesystem import file_system, journal_mode

MOUNTS = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw
31 27 0:40 / /home rw,relatime shared:7 - nfs4 server:/export/home rw,vers=4.2
32 31 0:41 / /home/rosa/scratch rw - xfs /dev/vdb rw
33 27 0:42 / /mnt/my\040disk rw - btrfs /dev/vdc rw
34 27 0:43 / /data rw - fuse.sshfs server: rw
35 27 0:44 / /srv rw - xfs /dev/vdd rw
36 35 0:45 / /srv rw - cifs //server/share rw
not a line of this kind
37 27 0:46 / /no/type rw -
"""


@pytest.mark.parametrize(
    ("path", "kind", "mode"),
    [
        ("/tmp/move.sqlite", "ext4", "wal"),
        ("/home/rosa/move.sqlite", "nfs4", "delete"),
        ("/home/rosa/scratch/move.sqlite", "xfs", "wal"),
        ("/home/rosa/scratchy/move.sqlite", "nfs4", "delete"),
        ("/homely/move.sqlite", "ext4", "wal"),
        ("/mnt/my disk/move.sqlite", "btrfs", "wal"),
        ("/data/move.sqlite", "fuse.sshfs", "delete"),
        ("/no/type/move.sqlite", "ext4", "wal"),
    ],
)
def test_the_longest_mount_point_decides(path: str, kind: str, mode: str) -> None:
    assert file_system(MOUNTS, path) == kind
    assert journal_mode(MOUNTS, path) == mode


def test_of_two_mounts_on_one_place_the_later_counts() -> None:
    assert file_system(MOUNTS, "/srv/move.sqlite") == "cifs"


def test_without_any_mounts_nothing_is_taken_for_local() -> None:
    assert file_system("", "/tmp/move.sqlite") is None
    assert journal_mode("", "/tmp/move.sqlite") == "delete"
