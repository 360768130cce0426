"""The learning rate to come, as things are and after a command."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuitrain.run.snapshot import Series

from ..formatting import format_lr
from ..rows import Row, join_rows
from .plot import Axes, Curve, plot


@dataclass(frozen=True, slots=True, eq=False)
class LrForecast:
    """Two courses of one learning rate, both at the same steps.

    Attributes
    ----------
    now, then : as things are, and after the command
    ends : their values in the last step of the run, in that order
    """

    current: Series
    proposed: Series
    final: tuple[float, float]


def settled_step(ahead: LrForecast) -> int:
    """Return the step after which neither course changes any more."""
    moves = [np.flatnonzero(np.diff(each.values)) for each in (ahead.current, ahead.proposed)]
    last = max((int(each[-1]) + 1 for each in moves if len(each)), default=len(ahead.proposed) - 1)
    return int(ahead.proposed.steps[last])


def lr_forecast_rows(ahead: LrForecast, width: int, height: int) -> list[Row]:
    """Draw both courses from 0 up, under a line that says where they end."""
    if len(ahead.proposed) < 2:
        return [(("this is the last step of the run", "muted"),)]
    top = max(float(ahead.current.values.max()), float(ahead.proposed.values.max())) or 1.0
    steps = ahead.proposed.steps
    axes = Axes(float(steps[0]), float(steps[-1]), 0.0, top, format_lr)
    curves = [Curve(ahead.proposed, "accent"), Curve(ahead.current, "ghost", dotted=True)]
    return [_ends(ahead), *plot(curves, axes, width, height)[1:]]


def _ends(ahead: LrForecast) -> Row:
    now, then = (format_lr(each) for each in ahead.final)
    with_it: Row = (("━ ", "accent"), ("with it, ", "muted"), (then, "strong"))
    as_is: Row = (("┄ ", "ghost"), ("as it is, ", "muted"), (now, "text"))
    return join_rows([with_it, as_is, (("at the end of the run", "muted"),)], gap="   ")
