"""What the pages that explain say in numbers is what was measured."""

import asyncio
import re
from pathlib import Path

from aiolimiter import AsyncLimiter

from sbtransfer.simulator.clock import run

ROOT = Path(__file__).parents[3]
FIGURES = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
PERIOD = 300


def explained(name: str) -> str:
    return (ROOT / "docs" / "explanation" / f"{name}.md").read_text(encoding="utf-8")


async def admitted_in_one_period() -> int:
    """Take files in hundreds from a leaky bucket, as fast as it gives them, and count them."""
    bucket = AsyncLimiter(500, PERIOD)
    admitted = 0
    while True:
        await bucket.acquire(100)
        if asyncio.get_running_loop().time() >= PERIOD:
            return admitted
        admitted += 100


def test_a_leaky_bucket_of_500_admits_900_files_in_five_minutes() -> None:
    admitted = run(admitted_in_one_period())
    assert f"**{admitted} files**" in explained("limits")


def test_the_price_of_lag_is_the_one_that_was_measured() -> None:
    named = {"Polling(19)": "a lag of 19 s"}
    table = re.findall(
        r"^\| `([^`]+)` \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", explained("polling"), re.MULTILINE
    )
    assert len(table) == 4
    for setting, lag, requests, best in table:
        name = named.get(setting, setting.removeprefix("Polling."))
        measured = re.search(rf"^{name} +([\d.]+) +\d+ +([\d.]+) +([\d.]+)", FIGURES, re.MULTILINE)
        assert measured is not None
        assert (lag, requests, best) == measured.groups()


def test_figures_of_a_run_are_those_that_were_measured() -> None:
    fast = re.search(r"^100,000 imports, jobs up to 300 s +\S+ +\S+ +(\S+) +(\S+)", FIGURES, re.MULTILINE)
    assert fast is not None
    assert fast.groups() == ("20.0", "210.0")
    assert "20.0 requests for 1,000" in explained("polling")
    assert "seen 210 s after their end" in explained("polling")
    drs = re.search(r"^10,000 DRS files, jobs up to 300 s .* (\d+) +(\d+) +(\S+%) ", FIGURES, re.MULTILINE)
    assert drs is not None
    assert drs.groups()[1:] == ("500", "100.000%")
    crash = re.search(
        r"(200 kills in 11 runs of 5,000 items: 0 lost, 0 twice, 0 wrong, 0 unconfirmed)", FIGURES
    )
    assert crash is not None
    assert crash[1] in " ".join(explained("exactly-once").split())
