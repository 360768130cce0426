"""The optimizer: Adam's update alone, where memory decides."""

from __future__ import annotations

from collections.abc import Iterator

from tuitrain.bench.plan import Case, Plan, threads_text
from tuitrain.bench.protocol import Cell

LEFT_OUT = {"JAX scan": "an update alone is not scanned over"}


def cases(plan: Plan) -> Iterator[Case]:
    """Plan an update of 10 and 40 million parameters; quick: of a million."""
    for threads in (1,) if plan.quick else plan.threads:
        for millions in (1,) if plan.quick else (10, 40):
            label = f"{millions}M parameters, {threads_text(threads)}"
            cell = Cell(work="adam", parameters=millions * 1_000_000)
            # Workers of its own for each size: what one needs of memory, four times over.
            yield plan.case(label, cell, threads, left_out=LEFT_OUT, purpose=label)
