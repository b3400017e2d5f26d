"""Pages of a list: offset and limit, and the links to the pages before and after.

Assumption: a page holds 25 entries unless `limit` says otherwise, and at most 100, in every list.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sbtransfer.simulator.bodies import malformed
from sbtransfer.simulator.calls import Body, Call, answer
from sbtransfer.simulator.messages import Answer

DEFAULT_LIMIT = 25
MAX_LIMIT = 100

T = TypeVar("T")


def list_answer(
    entries: Sequence[T],
    show: Callable[[T], Body],
    call: Call,
    *,
    newest_first: bool = False,
    onward: Callable[[int], str] | None = None,
) -> Answer:
    """Answer with one page of the entries; `onward` makes the link to the page from an offset on."""
    offset, limit = whole(call, "offset", 0, lowest=0), limit_of(call)
    end = offset + limit
    # Places rather than entries are turned around: a page costs the same however long the list is.
    places = range(len(entries))[:: -1 if newest_first else 1]
    links = []
    if end < len(entries):
        links.append(link("next", onward(end) if onward else call.href(offset=end, limit=limit)))
    if offset > 0:
        links.append(link("prev", call.href(offset=max(0, offset - limit), limit=limit)))
    items = [show(entries[place]) for place in places[offset:end]]
    return page_answer(call.href(offset=offset, limit=limit), items, links, len(entries))


def page_answer(href: str, items: Sequence[Body], links: Sequence[Body], total: int) -> Answer:
    """Answer with a page that is made already, of a list of `total` entries."""
    body = {"href": href, "items": items, "links": links}
    return answer(body, headers={"X-Total-Matching-Query": str(total)})


def link(rel: str, href: str) -> dict[str, Any]:
    """Return a link to another page, `next` or `prev`."""
    return {"rel": rel, "href": href, "method": "GET"}


def limit_of(call: Call) -> int:
    """Return how many entries a page is to hold."""
    return whole(call, "limit", DEFAULT_LIMIT, lowest=1, highest=MAX_LIMIT)


def whole(call: Call, name: str, default: int, *, lowest: int, highest: float = math.inf) -> int:
    """Return a whole number of the query, or refuse what is none or out of its bounds."""
    given = call.request.parameter(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdecimal()) or not lowest <= int(given) <= highest:
        raise malformed(f"{name!r} must be a whole number from {lowest} to {highest}, not {given!r}.")
    return int(given)
