"""Throughput: whole steps, tuitrain beside its peers, over networks, batches and threads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

from tuitrain.bench.plan import Plan, threads_text
from tuitrain.bench.protocol import Cell
from tuitrain.bench.results import Row

NETWORKS: Final = {"LeNet": "lenet", "MLP": "mlp-784-256-128-10", "CNN": "cnn"}


def measure(plan: Plan) -> Iterator[Row]:
    """Measure every cell: all networks, B = 1 to 256, SGD and Adam; quick: a few."""
    if plan.quick:
        cells = [("LeNet", "sgd", 64), ("MLP", "adam", 64)]
    else:
        cells = list(product(NETWORKS, ("sgd", "adam"), (1, 32, 64, 256)))
    for threads in (1,) if plan.quick else plan.threads:
        with plan.workers(threads) as workers:
            for name, optimizer, batch in cells:
                label = f"{name}, {optimizer}, B={batch}, {threads_text(threads)}"
                cell = Cell(network=NETWORKS[name], optimizer=optimizer, batch=batch)  # type: ignore[arg-type]
                yield plan.compare(workers, label, cell)
