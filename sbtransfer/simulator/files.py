"""Files and folders as the platform shows them: one, many by their ids, and what a place holds."""

from collections.abc import Callable, Sequence
from typing import Any

from sbtransfer.simulator.bodies import malformed, read_ids
from sbtransfer.simulator.calls import Call, answer, bulk_answer
from sbtransfer.simulator.listing import limit_of, link, list_answer, page_answer
from sbtransfer.simulator.messages import Answer
from sbtransfer.simulator.scrolls import FIRST, Home, Scroll
from sbtransfer.simulator.state import State
from sbtransfer.simulator.world import File, World

DEEPEST_OFFSET = 5_000
"""Where links to a further page by offset end, and a scroll goes on. An assumption: the real figure is not
documented. A client that makes up larger offsets by itself is answered."""


def show_file(state: State, call: Call) -> Answer:
    """Answer `GET /files/{id}`."""
    return answer(_file(state, call.id, call))


def show_files(state: State, call: Call) -> Answer:
    """Answer `POST /bulk/files/get`."""

    def show(file_id: str) -> dict[str, Any]:
        return _file(state, file_id, call)

    return bulk_answer(show, read_ids(call.request.body, "file_ids"))


def list_files(state: State, call: Call) -> Answer:
    """Answer `GET /files`: what a project or a folder holds itself; what its folders hold is not in it."""
    return _page(state, call, (call.given("project"), call.given("parent")), "/files/scroll")


def list_folder(state: State, call: Call) -> Answer:
    """Answer `GET /files/{id}/list`."""
    return _page(state, call, (None, call.id), f"/files/{call.id}/scroll")


def scroll_files(state: State, call: Call) -> Answer:
    """Answer `GET /files/scroll`."""
    return _scroll(state, call, (call.given("project"), call.given("parent")))


def scroll_folder(state: State, call: Call) -> Answer:
    """Answer `GET /files/{id}/scroll`."""
    return _scroll(state, call, (None, call.id))


def _file(state: State, file_id: str, call: Call) -> dict[str, Any]:
    root = _root_folder(state.world, file_id)
    if root is not None:
        return {**root.shown(call.now, call.base_url), "parent": None}
    return state.world.file(file_id, call.now).shown(call.now, call.base_url)


def _root_folder(world: World, file_id: str) -> File | None:
    """Return a project's own folder, which is nowhere entered."""
    if file_id in world.files:
        return None
    project, folder = world.place(None, file_id)
    if project is None or folder is not None:
        return None
    return File(id=file_id, name=world.project(project).name, project=project, type="folder")


def _page(state: State, call: Call, home: Home, scroll_path: str) -> Answer:
    files = _within(state, call, home)
    limit = limit_of(call)

    def onward(offset: int) -> str:
        if offset <= DEEPEST_OFFSET:
            return call.href(offset=offset, limit=limit)
        token = state.scrolls.begin(Scroll(home, files[offset:], before=offset))
        return call.href(scroll_path, token=token, offset=None, limit=limit)

    return list_answer(files, _shows(call), call, onward=onward)


def _scroll(state: State, call: Call, home: Home) -> Answer:
    limit = limit_of(call)
    if call.given("offset"):
        raise malformed("'offset' and 'token' exclude each other.")
    token = call.given("token") or FIRST
    if token == FIRST:
        token = state.scrolls.begin(Scroll(home, _within(state, call, home)))
    scroll, place = state.scrolls.read(token, home)
    end = place + limit
    onward = call.href(token=state.scrolls.after(token, limit), limit=limit)
    return page_answer(
        call.href(token=token, limit=limit),
        list(map(_shows(call), scroll.files[place:end])),
        [link("next", onward)] if end < len(scroll.files) else [],
        scroll.total,
    )


def _within(state: State, call: Call, home: Home) -> Sequence[File]:
    """Return what a place holds, or what of it has one of the names that the call gives."""
    files = state.world.within(*home, call.now)
    names = call.request.query.get("name")
    return files if names is None else [file for file in files if file.name in set(names)]


def _shows(call: Call) -> Callable[[File], dict[str, Any]]:
    def show(file: File) -> dict[str, Any]:
        return file.shown(call.now, call.base_url) if call.in_full else file.brief(call.base_url)

    return show
