"""The documentation is a test: what its pages tell a reader to do is done, page by page, against a simulator.

The rules for writing a page, which are those of README.md with files and commands added:

- A block of ```python is a program. Each runs alone, in a process of its own, in the order of the page, with
  warnings as errors. One that begins with `# in a notebook` runs in a running loop, and may `await` at
  its top. What must not run is no ```python.
- A block whose first line is `# NAME.py` is written to the file NAME.py. `# test_NAME.py` is run by pytest;
  any other file must be run (`python NAME.py`) or imported by what comes after it on the page.
- Any other file is a block with a caption (```{code-block} text, then `:caption: objects.csv` and an empty
  line), and is written down when the page comes to it.
- A block of ```sh holds commands, one a line (a backslash goes on). Each is run, and ends in exit code 0
  unless its comment says `# exit code 1`. Those of `pages.NOT_RUN` are not run; `sbtransfer simulate` is
  served until the page's end, and its `export` line holds from then on.
- A block of ```text right after one that ran is what it prints: each line, with `…` for anything, is
  looked for in the output (both streams), in order.
- All of a page share a folder, which is its home, and a platform, to which SB_API_ENDPOINT and SB_AUTH_TOKEN
  lead. It has the projects rfranklin/my-project and rfranklin/archive, the volumes rfranklin/input and
  rfranklin/output, and jobs that take no time. A page that says SBTRANSFER_DATABASE has an empty PostgreSQL
  there, and is skipped where there is none.
- Fences begin at the margin, and have a language of LANGUAGES, so that nothing can hide from this.
"""

import re
from pathlib import Path

import pytest

from sbtransfer.simulator import Durations, Platform
from sbtransfer.testing import ServedPlatform
from tests.flows.pages import NOT_RUN, Reader, blocks, commands, reason_not_to_run

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if not path.is_relative_to(DOCS / "_build"))
NAMES = [page.relative_to(DOCS).as_posix() for page in PAGES]
LANGUAGES = {"python", "sh", "text", "json", "ini", "toml", "yaml", "sql", "html", "javascript"}
# Pages that explain; all others must have something to run.
MAY_ONLY_TELL = re.compile(r"(.*/)?(index|architecture)\.md|(explanation|reference)/.*")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_a_page_does_what_it_says(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    platform = Platform(durations=Durations(median=0.01, p99=0.01, pending=0))
    given = {"SB_AUTH_TOKEN": platform.token}
    if "SBTRANSFER_DATABASE" in page.read_text(encoding="utf-8"):
        given["SBTRANSFER_DATABASE"] = request.getfixturevalue("empty_database")
    with ServedPlatform(platform) as served:
        reader = Reader(page, tmp_path, {"SB_API_ENDPOINT": served.url, **given})
        reader.read()
    assert reader.files == [], "files that nothing on the page runs"
    assert reader.ran or MAY_ONLY_TELL.fullmatch(page.relative_to(DOCS).as_posix())


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_snippet_of_a_page_can_hide(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = list(blocks(text))
    assert len(re.findall(r"^[ >*+-]*(?:```|~~~)", text, re.MULTILINE)) == 2 * len(found)
    assert all(block.language in LANGUAGES or block.language.startswith("{") for block in found)
    assert not any(re.match(r"\{(code|sourcecode|doctest|testcode)", block.language) for block in found)
    assert ".. code" not in text


def test_pages_and_exceptions_are_all_there() -> None:
    assert {"index.md", "tutorial.md", "migration.md"} < set(NAMES)
    shown = [
        command
        for page in PAGES
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.language == "sh"
        for command in commands(block.text)
    ]
    spared = {start for start in NOT_RUN for command in shown if command.startswith(start)}
    assert spared == set(NOT_RUN), "an exception that no page needs"
    assert sum(reason_not_to_run(command) is not None for command in shown) < len(shown) / 5


@pytest.mark.parametrize(
    ("page", "trouble"),
    [
        ("```python\n1 / 0\n```\n", "page.md:2: exit code 1"),
        ("```python\nimport warnings; warnings.warn('old')\n```\n", "exit code 1"),
        ("```python\nraise SystemExit(0)\n```\n```text\nwords\n```\n", "page.md:5: no 'words'"),
        ("```sh\ntrue\nfalse | cat\n```\n", "page.md:2: exit code 1"),
        ("```sh\ntrue  # exit code 1\n```\n", "exit code 0"),
        ("```python\n# test_it.py\ndef test_it():\n    assert not 1\n```\n", "1 failed"),
        ("```python\n# test_it.py\n```\n", "exit code 5"),
    ],
)
def test_what_does_not_work_is_noticed(page: str, trouble: str, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    with pytest.raises(AssertionError, match=re.escape(trouble)):
        Reader(tmp_path / "page.md", tmp_path, {}).read()


def test_files_are_to_be_used_and_captions_name_them(tmp_path: Path) -> None:
    page = "```{code-block} text\n:caption: a.csv\n\nx\n```\n```python\n# a.py\n```\n```python\n# b.py\n```\n"
    (tmp_path / "page.md").write_text(page + "```sh\ncat a.csv && python b.py\n```\n```text\nx\n```\n")
    reader = Reader(tmp_path / "page.md", tmp_path, {})
    reader.read()
    assert reader.files == ["a.py"]
    assert (tmp_path / "a.csv").read_text() == "x\n"
