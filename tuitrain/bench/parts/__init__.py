"""The parts of the benchmark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tuitrain.errors import TuitrainError, did_you_mean

from ..plan import Case, Plan
from . import (
    freeze,
    latency,
    lateness,
    memory,
    monitor,
    optimizer,
    scaling,
    screen,
    start,
    throughput,
    torch_loops,
    viewers,
)


@dataclass(frozen=True, slots=True)
class PartSpec:
    """A part of the benchmark.

    Attributes
    ----------
    cases : plans the part's cases, in order; measures nothing yet
    rounds : default number of rounds, where values take long or vary little; None for the default
        of all parts
    starts_processes : whether every value starts a process; such a part has one quick round
    """

    name: str
    title: str
    cases: Callable[[Plan], Iterator[Case]]
    rounds: int | None = None
    starts_processes: bool = False

    def default_rounds(self, quick: bool, default: int) -> int:
        """Return the number of rounds, where ``default`` is that of all parts."""
        if quick:
            return 1 if self.starts_processes else default
        return default if self.rounds is None else self.rounds

    def cells(self, plan: Plan) -> list[str]:
        """Return the names of the part's rows, in order."""
        return [cell for case in self.cases(plan) for cell in case.cells]


PARTS: Final = (
    PartSpec("throughput", "Training: samples a second", throughput.cases),
    PartSpec("optimizer", "Adam alone: time of an update", optimizer.cases),
    PartSpec(
        "start",
        "From the start of the process to the end of the first step",
        start.cases,
        rounds=3,
        starts_processes=True,
    ),
    PartSpec(
        "screen",
        "Training under the full screen, beside the same run headless",
        screen.cases,
        starts_processes=True,
    ),
    PartSpec(
        "latency",
        "From a key or a command to its being applied",
        latency.cases,
        rounds=3,
        starts_processes=True,
    ),
    PartSpec(
        "lateness",
        "How late the screen's event loop is, with 100 groups",
        lateness.cases,
        rounds=3,
        starts_processes=True,
    ),
    PartSpec(
        "monitor",
        "A headless run with record and tests, beside its bare engine",
        monitor.cases,
        starts_processes=True,
    ),
    PartSpec(
        "viewers",
        "A run that other processes watch, beside the same run without viewers",
        viewers.cases,
        rounds=2,
        starts_processes=True,
    ),
    PartSpec(
        "torch",
        "What watch adds to a step of a loop in PyTorch",
        torch_loops.cases,
        rounds=2,
        starts_processes=True,
    ),
    PartSpec("memory", "The most memory held", memory.cases, rounds=1, starts_processes=True),
    PartSpec("growth", "Over batch, width, depth and groups", scaling.cases),
    PartSpec(
        "freeze", "Time of a step with the bottom layers frozen, beside none frozen", freeze.cases
    ),
)
"""The parts in the order of a report."""

TITLES: Final = {part.name: part.title for part in PARTS}


def select_parts(names: Iterable[str]) -> list[PartSpec]:
    """Return the parts of these names in the order of `PARTS`; all parts for no name.

    Raises
    ------
    TuitrainError : there is no such part
    """
    selected = list(names) or list(TITLES)
    for name in selected:
        if name not in TITLES:
            raise TuitrainError(
                f"--only: the benchmark has no part {name!r}{did_you_mean(name, TITLES)} "
                f"(parts: {', '.join(TITLES)})"
            )
    return [part for part in PARTS if part.name in selected]
