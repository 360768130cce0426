"""The time to the first step: every measurement has caches of its own, empty or filled."""

import json

import pytest

from tuitrain.bench.parts import start
from tuitrain.bench.plan import Plan
from tuitrain.bench.worker_pool import WorkerPool


@pytest.fixture
def plan(fake):
    with WorkerPool() as pool:
        yield Plan(rounds=2, peers=[fake("caches", "tuitrain"), fake("caches", "other")], pool=pool)


def cache_folders(case):
    """Return the cache folder of each measurement of tuitrain and of the other peer."""
    (row,) = case.measure()
    return {name: json.loads(trial.variant) for name, trial in row.trials.items()}


def test_every_peer_starts_with_a_cache_folder_that_exists(plan):
    empty, warm, *_ = start.cases(plan)
    for case in (empty, warm):
        folders = cache_folders(case)
        assert set(folders) == {"tuitrain", "other"}
        assert all(folder["exists"] for folder in folders.values())
        assert folders["tuitrain"]["path"] != folders["other"]["path"]
