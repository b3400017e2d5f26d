"""`benchmarks.hot_path` counts the same again; whether the figures are good is for the benchmark to say."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import hot_path
from benchmarks.hot_path import Cost
from benchmarks.hot_path_platform import drs, exports, imports
from sbtransfer import Item


@pytest.mark.parametrize("items", [imports(200), drs(150)], ids=["imports", "drs"])
def test_a_list_costs_the_same_in_two_runs(items: list[Item]) -> None:
    first, second = hot_path.measure(items), hot_path.measure(items)
    assert first.calls == second.calls > 1
    assert first.c_calls == second.c_calls > 1
    assert first.functions == second.functions
    assert sum(first.functions.values()) == pytest.approx(first.calls)
    assert first.blocks == pytest.approx(second.blocks, rel=0.02)
    assert first.blocks > 1


def test_only_the_library_is_counted() -> None:
    cost = hot_path.measure(exports(100))
    assert "http/caller.py Caller.send" in cost.functions
    assert "sbtransfer.models.Outcome __init__" in cost.functions
    assert not any("simulator" in name or "hot_path" in name for name in cost.functions)


def test_who_profiled_before_goes_on() -> None:
    before, seen = sys.getprofile(), list[str]()
    sys.setprofile(lambda _frame, event, _arg: seen.append(event))
    try:
        mine = sys.getprofile()
        hot_path.counted(lambda: None)
        assert sys.getprofile() is mine
    finally:
        sys.setprofile(before)


RECORDED = {"calls": 100.0, "c_calls": 50.0, "blocks": 8.0}


@pytest.mark.parametrize(
    ("change", "worse"),
    [
        ({}, False),
        ({"calls": 105.0}, False),
        ({"calls": 105.1}, True),
        ({"blocks": 8.5}, True),
        ({"c_calls": 99}, False),
    ],
)
def test_more_calls_or_blocks_than_recorded_are_worse(change: dict[str, float], worse: bool) -> None:
    words, is_worse = hot_path.compared(RECORDED | change, RECORDED)
    assert is_worse is worse
    assert "calls " in words
    assert "recorded 100.00" in words


def test_an_unknown_version_fails_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    costs = {"imports": Cost(calls=10.0, c_calls=5.0, blocks=8.0, functions={"one": 6.0, "two": 4.0})}
    assert hot_path.verdict(costs, None)
    assert f"nothing is recorded for Python {hot_path.VERSION}" in capsys.readouterr().out
    assert not hot_path.verdict(costs, {"imports": {"calls": 9.0, "c_calls": 5.0, "blocks": 8.0}})
    assert "calls 10.00 (+11.1%, recorded 9.00)" in capsys.readouterr().out
    assert [line.split()[-1] for line in hot_path.most_called(costs).splitlines()[1:]] == ["one", "two"]


def test_recording_leaves_the_figures_of_other_versions(tmp_path: Path) -> None:
    path = tmp_path / "hot_path.json"
    path.write_text('{"2.7": {"imports": {"calls": 1.0}}}')
    hot_path.record({"imports": Cost(1.23456, 2.0, 3.0, {})}, path)
    assert json.loads(path.read_text()) == {
        "2.7": {"imports": {"calls": 1.0}},
        hot_path.VERSION: {"imports": {"calls": 1.235, "c_calls": 2.0, "blocks": 3.0}},
    }
    assert hot_path.read(tmp_path / "none.json") == {}
