import json
from pathlib import Path

import pytest

from sbtransfer import WorkList
from sbtransfer.cli.demo import Plan, plan_drs, plan_imports


def end(plan: Plan, **ends: str) -> None:
    """Write results in which all is as planned but for `ends`; an item without one is left out."""
    states = {n: "FAILED" if n in plan.bad else "COMPLETED" for n in range(plan.items)}
    states |= {int(name.removeprefix("item_")): state for name, state in ends.items()}
    rows = (json.dumps({"index": n, "state": state}) for n, state in states.items() if state)
    plan.results.write_text("\n".join(rows))


@pytest.mark.parametrize("make", [plan_drs, plan_imports])
def test_the_lists_are_fit_for_the_first_pass(make: type[Plan], tmp_path: Path) -> None:
    plan = make(tmp_path)  # type: ignore[call-arg, arg-type]
    check = WorkList(plan.path, plan.kind).check()
    assert (check.items, check.problems) == (plan.items, ())
    assert plan.bad <= set(range(plan.items))


def test_a_plan_comes_true_if_the_planted_items_alone_fail(tmp_path: Path) -> None:
    plan = Plan("drs", tmp_path / "list.csv", 5, frozenset({3}))
    end(plan)
    assert plan.came_true()


@pytest.mark.parametrize(
    "ends", [{"item_2": "FAILED"}, {"item_3": "COMPLETED"}, {"item_1": "UNCONFIRMED"}, {"item_0": ""}]
)
def test_a_plan_does_not_come_true_otherwise(tmp_path: Path, ends: dict[str, str]) -> None:
    plan = Plan("drs", tmp_path / "list.csv", 5, frozenset({3}))
    end(plan, **ends)
    assert not plan.came_true()


def test_a_plan_does_not_come_true_where_an_item_ends_twice(tmp_path: Path) -> None:
    plan = Plan("drs", tmp_path / "list.csv", 5, frozenset({3}))
    end(plan)
    plan.results.write_text(plan.results.read_text() + '\n{"index": 1, "state": "COMPLETED"}')
    assert not plan.came_true()
