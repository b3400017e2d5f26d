"""What the pages of the documentation hold that can be run, and how it is run: see test_docs.py."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import define, field, frozen

PATIENCE = 60  # seconds after which a snippet hangs
HURRY = Path(__file__).parent / "in_a_hurry"
SERVER = "sbtransfer simulate"
# A session of its own; the plugin for asyncio warns where it is not told.
SCOPE = "asyncio_default_fixture_loop_scope=function"
PYTEST = (sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "-o", SCOPE)
# Commands that a page may show and that are not run, with the reason.
NOT_RUN = {
    "pip install": "what is tested is installed already",
    "python3 -m venv": "what is tested is installed already",
}
_FENCE = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2 *$", re.DOTALL | re.MULTILINE)
_CAPTION = re.compile(r":caption: *(\S+)\n+")
_OPTION = re.compile(r"\A(:[\w-]+:[^\n]*\n)+\n*")
_NAMED = re.compile(r"\A# ([\w.-]+\.py)\b")
_CODE = re.compile(r"# exit code (\d+)")
CELL = "# in a notebook"


@frozen
class Block:
    """A fenced block: its language, the file that it is, if any, its text, and the line of its fence."""

    language: str
    name: str | None
    text: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order; a directive's block has its language as its argument."""
    for match in _FENCE.finditer(page):
        info, text = match[3].strip(), match[4]
        line = page.count("\n", 0, match.start()) + 2
        directive, _, language = info.partition("} ") if info.startswith("{") else ("", "", info)
        if directive and directive != "{code-block":
            yield Block(info, None, text, line)
            continue
        caption = _CAPTION.search(text) if directive else None
        text = _OPTION.sub("", text) if directive else text
        named = _NAMED.match(text) if language == "python" else None
        name = caption[1] if caption else named[1] if named else None
        yield Block(language, name, text, line)


def commands(script: str) -> list[str]:
    """Return the commands of a shell's block: one a line, unless a line ends in a backslash."""
    joined = re.sub(r"\\\n\s*", "", script)
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def reason_not_to_run(command: str) -> str | None:
    """Return why a command is not run, None where it is."""
    return next((why for start, why in NOT_RUN.items() if command.startswith(start)), None)


@define
class Reader:
    """Does what a page tells its reader to do, in a folder that is its home."""

    page: Path
    folder: Path
    given: Mapping[str, str]
    """What is in the environment."""
    ran: int = 0
    """How many snippets have run."""
    files: list[str] = field(factory=list)
    """Python files that were written down, and that nothing has run yet."""
    _served: list[subprocess.Popen[str]] = field(factory=list)
    _output: str = ""

    def read(self) -> None:
        """Follow the page from its first line to its last."""
        try:
            for block in blocks(self.page.read_text(encoding="utf-8")):
                self.follow(block)
        finally:
            for server in self._served:
                server.send_signal(signal.SIGINT)
                server.communicate(timeout=PATIENCE)

    def follow(self, block: Block) -> None:
        """Do what one block asks for."""
        if block.name is not None:
            (self.folder / block.name).write_text(block.text, encoding="utf-8")
            self.take_note(block)
        elif block.language == "python":
            how = ["-m", "notebook_cell"] if block.text.startswith(CELL) else ["-"]
            self._run([sys.executable, "-W", "error", *how], block, stdin=block.text)
        elif block.language == "sh":
            for command in commands(block.text):
                self.shell(command, block)
        elif block.language == "text" and self.ran:
            self.compare(block)

    def take_note(self, block: Block) -> None:
        """Run a file of tests; any other program is run, or imported, further down the page."""
        name = str(block.name)
        if not name.endswith(".py"):
            return
        self.files = [other for other in self.files if f"import {other[:-3]}" not in block.text]
        self.files = [other for other in self.files if f"from {other[:-3]} import" not in block.text]
        if name.startswith("test_"):
            # A session of its own knows no hurry: it has the plugin's platform, which is fast.
            self._run([*PYTEST, name], block, path="")
        else:
            self.files.append(name)

    def shell(self, command: str, block: Block) -> None:
        """Run a command as a shell does, or note that it is not to be run."""
        if reason_not_to_run(command):
            return
        if command.startswith(SERVER):
            self._serve(command)
            return
        self.files = [name for name in self.files if name not in command]
        code = _CODE.search(command)
        script = f"set -o pipefail; {command}"
        self._run(["bash", "-c", script], block, code=int(code[1]) if code else 0)

    def compare(self, block: Block) -> None:
        """Look for a block of text in the output of what ran before it: `…` stands for anything."""
        place = 0
        for line in filter(None, map(str.strip, block.text.splitlines())):
            pattern = ".*".join(re.escape(part.strip()).replace(r"\ ", r"\s+") for part in line.split("…"))
            found = re.compile(pattern).search(self._output, place)
            assert found, f"{self._at(block)}: no {line!r} in the output:\n{self._output}"
            place = found.end()

    def _serve(self, command: str) -> None:
        """Start a simulated platform of the page's own, and go on with the environment that it prints."""
        args = [*shlex.split(command, comments=True), "--port", "0"]
        server = subprocess.Popen(
            args, cwd=self.folder, env=self._environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        self._served.append(server)
        assert server.stdout is not None
        printed = server.stdout.readline()
        assert printed.startswith("export "), printed
        words = dict(word.split("=", 1) for word in shlex.split(printed)[1:])
        self.given = {**self.given, **words}
        self._output = printed
        self.ran += 1

    def _run(
        self, args: Sequence[str], block: Block, *, stdin: str = "", code: int = 0, path: str = str(HURRY)
    ) -> None:
        done = subprocess.run(
            args, cwd=self.folder, env=self._environment() | {"PYTHONPATH": path}, input=stdin, text=True,
            timeout=PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        self._output = done.stdout
        assert done.returncode == code, f"{self._at(block)}: exit code {done.returncode}\n{done.stdout}"
        assert "Exception ignored" not in done.stdout, f"{self._at(block)}: {done.stdout}"
        self.ran += 1

    def _at(self, block: Block) -> str:
        return f"{self.page.name}:{block.line}"

    def _environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        fixed = {"PATH": path, "HOME": str(self.folder), "COLUMNS": "200", "NO_PROXY": "127.0.0.1"}
        return fixed | {"no_proxy": "127.0.0.1"} | dict(self.given)
