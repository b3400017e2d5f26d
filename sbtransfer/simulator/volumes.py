"""Volumes as the platform shows them, and what they hold.

Assumptions: a list of contents takes `limit` and goes on by `continuation_token`, which belongs to one volume
and one prefix; `metadata` shows with `fields=_all`, as the clients ask, and for a single object.
"""

from typing import Any
from urllib.parse import quote, urlencode

from sbtransfer.simulator.bodies import malformed
from sbtransfer.simulator.calls import Call, answer
from sbtransfer.simulator.listing import limit_of, list_answer
from sbtransfer.simulator.messages import Answer
from sbtransfer.simulator.objects import Object
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.state import State
from sbtransfer.simulator.timestamps import LONG_AGO
from sbtransfer.simulator.tokens import seal, unknown_token, unseal
from sbtransfer.simulator.world import Volume


def list_volumes(state: State, call: Call) -> Answer:
    """Answer `GET /storage/volumes`."""

    def show(volume: Volume) -> dict[str, Any]:
        return _shown(volume, call) if call.in_full else _brief(volume, call)

    return list_answer(list(state.world.volumes.values()), show, call)


def show_volume(state: State, call: Call) -> Answer:
    """Answer `GET /storage/volumes/{owner}/{name}`."""
    return answer(_shown(state.world.volume(call.id), call))


def list_contents(state: State, call: Call) -> Answer:
    """Answer `GET /storage/volumes/{owner}/{name}/list`: one level, folders as prefixes."""
    volume, prefix, limit = state.world.volume(call.id), call.given("prefix") or "", limit_of(call)
    page = volume.objects.page(volume.key(prefix), _start(call, prefix), limit, call.now)
    hidden = len(volume.key(""))
    links = []
    if page.next is not None:
        token = seal(volume.id, prefix, page.next)
        links.append({"next": call.href(limit=limit, continuation_token=token)})
    return answer(
        {
            "href": call.href(limit=limit),
            "items": [_entry(volume, key[hidden:], found, call) for key, found in page.objects],
            "prefixes": [_prefix(volume, key[hidden:], call) for key in page.folders],
            "links": links,
        }
    )


def show_object(state: State, call: Call) -> Answer:
    """Answer `GET /storage/volumes/{owner}/{name}/object`."""
    volume, location = state.world.volume(call.id), call.given("location")
    if location is None:
        raise malformed("'location' is required.")
    found = state.world.object(volume, location, call.now)
    if found is None:
        message = f"{location!r} does not exist on volume {volume.id!r}."
        raise RefusalError(404, Code.NO_OBJECT, message)
    return answer({**_located(volume, location, call), "metadata": _metadata(found)})


def _start(call: Call, prefix: str) -> str | None:
    token = call.given("continuation_token")
    if token is None:
        return None
    volume, same, start = unseal(token, 3)
    if (volume, same) != (call.id, prefix):
        raise unknown_token(token)
    return start


def _home(volume: Volume, call: Call) -> str:
    return f"{call.base_url}/storage/volumes/{quote(volume.id)}"


def _brief(volume: Volume, call: Call) -> dict[str, Any]:
    return {
        "href": _home(volume, call),
        "id": volume.id,
        "name": volume.id.rpartition("/")[2],
        "access_mode": "RW" if volume.writable else "RO",
        "active": volume.active,
    }


def _shown(volume: Volume, call: Call) -> dict[str, Any]:
    return {
        **_brief(volume, call),
        "description": "",
        "service": {
            "type": volume.service,
            "bucket": volume.bucket,
            "prefix": volume.prefix,
            "properties": {"region": volume.region},
        },
        "created_on": LONG_AGO,
        "modified_on": LONG_AGO,
    }


def _located(volume: Volume, location: str, call: Call) -> dict[str, Any]:
    return {
        "href": f"{_home(volume, call)}/object?{urlencode({'location': location})}",
        "location": location,
        "volume": volume.id,
        "type": volume.service,
    }


def _entry(volume: Volume, location: str, found: Object, call: Call) -> dict[str, Any]:
    entry = _located(volume, location, call)
    return {**entry, "metadata": _metadata(found)} if call.in_full else entry


def _metadata(found: Object) -> dict[str, Any]:
    return {"size": found.size} if found.md5 is None else {"size": found.size, "md5": found.md5}


def _prefix(volume: Volume, prefix: str, call: Call) -> dict[str, Any]:
    href = f"{_home(volume, call)}/list?{urlencode({'prefix': prefix})}"
    return {"href": href, "prefix": prefix, "volume": volume.id}
