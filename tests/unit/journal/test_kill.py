"""What was acknowledged before a `kill -9` is there afterwards, for readers and for the next writer."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sbtransfer.journal import JournalReader, database
from tests.unit.journal.journals import completed, listed, opened

WRITER = """
import asyncio, itertools, sys
from pathlib import Path
from sbtransfer.journal import SQLiteJournal, database
from tests.unit.journal.journals import ROSA, an_outcome, intend, listed

if sys.argv[2] == "delete":
    database._MOUNTS = Path("/nowhere")

async def main():
    journal = SQLiteJournal(sys.argv[1])
    await journal.open(ROSA)
    for first in itertools.count(0, 10):
        entries = listed(10, first)
        sent = await intend(journal, entries)
        print("intended", first, flush=True)
        await journal.answered(sent.call, {entry.index: f"j{entry.index}" for entry in entries}, ())
        print("answered", first, flush=True)
        await journal.ended([an_outcome(entry) for entry in entries])
        print("ended", first, flush=True)

asyncio.run(main())
"""


def killed_after(path: Path, lines: int, mode: str) -> dict[str, int]:
    """Kill a writer when it has acknowledged so much; return the last of each kind that it told."""
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": str(root)}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), mode], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return {kind: int(first) + 10 for kind, first in (line.split() for line in told if line.endswith("\n"))}


@pytest.mark.parametrize("mode", ["wal", "delete"])
@pytest.mark.parametrize("lines", [1, 2, 3, 40, 101])
async def test_what_was_acknowledged_is_there(
    tmp_path: Path, lines: int, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "move.sqlite"
    told = killed_after(path, lines, mode)
    if mode == "wal":
        with JournalReader(path) as reader:
            check(reader, told)
    else:
        monkeypatch.setattr(database, "_MOUNTS", tmp_path / "none")
    async with opened(path) as journal:
        assert journal.past.length >= told["intended"]
        with JournalReader(path) as reader:
            check(reader, told)
        await completed(journal, listed(1, first=journal.past.length))


def check(reader: JournalReader, told: dict[str, int]) -> None:
    counts = reader.counts()
    assert counts.recorded >= told["intended"]
    assert counts.under_way + counts.completed >= told.get("answered", 0)
    assert counts.completed >= told.get("ended", 0)
    assert [outcome.index for outcome in reader.outcomes()] == list(range(counts.completed))
    assert counts.recorded == counts.completed + counts.under_way + counts.in_doubt
