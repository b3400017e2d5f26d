"""A call on its way to its handler, and what handlers answer with."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import attrs
import orjson

from sbtransfer.simulator.messages import Answer, Request
from sbtransfer.simulator.refusals import RefusalError

T = TypeVar("T")

Body = Mapping[str, Any]


@attrs.frozen
class Call:
    """A request that was let in, when it came, and where hrefs begin.

    `id` is what the path names: `abc` in `/files/abc/list`, `owner/name` for projects and volumes.
    """

    request: Request
    now: float
    base_url: str
    id: str = ""

    @property
    def in_full(self) -> bool:
        """Whether the entries of a list are to show all of their fields."""
        return self.request.parameter("fields") == "_all"

    def given(self, name: str) -> str | None:
        """Return a parameter of the query; one without a value names nothing."""
        return self.request.parameter(name) or None

    def flag(self, name: str) -> bool:
        """Return a parameter that is true or false, in whatever case; false where it is absent."""
        return (self.request.parameter(name) or "").lower() == "true"

    def href(self, path: str | None = None, **changes: object) -> str:
        """Return the address of this very call; `changes` replace parameters, and None takes one away."""
        query = {**self.request.query, **{name: [str(value)] for name, value in changes.items()}}
        kept = {name: values for name, values in query.items() if changes.get(name, "") is not None}
        return f"{self.base_url}{quote(path or self.request.path)}?{urlencode(kept, doseq=True)}"


def answer(body: Body, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a body as the platform sends it."""
    return Answer(status, {"Content-Type": "application/json", **(headers or {})}, orjson.dumps(body))


def bulk_answer(make: Callable[[T], Body], entries: Iterable[T]) -> Answer:
    """Answer a bulk call in the order of its entries: a refusal ends its own entry only."""
    return answer({"items": [_record(make, entry) for entry in entries]})


def _record(make: Callable[[T], Body], entry: T) -> Body:
    try:
        return {"resource": make(entry)}
    except RefusalError as refusal:
        return {"error": refusal.record()}
