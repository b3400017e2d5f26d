"""sevenbridges-python as its documentation uses it: bulk calls of a hundred, and a sleep between looks."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import sevenbridges

from benchmarks.compare.input import CHUNK, TOKEN, Row, in_chunks, rows

UNDER_WAY = ("PENDING", "RUNNING")


def imported(endpoint: str, count: int, look: float, threads: int = 1) -> int:
    """Import so many items, one call after the other or so many at once; return how many were completed."""
    api = sevenbridges.Api(endpoint, TOKEN, debug=True)  # plain http needs `debug`
    if threads == 1:
        return _imported(api, map, count, look)
    with ThreadPoolExecutor(threads) as pool:
        return _imported(api, pool.map, count, look)


def _imported(api: Any, each: Any, count: int, look: float) -> int:
    """Start everything, and look at all jobs again and again until none is under way."""
    completed = 0
    waiting = [job for jobs in each(partial(_submitted, api), in_chunks(rows(count))) for job in jobs]
    while waiting:
        batches = [waiting[start : start + CHUNK] for start in range(0, len(waiting), CHUNK)]
        jobs = [job for jobs in each(partial(_seen, api), batches) for job in jobs]
        completed += sum(state == "COMPLETED" for _, state in jobs)
        waiting = [job_id for job_id, state in jobs if state in UNDER_WAY]
        if waiting:
            time.sleep(look)
    return completed


def _submitted(api: Any, chunk: list[Row]) -> list[str]:
    return [record.resource.id for record in api.imports.bulk_submit(chunk)]


def _seen(api: Any, job_ids: list[str]) -> list[tuple[str, str]]:
    jobs = [record.resource for record in api.imports.bulk_get(job_ids)]
    return [(job.id, job.state) for job in jobs]
