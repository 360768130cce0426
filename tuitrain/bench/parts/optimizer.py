"""The optimizer: Adam's update alone, which is bound by memory bandwidth."""

from __future__ import annotations

from collections.abc import Iterator

from ..plan import Case, Plan, format_threads
from ..protocol import Cell

LEFT_OUT = {"JAX scan": "an update alone is not scanned over"}


def cases(plan: Plan) -> Iterator[Case]:
    """Plan updates of 10 and 40 million parameters; quick: of one million."""
    for threads in (1,) if plan.quick else plan.threads:
        for millions in (1,) if plan.quick else (10, 40):
            label = f"{millions}M parameters, {format_threads(threads)}"
            cell = Cell(work="adam", parameters=millions * 1_000_000)
            # New workers for each size, which free the memory of the previous one.
            yield plan.case(label, cell, threads, left_out=LEFT_OUT, purpose=label)
