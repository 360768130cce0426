"""The learning rate to come, as things are and after a command."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuitrain.run.snapshot import Series

from ..formatting import rate
from ..rows import Row, joined
from .plot import Axes, Curve, plot


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """Two courses of one learning rate, both at the same steps.

    Attributes
    ----------
    now, then : as things are, and after the command
    ends : their values in the last step of the run, in that order
    """

    now: Series
    then: Series
    ends: tuple[float, float]


def settled(ahead: Ahead) -> int:
    """Return the step after which neither course changes any more."""
    moves = [np.flatnonzero(np.diff(each.values)) for each in (ahead.now, ahead.then)]
    last = max((int(each[-1]) + 1 for each in moves if len(each)), default=len(ahead.then) - 1)
    return int(ahead.then.steps[last])


def lr_rows(ahead: Ahead, width: int, height: int) -> list[Row]:
    """Draw both courses from 0 up, under a line that says where they end."""
    if len(ahead.then) < 2:
        return [(("this is the last step of the run", "muted"),)]
    top = max(float(ahead.now.values.max()), float(ahead.then.values.max())) or 1.0
    steps = ahead.then.steps
    axes = Axes(float(steps[0]), float(steps[-1]), 0.0, top, rate)
    curves = [Curve(ahead.then, "accent"), Curve(ahead.now, "ghost", dotted=True)]
    return [_ends(ahead), *plot(curves, axes, width, height)[1:]]


def _ends(ahead: Ahead) -> Row:
    now, then = (rate(each) for each in ahead.ends)
    with_it: Row = (("━ ", "accent"), ("with it, ", "muted"), (then, "strong"))
    as_is: Row = (("┄ ", "ghost"), ("as it is, ", "muted"), (now, "text"))
    return joined([with_it, as_is, (("at the end of the run", "muted"),)], gap="   ")
