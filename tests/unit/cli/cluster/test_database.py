import sys

import pytest
from click.testing import CliRunner, Result

from sbtransfer.cli import cli
from sbtransfer.cli.cluster.database import VARIABLE, DatabaseURL
from sbtransfer.cli.exits import Exit

SECRET = "swordfish"
VERBS = [
    ("init",),
    ("status",),
    ("results", "1"),
    ("cancel", "1"),
    ("work",),
    ("submit", "import", "list.csv"),
    ("submit", "export", "list.csv"),
    ("submit", "drs-import", "list.csv"),
]


def invoke(*args: str, **env: str) -> Result:
    return CliRunner().invoke(cli, ["cluster", *args], env={VARIABLE: None, **env})


def test_no_repr_shows_a_url() -> None:
    url = DatabaseURL(f"postgresql://rosa:{SECRET}@localhost/x")
    assert SECRET not in f"{url!r} {url}"


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("env", [{}, {VARIABLE: ""}, {VARIABLE: "  "}])
def test_without_a_database_both_ways_are_named(verb: tuple[str, ...], env: dict[str, str]) -> None:
    done = invoke(*verb, **env)
    assert done.exit_code == Exit.USAGE
    assert "--database postgresql://" in done.stderr
    assert VARIABLE in done.stderr


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("flag", ["-h", "--bogus"])
def test_a_password_in_the_environment_is_in_no_help(verb: tuple[str, ...], flag: str) -> None:
    done = invoke(*verb, flag, **{VARIABLE: f"postgresql://rosa:{SECRET}@localhost/x"})
    assert f"[env var: {VARIABLE}]" in " ".join(done.output.split()) or flag == "--bogus"
    assert SECRET not in done.output


@pytest.mark.parametrize("package", ["psycopg", "psycopg_pool", "procrastinate"])
@pytest.mark.parametrize("verb", VERBS)
def test_what_is_not_installed_is_one_line(
    monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...], package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    done = invoke(*verb, "--database", "postgresql://rosa@localhost/x")
    assert done.exit_code == Exit.USAGE
    assert done.stderr.splitlines() == [
        f"Error: a cluster needs further packages ({package} is not installed): "
        "pip install 'sbtransfer[postgres]'"
    ]
