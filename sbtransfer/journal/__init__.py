"""What a run writes down, so that nothing is sent twice: a protocol, one in memory, one in a SQLite file."""

from sbtransfer.journal.identity import digest
from sbtransfer.journal.journal import Journal, Owner, Past, Recorded, Sent, Spend, Unfinished
from sbtransfer.journal.memory import MemoryJournal
from sbtransfer.journal.reader import Counts, JournalReader
from sbtransfer.journal.sqlite import SQLiteJournal

__all__ = [
    "Counts",
    "Journal",
    "JournalReader",
    "MemoryJournal",
    "Owner",
    "Past",
    "Recorded",
    "SQLiteJournal",
    "Sent",
    "Spend",
    "Unfinished",
    "digest",
]
