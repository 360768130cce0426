"""Pinning past runs, which are drawn for comparison, each with a letter."""

from __future__ import annotations

from collections.abc import Sequence

from tuitrain.errors import TuitrainError
from tuitrain.scenario.runs.final_curves import final_curves
from tuitrain.scenario.runs.run_list import RecordedRun

from .renderables.charts.pinned_runs import PIN_LETTERS, PinnedRun


def toggle_pin(pinned: tuple[PinnedRun, ...], run: RecordedRun) -> tuple[PinnedRun, ...]:
    """Pin or unpin a run; the other runs keep their letters.

    Raises
    ------
    TuitrainError : its record cannot be read, or the maximum of runs is pinned
    """
    rest = tuple(pin for pin in pinned if pin.key != str(run.folder))
    if len(rest) < len(pinned):
        return rest
    if run.problem:
        raise TuitrainError(run.problem)
    free = [pin for pin in PIN_LETTERS if pin not in {one.letter for one in pinned}]
    if not free:
        raise TuitrainError(f"{len(PIN_LETTERS)} runs are pinned already; space unpins one")
    name = f"{run.name} {run.started_at:%m-%d %H:%M}"
    made = PinnedRun(str(run.folder), name, free[0], final_curves(run.folder))
    return tuple(sorted((*pinned, made), key=lambda pin: pin.letter))


def find_pin(pinned: Sequence[PinnedRun], run: RecordedRun) -> PinnedRun | None:
    """Return the pin of a run; None if it is not pinned."""
    return next((pin for pin in pinned if pin.key == str(run.folder)), None)
