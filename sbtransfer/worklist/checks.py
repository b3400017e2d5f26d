"""The first pass over a whole work list, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from sbtransfer.errors import WorkListError
from sbtransfer.worklist.places import Problem
from sbtransfer.worklist.rows import Placed


@frozen
class Check:
    """What a full first pass found: `items` that are fit, and each row that is not.

    `problems` holds the first ones as text, `total_problems` counts them all.
    """

    items: int
    problems: tuple[str, ...]
    total_problems: int

    def raise_for_problems(self) -> None:
        """Raise `WorkListError` if any row is bad."""
        if self.total_problems:
            raise WorkListError(self.problems, self.total_problems)


def first_pass(found: Iterable[Placed | Problem], limit: int) -> Check:
    """Read to the end and count; keep the text of the first `limit` problems.

    Raises `WorkListError` where the list cannot be read further, with the problems found until then.
    """
    items = total = 0
    problems: list[str] = []
    try:
        for one in found:
            if not isinstance(one, Problem):
                items += 1
                continue
            total += 1
            if total <= limit:
                problems.append(str(one))
    except WorkListError as error:
        raise WorkListError((*problems, *error.problems), total + error.total) from error.__cause__
    return Check(items, tuple(problems), total)
