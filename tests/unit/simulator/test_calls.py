import orjson
import pytest

from sbtransfer.simulator import Request
from sbtransfer.simulator.calls import Call, answer, bulk_answer
from sbtransfer.simulator.refusals import Code, RefusalError

BASE = "http://here/v2"


def call_with(path: str = "/files", **query: list[str]) -> Call:
    return Call(Request("GET", path, query), 0.0, BASE)


@pytest.mark.parametrize(
    ("value", "is_set"), [("true", True), ("True", True), ("TRUE", True), ("false", False)]
)
def test_a_flag_may_be_in_any_case(value: str, is_set: bool) -> None:
    assert call_with(copy_only=[value]).flag("copy_only") is is_set


def test_a_flag_that_is_absent_is_off() -> None:
    assert not call_with().flag("copy_only")


def test_a_parameter_without_a_value_names_nothing() -> None:
    assert call_with(project=[""]).given("project") is None
    assert call_with(project=["p", "q"]).given("project") == "p"


def test_an_href_keeps_what_is_not_changed() -> None:
    call = call_with("/files/a b/list", state=["A", "B"], offset=["0"])
    assert call.href() == f"{BASE}/files/a%20b/list?state=A&state=B&offset=0"
    assert call.href(offset=None, token="x y") == f"{BASE}/files/a%20b/list?state=A&state=B&token=x+y"
    assert call.href("/files", state=3) == f"{BASE}/files?state=3&offset=0"


def test_an_answer_is_json_with_its_own_headers() -> None:
    made = answer({"a": 1}, 201, {"X-More": "1"})
    assert (made.status, made.body) == (201, b'{"a":1}')
    assert made.headers == {"Content-Type": "application/json", "X-More": "1"}


def test_a_refusal_in_a_bulk_call_ends_its_own_entry_only() -> None:
    refusal = RefusalError(404, Code.NO_FILE, "no")

    def make(entry: int) -> dict[str, int]:
        if entry == 2:
            raise refusal
        return {"n": entry}

    records = orjson.loads(bulk_answer(make, [1, 2, 3]).body)["items"]
    assert records == [{"resource": {"n": 1}}, {"error": refusal.record()}, {"resource": {"n": 3}}]
