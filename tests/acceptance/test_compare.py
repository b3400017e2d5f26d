"""The short version of `benchmarks.compare`: real processes that take turns."""

from benchmarks.compare.contenders import BARE, OURS
from benchmarks.compare.table import bars, table
from benchmarks.compare.turns import Setting, compare


def test_the_contenders_complete_every_item_with_the_same_creates() -> None:
    costs = compare(Setting.of(items=250, latency=0.0), rounds=1, names=(BARE, OURS))
    assert [(name, [run.completed for run in one.runs]) for name, one in costs.items()] == [
        (BARE, [250]),
        (OURS, [250]),
    ]
    assert all((run.creates, run.left) == (3, 0) for one in costs.values() for run in one.runs)
    assert [line.split()[0] for line in table(costs).splitlines()[1:]] == ["bare", "sbtransfer"]
    assert len(list(bars(costs, latency=False))) == 1
