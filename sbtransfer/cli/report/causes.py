"""Why items were not completed, grouped: what differs from item to item is taken out of the messages."""

from __future__ import annotations

import re
from bisect import insort
from operator import attrgetter

import attrs
from attrs import define, field, frozen

from sbtransfer.cli.telling import subject
from sbtransfer.items import Item
from sbtransfer.models import Outcome, OutcomeState

NO_REASON = "no reason was given"

_TRACKED = 1_000
"""How many causes to keep apart: a message that is different each time must not fill the memory."""

_LONGEST = 2_000
"""How much of a message is looked at. A gateway's page may come in place of one."""

# Words with a digit that are the same for every item.
_SAME = r"(?: md5|sha1|sha256|sha512|crc32c?|s3|utf8|x64 )(?![\w.\-])"
_DIFFERS = re.compile(
    r"""
      (?<!\w)(?: '[^']*' | "[^"]*" | `[^`]*` )(?!\w)                    # quoted
    | \u2018[^\u2019]*\u2019 | \u201c[^\u201d]*\u201d
    | \b [a-z][a-z0-9+.\-]*:// [^\s,;)\]}>'"]+                            # a URI
    | [^\s,;:()\[\]{}<>=]* / [^\s,;()\[\]{}<>]+                           # a path, or owner/name
    | (?<![\w.\-])(?!"""
    + _SAME
    + r""")[\w.\-]* \d [\w.\-]* (?<!\.)                                   # a number, or a name with one
    | \b [0-9a-f]{8,} \b                                                 # hexadecimal digits
    | \b \w[\w\-]* (?: \.\w[\w\-]* )+                                   # the name of a file or host
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SEVERAL = re.compile(r"…(?:[\s,]*…)+")
_LETTERS = re.compile(r"[^\W\d_]*")


@frozen
class Cause:
    """What failures have in common. `message` has … where it differs from item to item."""

    state: OutcomeState
    code: int | str | None
    message: str


@frozen
class Example:
    """One item of a cause, with the message in its own words."""

    index: int
    subject: str
    message: str
    ref: str | None = None


@define
class Group:
    """A cause, how many items share it, and those of them that come first in the list."""

    cause: Cause
    items: int = 0
    examples: list[Example] = field(factory=list)

    def add(self, outcome: Outcome, examples: int) -> None:
        """Count an item, and keep it if it is one of the first."""
        self.items += 1
        if len(self.examples) < examples or (examples and outcome.index < self.examples[-1].index):
            insort(self.examples, _example(outcome), key=attrgetter("index"))
            del self.examples[examples:]


@define
class Causes:
    """The causes of all failures, with some examples of each."""

    examples: int = 3
    tracked: int = _TRACKED
    items: int = field(init=False, default=0)
    _groups: dict[Cause, Group] = field(init=False, factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Count an item that was not completed."""
        self.items += 1
        cause = cause_of(outcome)
        group = self._groups.get(cause)
        if group is None:
            group = self._groups[cause] = Group(cause)
        group.add(outcome, self.examples)
        if len(self._groups) > 2 * self.tracked:
            self._groups = {group.cause: group for group in self.most_frequent(self.tracked)}

    def __len__(self) -> int:
        """How many causes are known apart."""
        return len(self._groups)

    def most_frequent(self, most: int) -> list[Group]:
        """Return so many groups, the largest first, and of equal ones that which comes first by name."""
        return sorted(self._groups.values(), key=_rank)[:most]


def cause_of(outcome: Outcome) -> Cause:
    """Return the cause of an item that was not completed."""
    message = message_of(outcome)
    for value in _own_words(outcome.item):
        message = message.replace(value, "…")
    code = None if outcome.error is None else outcome.error.code
    return Cause(outcome.state, code, without_differences(message))


def without_differences(message: str) -> str:
    """Return a message with … for what is quoted, and for paths, ids, names and numbers."""
    return _SEVERAL.sub("…", _DIFFERS.sub("…", message))


def message_of(outcome: Outcome) -> str:
    """Return the message of an item that was not completed, on one line."""
    said = "" if outcome.error is None else outcome.error.message
    return " ".join(said[:_LONGEST].split()) or NO_REASON


def _own_words(item: Item) -> list[str]:
    """Return what an item has of its own that a message may repeat, the longest first.

    What is short, or a word, could be a part of any message; it stays.
    """
    given = attrs.astuple(item, recurse=False)
    values = {" ".join(value.split()) for value in given if isinstance(value, str)}
    telling = (value for value in values if len(value) > 3 and not _LETTERS.fullmatch(value))
    return sorted(telling, key=len, reverse=True)


def _example(outcome: Outcome) -> Example:
    ref = outcome.item.ref
    return Example(
        outcome.index, subject(outcome.item), message_of(outcome), None if ref is None else str(ref)
    )


def _rank(group: Group) -> tuple[int, str, str, str]:
    cause = group.cause
    return -group.items, cause.state, str(cause.code), cause.message
