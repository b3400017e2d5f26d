"""Making folders."""

from collections.abc import Mapping
from typing import Any

from sbtransfer.simulator.bodies import malformed, optional_text, read_body, text
from sbtransfer.simulator.calls import Call, answer
from sbtransfer.simulator.messages import Answer
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.state import State
from sbtransfer.simulator.world import World


def make_folder(state: State, call: Call) -> Answer:
    """Answer `POST /files`: make a folder in a project or a folder, unless something there has its name."""
    body = read_body(call.request.body)
    name = _name(body)
    project, parent = optional_text(body, "project"), optional_text(body, "parent")
    state.world.check_destination(project, parent, call.now)
    project, parent = state.world.place(project, parent)
    if _is_taken(state.world, project, parent, name, call.now):
        raise RefusalError(409, Code.BAD_REQUEST, f"There is already a file or folder called {name!r}.")
    folder = state.world.folder(project, parent, name, call.now)
    return answer(folder.shown(call.now, call.base_url), 201)


def _name(body: Mapping[str, Any]) -> str:
    name, kind = text(body, "name"), text(body, "type")
    if kind.lower() != "folder":
        raise malformed(f"'type' must be FOLDER, not {kind!r}: files are uploaded or imported.")
    if "/" in name or name.strip() in ("", ".", ".."):
        raise malformed(f"'name' cannot be {name!r}.")
    return name


def _is_taken(world: World, project: str | None, parent: str | None, name: str, now: float) -> bool:
    latest = world.named(parent or project, name)
    if latest is None or latest.exists(now):
        return latest is not None
    # The latest of that name is on its way or gone; another one may be there until, or since, then.
    there = world.within(None if parent else project, parent, now)
    return any(file.name == name for file in there)
