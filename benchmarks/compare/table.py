"""The figures of `benchmarks.compare` as text: a table of each setting, and the bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from statistics import median

from attrs import frozen

from benchmarks.compare.contenders import BARE, OFFICIAL, OURS, OURS_KEPT
from benchmarks.compare.cost import Costs

HEAD = (
    f"{'':<32} {'CPU us/item':>11} {'from':>6} {'to':>6} {'/ bare':>7} {'best':>6} "
    f"{'items/s':>8} {'x official':>10} {'peak MB':>8} {'creates':>8} {'gets':>6} {'other':>5} "
    f"{'client busy':>11} {'server busy':>11}"
)


def table(all_costs: Mapping[str, Costs]) -> str:
    """Return a line for each contender, under a head."""
    return "\n".join((HEAD, *(_line(one, all_costs) for one in all_costs.values())))


def _line(costs: Costs, all_costs: Mapping[str, Costs]) -> str:
    bare, official = all_costs.get(BARE), all_costs.get(OFFICIAL)
    middle, cpu = costs.middle, costs.cpu_us
    return (
        f"{costs.name:<32} {median(cpu):>11.1f} {min(cpu):>6.1f} {max(cpu):>6.1f} "
        f"{_ratio(costs.cpu_over, bare):>7} {_ratio(costs.best_cpu_over, bare):>6} "
        f"{costs.rate:>8,.0f} {_ratio(costs.faster_than, official):>10} "
        f"{middle(lambda one: one.peak_mb):>8.1f} {middle(lambda one: one.creates):>8.0f} "
        f"{middle(lambda one: one.gets):>6.0f} {middle(lambda one: one.others):>5.0f} "
        f"{middle(lambda one: one.cpu / one.seconds):>11.0%} "
        f"{middle(lambda one: one.server_cpu / one.seconds):>11.0%}"
    )


def _ratio(over: Callable[[Costs], float], other: Costs | None) -> str:
    return "" if other is None else f"{over(other):.2f}"


@frozen
class Bar:
    """A number to reach by `name`, compared with `other`: at most `most`, or at least `least`."""

    what: str
    name: str
    other: str
    figure: Callable[[Costs, Costs], float]
    most: float = float("inf")
    least: float = 0.0

    def line(self, all_costs: Mapping[str, Costs]) -> str:
        """Say whether it was reached, and how far off it is."""
        value = self.figure(all_costs[self.name], all_costs[self.other])
        bound, words = (self.least, "at least") if self.least else (self.most, "at most")
        off = abs(value / bound - 1)
        verdict = f"met, {off:.0%} to spare" if self.least <= value <= self.most else f"missed by {off:.0%}"
        return f"{self.what:<62} {value:>6.2f}  {words} {bound:<4g} {verdict}"


AT_ONCE = (
    Bar("client CPU an item, over bare aiohttp", OURS, BARE, Costs.cpu_over, most=1.1),
    Bar("  ... with a journal", OURS_KEPT, BARE, Costs.cpu_over, most=1.4),
    Bar("items/s without latency, over sevenbridges-python", OURS, OFFICIAL, Costs.faster_than, least=2.5),
    Bar("  ... with a journal", OURS_KEPT, OFFICIAL, Costs.faster_than, least=2.5),
)
FROM_AFAR = (
    Bar("items/s with latency, over sevenbridges-python", OURS, OFFICIAL, Costs.faster_than, least=5.0),
    Bar("  ... with a journal", OURS_KEPT, OFFICIAL, Costs.faster_than, least=5.0),
)


def bars(all_costs: Mapping[str, Costs], *, latency: bool) -> Iterator[str]:
    """Yield a line for each bar of a setting whose contenders took part."""
    for bar in FROM_AFAR if latency else AT_ONCE:
        if bar.name in all_costs and bar.other in all_costs:
            yield bar.line(all_costs)
