"""The rooms of the house: their layers, and what each imports, read off the source.

`tests/test_architecture.py` holds the imports to it, and `docs/architecture.py` draws it.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

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
    "events": 1,
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
    "background": 7,
    "blocking": 7,
    "cluster": 7,
    "otel": 8,
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
    "progress",
    "events",
    "journal",
    "http",
    "stream",
    "reader",
    "run",
    "client",
    "background",
    "blocking",
]


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


def says(room: str) -> str:
    """Return the first line of what a room says of itself."""
    file = ROOT / f"{room}.py"
    tree = ast.parse((file if file.exists() else ROOT / room / "__init__.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n")[0]
