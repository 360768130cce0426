"""Learning rates that were tried side by side: their numbers, their curves, loss against lr."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tuitrain.run.snapshot import LrSweep, Series, Snapshot

from ..formatting import format_count, format_lr, format_number
from ..rows import Role, Row, ljust, rjust
from .plot import Axes, Curve, Mark, decimal_labels, pad_constant_range, plot

FINAL_STEPS: Final = 50
"""Steps at the end over which the loss is averaged to compare; as in the run's own answer."""

MIN_FINDER_RATES: Final = 3
"""From so many learning rates on, loss against lr is a curve."""

_ROLES: Final[tuple[Role, ...]] = ("group-0", "group-1", "group-2", "group-4", "text")
"""Those colours of the groups that can be told apart as thin lines."""

_DECADE: Final = 1000
"""Places on the axis of learning rates from one power of ten to the next."""


@dataclass(frozen=True, slots=True, eq=False)
class SweepCandidate:
    """One candidate, with what came of it.

    Attributes
    ----------
    lr : the rate itself; the factor where that is all that is known
    curve : the loss of every step it was tried for
    end, mean : mean loss of the last steps, and of all; not finite if it diverged
    as_is : it changed nothing
    """

    value: str
    branch: str
    lr: float
    curve: Series
    final_loss: float
    mean_loss: float
    as_is: bool
    role: Role


def sweep_candidates(snapshot: Snapshot, trial: LrSweep) -> list[SweepCandidate]:
    """Return the candidates, in the order in which they were given."""
    lines = {branch.name: branch.loss for branch in snapshot.branches}
    lines[snapshot.branch] = snapshot.loss
    found = []
    for index, each in enumerate(trial.candidates):
        curve = _since(lines.get(each.branch, Series()), trial)
        found.append(
            SweepCandidate(
                each.value,
                each.branch,
                _lr(each.value, trial.lr),
                curve,
                _mean(curve, trial, FINAL_STEPS),
                _mean(curve, trial, trial.steps),
                each.is_unchanged,
                _ROLES[index % len(_ROLES)],
            )
        )
    return found


def best_index(candidates: Sequence[SweepCandidate]) -> int:
    """Return the place of the one with the lowest loss at the end; 0 if all diverged."""
    places = range(len(candidates))
    return min(places, key=lambda at: _finite_or(candidates[at].final_loss, math.inf), default=0)


def sweep_table_rows(candidates: Sequence[SweepCandidate], trial: LrSweep, width: int) -> list[Row]:
    """Return a title, and a row for each candidate; the best is marked."""
    last = min(FINAL_STEPS, trial.steps)
    lr_title = "lr" if math.isfinite(trial.lr) else "times"
    titles = [lr_title, f"last {last}", f"all {format_count(trial.steps)}", "as it is ±"]
    title = ljust("    candidate", 16) + "".join(rjust(each, 12) for each in titles)
    as_is = next((each.final_loss for each in candidates if each.as_is), math.nan)
    winner = best_index(candidates)
    rows = [_row(each, as_is, index == winner) for index, each in enumerate(candidates)]
    return [((ljust(title, width), "muted"),), *rows]


def sweep_curve_rows(
    candidates: Sequence[SweepCandidate], chosen: int, width: int, height: int
) -> list[Row]:
    """Draw the smoothed losses, the chosen one whole, the others dotted and named."""
    curves = [
        Curve(_smooth(each.curve), each.role, dotted=True, name=each.value) for each in candidates
    ]
    curves.insert(0, replace(curves.pop(chosen), dotted=False))
    span = _span([curve.series.values for curve in curves], _begins(candidates))
    if span is None:
        return [(("no loss is finite", "muted"),)]
    steps = curves[0].series.steps
    axes = Axes(float(steps[0]), float(steps[-1]), *span, decimal_labels(*span))
    return plot(curves, axes, width, height + 1)[1:]


def lr_finder_rows(
    candidates: Sequence[SweepCandidate], chosen: int, width: int, height: int
) -> list[Row]:
    """Draw the loss at the end against the learning rate, on a logarithmic axis of rates."""
    known = sorted((each for each in candidates if each.lr > 0), key=lambda each: each.lr)
    if len({each.lr for each in known}) < MIN_FINDER_RATES:
        return []
    places = np.array([round(math.log10(each.lr) * _DECADE) for each in known])
    ends = np.array([each.final_loss for each in known])
    span = _span([ends], _begins(candidates))
    if span is None:
        return []
    labels = {float(place): format_lr(each.lr) for place, each in zip(places, known, strict=True)}
    pad = max(1, int(places[-1] - places[0]) // 20)
    axes = Axes(places[0] - pad, places[-1] + pad, *span, decimal_labels(*span), labels)
    mine = candidates[chosen]
    here = [Mark(round(math.log10(mine.lr) * _DECADE), "", "", mine.role)] if mine.lr > 0 else []
    return plot([Curve(Series(places, ends), "curve")], axes, width, height + 1, here)[1:]


def _row(each: SweepCandidate, as_is: float, wins: bool) -> Row:
    numbers = "".join(
        rjust(text, 12)
        for text in (format_lr(each.lr), _loss(each.final_loss), _loss(each.mean_loss))
    )
    name = ljust(each.value, 11)
    start: Row = ((" ★ " if wins else "   ", "good"), ("━ ", each.role), (name, "strong"))
    if not math.isfinite(each.final_loss):
        bad = np.flatnonzero(~np.isfinite(each.curve.values))
        since = (
            f"not finite since step {format_count(int(each.curve.steps[bad[0]]))}"
            if len(bad)
            else "—"
        )
        return (*start, (rjust(format_lr(each.lr), 12), "text"), (f"   {since}", "bad"))
    if each.as_is:
        return (*start, (numbers, "text"), (rjust("as it is", 12), "muted"))
    return (*start, (numbers, "text"), _difference(each.final_loss, as_is))


def _difference(end: float, as_is: float) -> tuple[str, Role]:
    if not math.isfinite(as_is):
        return rjust("—", 12), "muted"
    role = "good" if end < as_is else "bad"
    return rjust(f"{'+' if end >= as_is else '-'}{_loss(abs(end - as_is))}", 12), role


def _loss(value: float) -> str:
    """Write a loss so that those of a column can be compared."""
    return f"{value:.4f}" if 5e-4 <= value < 1000 else format_number(value)


def _lr(value: str, now: float) -> float:
    if not value.startswith("x"):
        return float(value)
    return float(value[1:]) * (now if math.isfinite(now) else 1.0)


def _since(series: Series, trial: LrSweep) -> Series:
    first = int(np.searchsorted(series.steps, trial.step, side="right"))
    part = slice(first, first + trial.steps)
    return Series(series.steps[part], series.values[part])


def _smooth(series: Series) -> Series:
    """Return the running mean over a tenth of the steps: batches differ more than rates do."""
    over = max(1, len(series) // 10)
    if over == 1:
        return series
    with np.errstate(all="ignore"):
        sums = np.cumsum(np.insert(series.values, 0, 0.0))
        values = (sums[over:] - sums[:-over]) / over
    return Series(series.steps[over - 1 :], values)


def _begins(candidates: Sequence[SweepCandidate]) -> float:
    """Return the loss of the first step, which is that of them all: no update has been made."""
    return next((float(each.curve.values[0]) for each in candidates if len(each.curve)), math.nan)


def _span(curves: Sequence[np.ndarray], begins: float) -> tuple[float, float] | None:
    """Return what to show: no more above where they begin than lies under it."""
    finite = [each[np.isfinite(each)] for each in curves]
    values = np.concatenate([np.empty(0), *finite])
    if not len(values):
        return None
    bottom, top = float(values.min()), float(values.max())
    if math.isfinite(begins):
        top = min(top, max(begins, bottom) + max(begins - bottom, 1e-3))
    return pad_constant_range(bottom, top) or (bottom, top)


def _mean(curve: Series, trial: LrSweep, last: int) -> float:
    """Return the mean loss of the last steps, over their samples."""
    values = curve.values[-last:].tolist()
    return trial.batches.mean_loss(values, int(curve.steps[-1])) if values else math.nan


def _finite_or(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise
