import tarfile
import zipfile
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "types", "tests", "build"]
nox.needs_version = ">=2024.10.9"

GROUPS = nox.project.load_toml("pyproject.toml")


def group(*names: str) -> list[str]:
    return list(nox.project.dependency_groups(GROUPS, *names))


@nox.session
def lint(session: nox.Session) -> None:
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    session.install(".[postgres]", "nox", *group("types", "test"))
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    session.install("-e", ".[postgres]", *group("test"))
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session(default=False)
def pictures(session: nox.Session) -> None:
    session.install("-e", ".")
    session.run("python", "docs/pictures.py")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    # Counts, not times: they can be held to on any machine.
    session.install("-e", ".")
    session.run("python", "-m", "benchmarks.hot_path", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    session.install("build")
    folder = Path(session.create_tmp())
    session.run("python", "-m", "build", "--outdir", str(folder), silent=True)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        check_contents(session, wheel.name, archive.namelist(), ("sbtransfer/py.typed",))
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
        check_contents(session, sdist.name, names, ("sbtransfer/py.typed", "LICENSE", "tests/conftest.py"))
    wheel.unlink()
    sdist.unlink()


def check_contents(session: nox.Session, archive: str, names: list[str], wanted: tuple[str, ...]) -> None:
    missing = [name for name in wanted if name not in names]
    if missing:
        session.error(f"{archive} lacks {', '.join(missing)}")
    session.log(f"{archive}: {len(names)} files, {', '.join(wanted)} among them")
