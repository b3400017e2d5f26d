"""The layers of DESIGN.md, read off the imports: a room imports only from rooms with a lower number."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "sbtransfer"

LAYERS = {
    "errors": 0,
    "items": 0,
    "models": 0,
    "resources": 0,
    "simulator": 0,
    "profiles": 1,
    "settings": 1,
    "wire": 1,
    "worklist": 1,
    "chunks": 1,
    "halving": 1,
    "budget": 1,
    "waiting_line": 1,
    "exact": 1,
    "limits": 1,
    "grace": 1,
    "progress": 1,
    "experience": 1,
    "polling": 1,
    "http": 2,
    "journal": 2,
    "operations": 3,
    "resumption": 3,
    "sources": 3,
    "stream": 4,
    "reader": 4,
    "submit": 4,
    "reconcile": 4,
    "logbook": 4,
    "rest": 5,
    "verify": 5,
    "poll": 4,
    "calls": 5,
    "engine": 5,
    "run": 6,
    "client": 6,
    "__init__": 7,
    "cluster": 7,
    "cli": 8,
    "testing": 8,
    "__main__": 9,
}

# Within a layer a room may use these neighbours, in this order and never back.
NEIGHBOURS = [
    "errors",
    "items",
    "models",
    "resources",
    "profiles",
    "settings",
    "chunks",
    "worklist",
    "budget",
    "waiting_line",
    "exact",
    "limits",
    "experience",
    "polling",
    "journal",
    "http",
    "stream",
    "reader",
    "run",
    "client",
]

# The simulator shares nothing with the rest, since a shared mistake would go unseen; no one of the core may
# lean on it either.
USERS_OF_THE_SIMULATOR = {"simulator", "testing", "cli"}

# Installed with an extra alone; everything but the cluster works without them.
OF_THE_CLUSTER = {"procrastinate", "psycopg", "psycopg_pool"}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Yield the rooms that a file imports; what is imported for its types alone counts, too."""
    for name in imported(path):
        package, _, rest = name.partition(".")
        if package == "sbtransfer":
            yield rest.partition(".")[0] or "__init__"


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module]
            if node.module == "sbtransfer":
                names = [f"sbtransfer.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from names


def known(room: str) -> str:
    """Take a name that is no room for the front door's: `from sbtransfer import Client`."""
    return room if room in LAYERS else "__init__"


FILES = sorted(ROOT.rglob("*.py"))
ARROWS = sorted({(room_of(file), known(room)) for file in FILES for room in imports(file)})


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
