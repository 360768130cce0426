"""The optimizer: Adam's update alone, where memory decides."""

from __future__ import annotations

from collections.abc import Iterator

from tuitrain.bench.plan import Plan, threads_text
from tuitrain.bench.protocol import Cell
from tuitrain.bench.results import Row


def measure(plan: Plan) -> Iterator[Row]:
    """Measure an update of 10 and 40 million parameters; quick: of a million."""
    everyone = [each.name for each in plan.peers if each.name != "JAX scan"]
    for threads in (1,) if plan.quick else plan.threads:
        for millions in (1,) if plan.quick else (10, 40):
            # Workers of its own for each size: what one needs of memory, four times over.
            with plan.workers(threads, *everyone) as workers:
                label = f"{millions}M parameters, {threads_text(threads)}"
                cell = Cell(work="adam", parameters=millions * 1_000_000)
                yield plan.compare(workers, label, cell)
