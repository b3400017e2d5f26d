"""Who calls, and what they may still call."""

from sbtransfer.simulator.calls import Call, answer
from sbtransfer.simulator.messages import Answer
from sbtransfer.simulator.refusals import Code, RefusalError
from sbtransfer.simulator.state import State


def show_user(state: State, call: Call) -> Answer:
    """Answer `GET /user` and `GET /users/{username}`; the platform knows nobody but the token's owner."""
    name = state.username
    if call.id not in ("", name):
        raise RefusalError(404, Code.NO_SUCH_PATH, f"User {call.id!r} does not exist.")
    return answer(
        {
            "href": f"{call.base_url}/users/{name}",
            "username": name,
            "email": f"{name}@example.com",
            "first_name": "Rosalind",
            "last_name": "Franklin",
            "affiliation": "King's College",
            "phone": "",
            "address": "Strand",
            "city": "London",
            "state": "",
            "country": "United Kingdom",
            "zip_code": "WC2R 2LS",
            "role": "MEMBER",
        }
    )


def show_rate_limit(state: State, call: Call) -> Answer:
    """Answer `GET /rate_limit`."""
    rate = {
        "limit": state.requests.limit,
        "remaining": state.requests.remaining(call.now),
        "reset": state.requests.resets(call.now),
    }
    return answer({"rate": rate, "instance_limit": {"limit": -1, "remaining": -1}})
