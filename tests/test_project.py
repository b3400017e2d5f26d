"""What is said of the project beside its code is true: workflow, hooks, CONTRIBUTING, versions, imports."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

import sbtransfer

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SESSION = re.compile(r"^@nox\.session(?:\((.*)\))?\ndef (\w+)", re.MULTILINE)
NAME = re.compile(r'name="([\w-]+)"')


def read(place: str) -> str:
    """Return a file of the checkout; a source distribution has neither workflow nor hooks."""
    if not (ROOT / ".github").is_dir():
        pytest.skip("this is no checkout")
    return (ROOT / place).read_text(encoding="utf-8")


def sessions() -> set[str]:
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    return {name[1] if (name := NAME.search(options)) else made for options, made in SESSION.findall(noxfile)}


def default_sessions() -> set[str]:
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    named = re.search(r"nox\.options\.sessions = \[(.*)\]", noxfile)
    assert named
    return set(re.findall(r'"([\w-]+)"', named[1]))


def pythons() -> list[str]:
    classifiers = PYPROJECT["project"]["classifiers"]
    return [one.rpartition(" ")[2] for one in classifiers if re.search(r":: 3\.\d+$", one)]


# The workflow --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workflow() -> Any:
    return yaml.safe_load(read(".github/workflows/ci.yml"))


def sessions_of(job: Any) -> set[str]:
    """The sessions that a job runs: of its matrix, and those that its commands name."""
    matrix = job.get("strategy", {}).get("matrix", {})
    of_matrix = {*matrix.get("session", ()), *(one["session"] for one in matrix.get("include", ()))}
    commands = [step.get("run", "") for step in job["steps"]]
    named = {name for command in commands for name in re.findall(r"\.ci/run -s ([\w-]+)", command)}
    if of_matrix:
        assert any('.ci/run -s "$SESSION"' in command for command in commands)
    return of_matrix | named


def test_the_workflow_runs_sessions_that_exist_and_all_that_matter(workflow: Any) -> None:
    run = set().union(*(sessions_of(job) for job in workflow["jobs"].values()))
    assert run <= sessions()
    # There the tests run as tests-on, for each Python.
    assert run >= (default_sessions() - {"tests"}) | {"tests-on", "lowest", "newest"}
    assert default_sessions() <= sessions()
    assert "docs" in default_sessions()
    assert not default_sessions() & {"lowest", "newest"}


def test_the_tests_run_on_each_system_with_each_python(workflow: Any) -> None:
    job = workflow["jobs"]["tests"]
    matrix = job["strategy"]["matrix"]
    assert matrix["python"] == pythons()
    assert [name.partition("-")[0] for name in matrix["os"]] == ["ubuntu", "macos"]
    extremes = {one["session"]: one["python"] for one in matrix["include"]}
    assert extremes == {"lowest": pythons()[0], "newest": pythons()[-1]}
    (install,) = [step["run"] for step in job["steps"] if "postgresql" in step.get("run", "")]
    assert "brew install" in install  # where there is apt, .ci/run does it


def test_a_job_may_read_and_no_more_unless_it_publishes(workflow: Any) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    asking = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    assert asking == {"publish": {"id-token": "write"}}
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
            # What others may choose, such as the name of a branch, reaches a shell as a variable only.
            assert "${{" not in step.get("run", "")


def test_only_a_tag_is_published_and_only_after_all_else(workflow: Any) -> None:
    jobs = workflow["jobs"]
    assert workflow[True]["push"]["tags"] == ["v*"]  # YAML reads `on` as a truth
    assert jobs["distributions"]["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert set(jobs["distributions"]["needs"]) == set(jobs) - {"distributions", "publish"}
    assert jobs["publish"]["needs"] == "distributions"
    assert jobs["publish"]["environment"]["name"] == "pypi"


def test_actions_are_pinned(workflow: Any) -> None:
    used = {step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step}
    assert len(used) >= 4
    for action in used:
        assert re.search(r"@(v\d+|release/v\d+|[0-9a-f]{40})$", action), action


# The hooks -----------------------------------------------------------------------------------------------


def test_the_hooks_use_a_ruff_that_is_allowed() -> None:
    told = yaml.safe_load(read(".pre-commit-config.yaml"))
    hooks = [hook for repo in told["repos"] for hook in repo["hooks"]]
    pinned = {one for hook in hooks for one in hook["additional_dependencies"] if one.startswith("ruff")}
    (allowed,) = [
        Requirement(one) for one in PYPROJECT["dependency-groups"]["lint"] if one.startswith("ruff")
    ]
    assert len(pinned) == 1
    assert allowed.specifier.contains(pinned.pop().removeprefix("ruff=="))


def test_the_hooks_run_sessions_that_exist() -> None:
    named = set(re.findall(r"nox .*-s ([\w-]+)", read(".pre-commit-config.yaml")))
    assert named
    assert named <= sessions()


# CONTRIBUTING --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def contributing() -> str:
    return read(".github/CONTRIBUTING.md")


def test_what_contributing_names_is_there(contributing: str) -> None:
    words = set(re.findall(r"`([\w./-]+)`", contributing))
    paths = {word for word in words if "/" in word or word.endswith((".py", ".md", ".toml", ".yaml"))}
    # A bare name of a file is one of the room that was named before it.
    found = {
        path
        for path in paths
        if (ROOT / path).exists()
        or ("/" not in path and [*(ROOT / "sbtransfer").rglob(path), *(ROOT / "tests").rglob(path)])
    }
    assert paths - found == set()
    assert len(paths) > 40


def test_the_names_in_its_examples_are_those_of_the_code(contributing: str) -> None:
    source = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "sbtransfer").rglob("*.py"))
    for name in (
        "ITEM_TYPES",
        "_KINDS",
        "_kind",
        "subject",
        "recognise",
        "call_key",
        "has_metadata",
        "Admission",
    ):
        assert f"`{name}`" in contributing or name in contributing
        assert re.search(rf"\b{name}\b", source)
    for line in (
        "def operations(api: API, *, verify_drs: bool = True) -> Mapping[Kind, Operation]:",
        "def searches(api: API, *, resend_drs: bool = False) -> Mapping[Kind, Search]:",
    ):
        assert line in contributing
        assert line in source


def test_its_dialect_works(contributing: str) -> None:
    example = re.search(r"```python\n(PORTAL_MARKS.*?)```", contributing, re.DOTALL)
    assert example
    made: dict[str, Any] = {}
    exec(f"from sbtransfer.worklist.dialects import Dialect\n{example[1]}", made)
    fields = made["PORTAL"].fields({"guid": "7", "file_title": "a.bam", "bytes": "42"})
    assert fields == {"drs_uri": "drs://drs.portal.example/7", "name": "a.bam", "ref": "7", "size": "42"}


def test_it_sets_up_with_all_extras(contributing: str) -> None:
    installed = re.search(r"'\.\[([\w,]+)\]' --group (\w+)", contributing)
    assert installed
    assert installed[1].split(",") == sorted(PYPROJECT["project"]["optional-dependencies"])
    assert installed[2] in PYPROJECT["dependency-groups"]


def test_it_tells_of_each_session(contributing: str) -> None:
    assert set(
        re.findall(r"`([\w-]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", contributing, re.MULTILINE)))
    ) >= (sessions())


# The package ---------------------------------------------------------------------------------------------


def test_the_version_is_told_alike() -> None:
    assert PYPROJECT["project"]["version"] == sbtransfer.__version__
    heads = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert heads[0] in ("Unreleased", f"[{sbtransfer.__version__}]", sbtransfer.__version__)


def test_an_import_warns_of_nothing_and_loads_nothing_of_others() -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import sbtransfer\n"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "assert loaded - sys.stdlib_module_names == {'sbtransfer'}, loaded\n"
        "assert not loaded & {'asyncio', 'ssl', 'sqlite3', 'logging', 'json'}, loaded\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=ROOT)
