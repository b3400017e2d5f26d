import re
import shutil
import tarfile
import zipfile
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "types", "tests", "docs", "build"]
nox.needs_version = ">=2024.10.9"

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)
EVERYTHING = f".[{','.join(PYPROJECT['project']['optional-dependencies'])}]"


def group(*names: str) -> list[str]:
    return list(nox.project.dependency_groups(PYPROJECT, *names))


@nox.session
def lint(session: nox.Session) -> None:
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    # Both look at tests/typing, which uses the public names as a program does; mypy at all the rest as well.
    session.install(EVERYTHING, "nox", *group("types", "test", "docs"))
    session.run("mypy")
    session.run("pyright")


@nox.session
def tests(session: nox.Session) -> None:
    install_and_test(session)


@nox.session(name="tests-on", python=PYTHONS, default=False)
def tests_on(session: nox.Session) -> None:
    # `-s tests-on` takes all supported versions that are installed, `-s tests-on-3.12` one of them.
    install_and_test(session)


def install_and_test(session: nox.Session) -> None:
    session.install("-e", EVERYTHING, *group("test"))
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session(default=False)
def lowest(session: nox.Session) -> None:
    # With what pyproject.toml names as the least. On Python 3.11: for later ones there are no such wheels.
    resolve_and_test(session, "lowest-direct")


@nox.session(default=False)
def newest(session: nox.Session) -> None:
    resolve_and_test(session, "highest")


def resolve_and_test(session: nox.Session, resolution: str) -> None:
    session.install("uv")
    session.run(
        *("uv", "pip", "install", f"--python={session.virtualenv.location}"),
        *("--resolution", resolution, "--upgrade", "--group", "test", "-e", EVERYTHING),
        silent=True,
    )
    session.run("uv", "pip", "list", f"--python={session.virtualenv.location}")
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    # The pages are there for a browser in build/docs; what they say to run is run by the tests.
    session.install("-e", EVERYTHING, *group("docs"))
    session.run(
        "sphinx-build", "-q", "-W", "--keep-going", "-n", "-E", "docs", "build/docs", *session.posargs
    )


@nox.session(default=False)
def pictures(session: nox.Session) -> None:
    session.install("-e", ".")
    session.run("python", "docs/pictures.py")
    session.run("python", "-m", "docs.architecture")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    # Counts, not times: they can be held to on any machine.
    session.install("-e", ".")
    session.run("python", "-m", "benchmarks.hot_path", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    # Both distributions, looked into and tried; with `-- FOLDER` they are left there.
    session.install(*group("build"))
    folder = Path(session.create_tmp()).resolve() / "distributions"
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(folder), silent=True)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    check_wheel(session, wheel)
    check_sdist(session, sdist)
    try_wheel(session, wheel, folder / "fresh")
    if session.posargs:
        kept = Path(session.invoked_from, session.posargs[0])
        kept.mkdir(parents=True, exist_ok=True)
        for each in (wheel, sdist):
            shutil.copy(each, kept)
    shutil.rmtree(folder)


def check_wheel(session: nox.Session, wheel: Path) -> None:
    """The package as it lies here, with its metadata, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    metadata = "-".join(wheel.name.split("-")[:2]) + ".dist-info/"
    wanted = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    compare(session, wheel, names, files_in("sbtransfer") | {metadata + name for name in wanted})


def check_sdist(session: nox.Session, sdist: Path) -> None:
    """What it takes to build, to test and to read it: no caches, nothing of the place where it is kept."""
    with tarfile.open(sdist) as archive:
        names = {each.name.partition("/")[2] for each in archive.getmembers() if each.isfile()}
    wanted = {"PKG-INFO", ".gitignore"}  # the latter is put there by the build itself
    for part in PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]:
        wanted |= files_in(part.lstrip("/"))
    compare(session, sdist, names, wanted | {"pyproject.toml"})


def files_in(part: str) -> set[str]:
    """The files below a place that the project keeps, by their paths from the root."""
    place = ROOT / part
    if place.is_file():
        return {part}
    found = [each.relative_to(place).as_posix() for each in place.rglob("*") if each.is_file()]
    return {f"{part}/{each}" for each in found if not re.search(r"/(\.|__pycache__/)", f"/{each}")}


def compare(session: nox.Session, archive: Path, names: set[str], wanted: set[str]) -> None:
    for word, some in (("lacks", wanted - names), ("also has", names - wanted)):
        if some:
            session.error(f"{archive.name} {word} {', '.join(sorted(some))}")
    session.log(f"{archive.name}: {len(names)} files, as they should be")


def try_wheel(session: nox.Session, wheel: Path, place: Path) -> None:
    """Install it alone, without any extra, and ask each of its verbs for help, away from the sources."""
    session.run("python", "-m", "venv", "--clear", str(place), silent=True)
    python, command = str(place / "bin" / "python"), str(place / "bin" / "sbtransfer")

    def run(*words: str) -> str:
        return str(session.run(*words, silent=True, log=False, external=True))

    with session.chdir(place):
        run(python, "-m", "pip", "install", "--quiet", str(wheel))
        run(python, "-W", "error", "-c", "import sbtransfer")
        run(command, "--version")
        verbs = run(python, "-c", "from sbtransfer.cli import cli; print(*cli.commands)").split()
        for verb in verbs:
            run(command, verb, "--help")
    session.log(f"{wheel.name}: each of {len(verbs)} verbs helps where it is installed alone")
