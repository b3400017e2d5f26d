"""Projects as the platform shows them."""

from typing import Any
from urllib.parse import quote

from sbtransfer.simulator.calls import Call, answer
from sbtransfer.simulator.listing import list_answer
from sbtransfer.simulator.messages import Answer
from sbtransfer.simulator.state import State
from sbtransfer.simulator.timestamps import LONG_AGO
from sbtransfer.simulator.world import Project

BILLING_GROUP = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def list_projects(state: State, call: Call) -> Answer:
    """Answer `GET /projects` and `GET /projects/{owner}`.

    Assumption: the filter `name` leaves the projects whose name holds that text, in whatever case.
    """
    wanted = (call.given("name") or "").lower()
    matching = [
        project
        for project in state.world.projects.values()
        if call.id in ("", project.owner) and wanted in project.name.lower()
    ]

    def show(project: Project) -> dict[str, Any]:
        return _shown(project, state, call) if call.in_full else _brief(project, call)

    return list_answer(matching, show, call)


def show_project(state: State, call: Call) -> Answer:
    """Answer `GET /projects/{owner}/{name}`."""
    return answer(_shown(state.world.project(call.id), state, call))


def _brief(project: Project, call: Call) -> dict[str, Any]:
    href = f"{call.base_url}/projects/{quote(project.id)}"
    return {"href": href, "id": project.id, "name": project.name}


def _shown(project: Project, state: State, call: Call) -> dict[str, Any]:
    return {
        **_brief(project, call),
        "type": "v2",
        "description": "",
        "tags": [],
        "category": "PRIVATE",
        "settings": {"locked": False, "controlled": False, "location": f"aws:{project.region}"},
        "root_folder": project.root,
        "billing_group": BILLING_GROUP,
        "created_by": project.owner,
        "created_on": LONG_AGO,
        "modified_on": LONG_AGO,
        "permissions": {
            "read": True,
            "copy": True,
            "write": project.writable,
            "execute": project.writable,
            "admin": project.writable and project.owner == state.username,
        },
    }
