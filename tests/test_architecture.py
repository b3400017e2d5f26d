"""The layers of the rooms are kept: a room imports only from rooms with a lower number (tests/rooms.py)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rooms import ARROWS, FILES, LAYERS, NEIGHBOURS, ROOT, imported, room_of

# The simulator shares nothing with the rest, since a shared mistake would go unseen; no one of the core may
# lean on it either.
USERS_OF_THE_SIMULATOR = {"simulator", "testing", "cli"}

# Installed with an extra alone; everything but the cluster works without them.
OF_THE_CLUSTER = {"procrastinate", "psycopg", "psycopg_pool"}


def test_every_room_has_a_layer() -> None:
    assert {room_of(file) for file in FILES} == set(LAYERS)


@pytest.mark.parametrize(("room", "used"), ARROWS)
def test_rooms_import_from_lower_layers_only(room: str, used: str) -> None:
    if room == used or room == "__init__":
        return
    if LAYERS[room] == LAYERS[used]:
        assert NEIGHBOURS.index(used) < NEIGHBOURS.index(room)
    else:
        assert LAYERS[used] < LAYERS[room]


def test_the_simulator_stands_alone() -> None:
    assert {used for room, used in ARROWS if room == "simulator"} <= {"simulator"}
    assert {room for room, used in ARROWS if used == "simulator"} <= USERS_OF_THE_SIMULATOR


def test_the_cluster_alone_needs_the_driver_of_its_database() -> None:
    users = {
        room_of(file) for file in FILES for name in imported(file) if name.split(".")[0] in OF_THE_CLUSTER
    }
    assert users == {"cluster"}


def test_files_do_not_import_each_other_in_a_circle() -> None:
    modules = {".".join(file.relative_to(ROOT.parent).with_suffix("").parts): file for file in FILES}
    modules = {name.removesuffix(".__init__"): file for name, file in modules.items()}
    edges = {
        name: {target for target in targets(file) if target in modules and target != name}
        for name, file in modules.items()
        if name != "sbtransfer"  # The front door imports lazily.
    }
    assert circle(edges) == []


def targets(file: Path) -> Iterator[str]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Return what is left when all modules that depend on nothing left are taken away again and again."""
    left = dict(edges)
    while free := [name for name, used in left.items() if not used & set(left)]:
        for name in free:
            del left[name]
    return sorted(left)


def test_the_front_door_is_lazy_and_complete() -> None:
    program = (
        "import sys, sbtransfer\n"
        "assert 'aiohttp' not in sys.modules and 'sbtransfer.client' not in sys.modules\n"
        "missing = [name for name in sbtransfer.__all__ if not hasattr(sbtransfer, name)]\n"
        "assert missing == [], missing\n"
        "assert set(sbtransfer.__all__) <= set(dir(sbtransfer))\n"
        f"assert not {OF_THE_CLUSTER!r} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=ROOT.parent)
