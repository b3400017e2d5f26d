from collections.abc import Callable
from typing import Any

from sbtransfer.simulator import Platform

BASE = "http://127.0.0.1:8900/v2"

Call = Callable[..., Any]

# What the official client reads of a user.
FIELDS = {
    "href",
    "username",
    "email",
    "first_name",
    "last_name",
    "affiliation",
    "phone",
    "address",
    "city",
} | {
    "state",
    "country",
    "zip_code",
    "role",
}


def test_the_user_is_the_owner_of_the_token(call: Call) -> None:
    user = call("/user").data
    assert user.keys() == FIELDS
    assert (user["href"], user["username"]) == (f"{BASE}/users/rfranklin", "rfranklin")
    assert user["email"] == "rfranklin@example.com"


def test_the_href_leads_to_the_user_and_there_is_no_other(calls_to: Callable[[Platform], Call]) -> None:
    call = calls_to(Platform(username="rosa"))
    user = call("/user").data
    assert user["username"] == "rosa"
    assert call(user["href"].removeprefix(BASE)).data == user
    assert call("/users/rfranklin").status == 404


def test_a_platform_may_change_hands(platform: Platform, call: Call) -> None:
    platform.username = "rosa"
    assert platform.username == call("/user").data["username"] == "rosa"
    assert not call("/projects/rfranklin/my-project").data["permissions"]["admin"]


def test_the_limit_on_instances_is_none(call: Call) -> None:
    limits = call("/rate_limit").data
    assert limits.keys() == {"rate", "instance_limit"}
    assert limits["instance_limit"] == {"limit": -1, "remaining": -1}
