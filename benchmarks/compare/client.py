"""One contender of `benchmarks.compare`, in a process of its own: prints what it took."""

from __future__ import annotations

import argparse
import gc
import http.client
import json
import resource
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from urllib.parse import urlsplit

from attrs import asdict, evolve

from benchmarks.compare.contenders import CONTENDERS, Contender, Task
from benchmarks.compare.cost import Cost

WARM_UP = 200
"""Items that are imported before: they pay for what is loaded and compiled at the first use."""


def measure(contender: Contender, task: Task) -> Cost:
    """Do the task, and ask the server before and after."""
    contender(evolve(task, count=WARM_UP))
    gc.collect()
    before, cpu, began = counts(task.endpoint), process_time(), perf_counter()
    completed = contender(task)
    cpu, seconds = process_time() - cpu, perf_counter() - began
    after = counts(task.endpoint)
    return Cost(
        completed=completed,
        cpu=cpu,
        whole_cpu=process_time(),
        seconds=seconds,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        / (1024 if sys.platform != "darwin" else 2**20),
        server_cpu=after["cpu"] - before["cpu"],
        left=int(after["left"]),
        **{name: int(after[name] - before[name]) for name in ("creates", "gets", "others")},
    )


def counts(endpoint: str) -> dict[str, float]:
    """Ask the server what it was asked until now."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
    connection.request("GET", "/counts")
    told: dict[str, float] = json.loads(connection.getresponse().read())
    connection.close()
    return told


def main() -> None:
    """Run one contender."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("endpoint")
    parser.add_argument("count", type=int)
    parser.add_argument("look", type=float)
    parser.add_argument("--in-flight", type=int)
    given = vars(parser.parse_args())
    contender = CONTENDERS[given.pop("name")]
    with TemporaryDirectory(prefix="sbtransfer-compare-") as folder:
        print(json.dumps(asdict(measure(contender, Task(folder=Path(folder), **given)))))


if __name__ == "__main__":
    main()
