"""The parts of the benchmark: what each measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from tuitrain.bench.plan import Case, Plan
from tuitrain.errors import TuitrainError, did_you_mean

Planning = Callable[[Plan], Iterator[Case]]

TITLES: Final = {
    "throughput": "Training: samples a second",
    "optimizer": "Adam alone: time of an update",
    "start": "From the start of the process to the end of the first step",
    "screen": "Training under the full screen, beside the same run headless",
    "latency": "From a key or a command to its being applied",
    "lateness": "How late the screen's event loop is, with 100 groups",
    "monitor": "A headless run with record and tests, beside its bare engine",
    "memory": "The most memory held",
    "growth": "Over batch, width, depth and groups",
    "freeze": "Time of a step with the bottom layers frozen, beside none frozen",
}

STARTING: Final = ("start", "screen", "latency", "lateness", "monitor", "memory")
"""The parts that start a process for every value."""

ROUNDS: Final = {"start": 3, "latency": 3, "lateness": 3, "memory": 1}
"""Rounds of the parts whose values take long, or have little spread; unless somebody chooses."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A part that is to be measured.

    Attributes
    ----------
    cases : plans what is measured, in order; measures nothing yet
    """

    name: str
    title: str
    cases: Planning

    def rounds(self, quick: bool, most: int) -> int:
        """Return how many rounds it has, unless somebody chooses."""
        if quick:
            return 1 if self.name in STARTING else most
        return ROUNDS.get(self.name, most)

    def cells(self, plan: Plan) -> list[str]:
        """Name the rows that it has, in order."""
        return [cell for case in self.cases(plan) for cell in case.cells]


def choose(names: Iterable[str]) -> list[Chosen]:
    """Return the parts of these names in the benchmark's own order; all of them for no name.

    Raises
    ------
    TuitrainError : there is no such part
    """
    wanted = list(names) or list(TITLES)
    for name in wanted:
        if name not in TITLES:
            raise TuitrainError(
                f"--only: the benchmark has no part {name!r}{did_you_mean(name, TITLES)} "
                f"(parts: {', '.join(TITLES)})"
            )
    return [
        Chosen(name, title, import_module(f"{__name__}.{name}").cases)
        for name, title in TITLES.items()
        if name in wanted
    ]
