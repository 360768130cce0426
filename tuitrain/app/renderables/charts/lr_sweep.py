"""The results of a learning-rate sweep: a table, loss curves, and loss over learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tuitrain.run.snapshot import LrSweep, Series, Snapshot

from ..formatting import format_count, format_loss, format_lr
from ..rows import Role, Row, ljust, rjust
from .axes import Axes, decimal_labels, pad_constant_range
from .plot import Curve, Mark, plot

FINAL_STEPS: Final = 50
"""Number of last steps whose mean loss is compared, as in the run's reply."""

MIN_FINDER_RATES: Final = 3
"""Minimum number of learning rates for a plot of loss over learning rate."""

_ROLES: Final[tuple[Role, ...]] = ("group-0", "group-1", "group-2", "group-4", "text")
"""The group colors that can be distinguished as thin lines."""

_DECADE: Final = 1000
"""Positions per decade on the axis of learning rates, which counts in integers."""


@dataclass(frozen=True, slots=True, eq=False)
class SweepCandidate:
    """A candidate of a sweep with its results.

    Attributes
    ----------
    value : the candidate as given, such as ``x2``
    branch : the name of its branch
    lr : the learning rate; the factor if the rate before is unknown
    curve : the loss of each step of the sweep
    final_loss, mean_loss : mean loss of the last steps, and of all; not finite if it diverged
    as_is : whether the candidate is the rate before the sweep; also where a script had set it
    """

    value: str
    branch: str
    lr: float
    curve: Series
    final_loss: float
    mean_loss: float
    as_is: bool
    role: Role


def sweep_candidates(snapshot: Snapshot, sweep: LrSweep) -> list[SweepCandidate]:
    """Return the candidates in their order."""
    losses = {branch.name: branch.loss for branch in snapshot.branches}
    losses[snapshot.branch] = snapshot.loss
    candidates = []
    for index, candidate in enumerate(sweep.candidates):
        curve = _sweep_part(losses.get(candidate.branch, Series()), sweep)
        candidates.append(
            SweepCandidate(
                candidate.value,
                candidate.branch,
                _lr(candidate.value, sweep.lr),
                curve,
                _mean(curve, sweep, FINAL_STEPS),
                _mean(curve, sweep, sweep.steps),
                candidate.is_unchanged or candidate.value == "x1",
                _ROLES[index % len(_ROLES)],
            )
        )
    return candidates


def best_index(candidates: Sequence[SweepCandidate]) -> int:
    """Return the index of the candidate with the lowest final loss; 0 if all diverged."""
    losses = [candidate.final_loss for candidate in candidates]
    finite = [loss if math.isfinite(loss) else math.inf for loss in losses]
    return finite.index(min(finite)) if finite else 0


def sweep_table_rows(candidates: Sequence[SweepCandidate], sweep: LrSweep, width: int) -> list[Row]:
    """Return a header and a row for each candidate; the best one is marked."""
    last = min(FINAL_STEPS, sweep.steps)
    lr_title = "lr" if math.isfinite(sweep.lr) else "times"
    titles = [lr_title, f"last {last}", f"all {format_count(sweep.steps)}", "as it is ±"]
    title = ljust("    candidate", 16) + "".join(rjust(text, 12) for text in titles)
    as_is = next((entry.final_loss for entry in candidates if entry.as_is), math.nan)
    best = best_index(candidates)
    rows = [_row(entry, as_is, index == best) for index, entry in enumerate(candidates)]
    return [((ljust(title, width), "muted"),), *rows]


def sweep_curve_rows(
    candidates: Sequence[SweepCandidate], chosen: int, width: int, height: int
) -> list[Row]:
    """Draw the smoothed losses: the chosen candidate solid, the others dotted.

    Those of the best candidate and of the present rate are whole; the top is cut from others.
    """
    curves = [
        Curve(_smooth(entry.curve), entry.role, dotted=True, name=entry.value)
        for entry in candidates
    ]
    best = best_index(candidates)
    whole = [
        curve.series.values
        for index, (curve, entry) in enumerate(zip(curves, candidates, strict=True))
        if index == best or entry.as_is
    ]
    span = _span([curve.series.values for curve in curves], whole)
    curves.insert(0, replace(curves.pop(chosen), dotted=False))
    if span is None:
        return [(("no loss is finite", "muted"),)]
    steps = curves[0].series.steps
    axes = Axes(float(steps[0]), float(steps[-1]), *span, decimal_labels(*span))
    return plot(curves, axes, width, height + 1)[1:]


def lr_finder_rows(
    candidates: Sequence[SweepCandidate], chosen: int, width: int, height: int
) -> list[Row]:
    """Draw the final loss over the learning rate, on a logarithmic axis."""
    known = sorted((entry for entry in candidates if entry.lr > 0), key=lambda entry: entry.lr)
    if len({entry.lr for entry in known}) < MIN_FINDER_RATES:
        return []
    places = np.array([_position(entry) for entry in known])
    losses = np.array([entry.final_loss for entry in known])
    as_is = ((entry.final_loss, entry.mean_loss) for entry in known if entry.as_is)
    span = _span([losses], [losses[:1], *map(np.array, as_is)])
    if span is None:
        return []
    labels = {float(place): format_lr(entry.lr) for place, entry in zip(places, known, strict=True)}
    pad = max(1, int(places[-1] - places[0]) // 20)
    axes = Axes(places[0] - pad, places[-1] + pad, *span, decimal_labels(*span), labels)
    choice = candidates[chosen]
    marks = [Mark(_position(choice), "", "", choice.role)] if choice.lr > 0 else []
    return plot([Curve(Series(places, losses), "curve")], axes, width, height + 1, marks)[1:]


def _position(candidate: SweepCandidate) -> int:
    """Return the place of a candidate on the logarithmic axis."""
    return round(math.log10(candidate.lr) * _DECADE)


def _row(candidate: SweepCandidate, as_is: float, is_best: bool) -> Row:
    numbers = "".join(
        rjust(text, 12)
        for text in (
            format_lr(candidate.lr),
            format_loss(candidate.final_loss),
            format_loss(candidate.mean_loss),
        )
    )
    name = ljust(candidate.value, 11)
    start: Row = ((" ★ " if is_best else "   ", "good"), ("━ ", candidate.role), (name, "strong"))
    if not math.isfinite(candidate.final_loss):
        lr = rjust(format_lr(candidate.lr), 12)
        return (*start, (lr, "text"), (f"   {_divergence(candidate)}", "bad"))
    if candidate.as_is:
        return (*start, (numbers, "text"), (rjust("as it is", 12), "muted"))
    return (*start, (numbers, "text"), _difference(candidate.final_loss, as_is))


def _divergence(candidate: SweepCandidate) -> str:
    bad = np.flatnonzero(~np.isfinite(candidate.curve.values))
    if not len(bad):
        return "—"
    return f"not finite since step {format_count(int(candidate.curve.steps[bad[0]]))}"


def _difference(end: float, as_is: float) -> tuple[str, Role]:
    if not math.isfinite(as_is):
        return rjust("—", 12), "muted"
    role = "good" if end < as_is else "bad"
    return rjust(f"{'+' if end >= as_is else '-'}{format_loss(abs(end - as_is))}", 12), role


def _lr(value: str, lr_before: float) -> float:
    """Return the rate of a candidate, such as ``0.1`` or ``x2``."""
    if not value.startswith("x"):
        return float(value)
    return float(value[1:]) * (lr_before if math.isfinite(lr_before) else 1.0)


def _sweep_part(series: Series, sweep: LrSweep) -> Series:
    first = int(np.searchsorted(series.steps, sweep.step, side="right"))
    return series.part(slice(first, first + sweep.steps))


def _smooth(series: Series) -> Series:
    """Return the running mean over a tenth of the steps, since batches differ more than rates."""
    window = max(1, len(series) // 10)
    if window == 1:
        return series
    with np.errstate(all="ignore"):
        sums = np.cumsum(np.insert(series.values, 0, 0.0))
        values = (sums[window:] - sums[:-window]) / window
    return Series(series.steps[window - 1 :], values)


def _span(curves: Sequence[np.ndarray], whole: Sequence[np.ndarray]) -> tuple[float, float] | None:
    """Return the range of a plot; curves that diverge may leave it at the top.

    Parameters
    ----------
    whole : what is all in the range; other curves may rise above it by as much as its height, or
        by half of its highest value
    """
    values, inside = _finite(curves), _finite(whole)
    if not len(values):
        return None
    bottom, top = float(values.min()), float(values.max())
    if len(inside):
        highest = float(inside.max())
        top = min(top, highest + max(highest - bottom, highest / 2, 1e-3))
    return pad_constant_range(bottom, top) or (bottom, top)


def _finite(curves: Sequence[np.ndarray]) -> np.ndarray:
    """Return the finite values of curves."""
    return np.concatenate([np.empty(0), *(values[np.isfinite(values)] for values in curves)])


def _mean(curve: Series, sweep: LrSweep, last: int) -> float:
    """Return the mean loss of the samples of the last steps."""
    values = curve.values[-last:].tolist()
    return sweep.batches.mean_loss(values, int(curve.steps[-1])) if values else math.nan
