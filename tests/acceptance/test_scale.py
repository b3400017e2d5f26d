"""The short version of `benchmarks.scale`: real processes and short lists. No figure of time is judged."""

import json
import sys
from functools import partial
from pathlib import Path

import pytest

import benchmarks.scale.__main__ as scale
from benchmarks.scale import many_lists, starts
from benchmarks.scale.one_list import Case, Cost
from benchmarks.scale.starts import EMPTY, HELP, IMPORT, Start


def test_every_way_of_taking_a_list_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    costs = scale.memory((1200,))
    names = ["without a journal", "with a journal", "a slow consumer", "an endless source"]
    assert [(cost.case.name, cost.case.items) for cost in costs] == [(name, 1200) for name in names]
    assert all(cost.peak_mb > 0 and cost.cpu_us > 0 for cost in costs)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[1].strip() for line in lines[5:]] == names


def test_many_transfers_lose_nothing_and_do_nothing_twice() -> None:
    alone, together = (many_lists.measure(*way, limited=True) for way in ((1, 800), (4, 200)))
    for run in (alone, together):
        assert (run.lost, run.twice) == (0, 0)
        assert len(run.ends) == len(run.done_by_half) == run.transfers
        assert sum(run.done_by_half) >= 400
    assert "overhead of many" in scale.many_table(alone, together)[-1]
    assert scale.many_bars([alone, together]) == ["  met: 0 lost, 0 twice, none of either"]


def test_half_of_all_is_done_when_half_of_all_moments_have_come() -> None:
    times = [[1.0, 2.0, 3.0, 4.0], [2.5, 8.0, 8.5, 9.0]]
    assert many_lists.by_half(times) == [3, 1]
    assert [many_lists.moment_of(share, times) for share in (0.5, 0.95, 1.0)] == [3.0, 9.0, 9.0]


def test_the_bars_of_memory_and_of_starts_judge_what_was_measured() -> None:
    def cost(items: int, peak_mb: float) -> Cost:
        return Cost(Case(items), peak_mb, cpu_us=1.0, seconds=1.0, most_undelivered=0)

    assert scale.memory_bars([cost(10, 70.0), cost(1000, 100.0)])[0].startswith("  met: without a journal")
    assert scale.memory_bars([cost(10, 70.0), cost(1000, 100.1)])[0].startswith("  MISSED:")
    starts = [Start(EMPTY, 0.3, 0.0), Start(HELP, 0.26, 0.2), Start(IMPORT, 0.09, 0.05)]
    assert [line.split(":")[0].strip() for line in scale.startup_bars(starts)] == ["MISSED", "met"]


def test_growth_is_the_least_of_each_size_and_flat_from_ten_thousand_on() -> None:
    measured = [(1_000, 90.0), (10_000, 30.0), (10_000, 20.0), (100_000, 25.0)]
    costs = [Cost(Case(items), 50.0, cpu, 1.0, 0) for items, cpu in measured]
    figures = scale.least(costs)
    assert figures == {"without a journal": {1_000: 90.0, 10_000: 20.0, 100_000: 25.0}}
    assert scale.growth_table(figures).split()[-1] == "1.25"


def test_what_fails_to_start_has_no_figure() -> None:
    assert starts.cpu_of([sys.executable, "-c", "pass"]) > 0
    with pytest.raises(SystemExit, match="exit code 3"):
        starts.cpu_of([sys.executable, "-c", "raise SystemExit(3)"])


def test_one_part_alone_is_printed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scale.json"
    monkeypatch.setitem(scale.PARTS, "startup", partial(scale.startup, rounds=1))
    monkeypatch.setattr(sys, "argv", ["scale", "--only", "startup", "--json", str(path)])
    scale.main()
    (starts,) = json.loads(path.read_text()).values()
    assert [one["name"] for one in starts][:3] == [EMPTY, IMPORT, HELP]
    assert "sbtransfer --help: " in capsys.readouterr().out


def test_a_plot_without_growth_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        scale.arguments(["--only", "startup", "--plot", "growth.svg"])
    assert "--plot shows growth" in capsys.readouterr().err
