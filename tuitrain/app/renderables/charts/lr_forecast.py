"""The future learning rate, without and with a command."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuitrain.run.snapshot import Series

from ..formatting import format_lr
from ..rows import Row, join_rows
from .axes import Axes
from .plot import Curve, plot


@dataclass(frozen=True, slots=True, eq=False)
class LrForecast:
    """The future of one learning rate, at the same steps without and with a command.

    Attributes
    ----------
    current, proposed : the rates without and with the command
    final : their values in the last step of the run, in this order
    """

    current: Series
    proposed: Series
    final: tuple[float, float]


def settled_step(forecast: LrForecast) -> int:
    """Return the step after which neither rate changes."""
    changes = [
        np.flatnonzero(np.diff(rate.values)) for rate in (forecast.current, forecast.proposed)
    ]
    last = len(forecast.proposed) - 1
    last = max((int(indices[-1]) + 1 for indices in changes if len(indices)), default=last)
    return int(forecast.proposed.steps[last])


def lr_forecast_rows(forecast: LrForecast, width: int, height: int) -> list[Row]:
    """Draw both rates on an axis from 0, under a line with their final values."""
    if len(forecast.proposed) < 2:
        return [(("this is the last step of the run", "muted"),)]
    top = max(float(forecast.current.values.max()), float(forecast.proposed.values.max())) or 1.0
    steps = forecast.proposed.steps
    axes = Axes(float(steps[0]), float(steps[-1]), 0.0, top, format_lr)
    curves = [Curve(forecast.proposed, "accent"), Curve(forecast.current, "ghost", dotted=True)]
    return [_final_row(forecast), *plot(curves, axes, width, height)[1:]]


def _final_row(forecast: LrForecast) -> Row:
    current, proposed = (format_lr(lr) for lr in forecast.final)
    with_it: Row = (("━ ", "accent"), ("with it, ", "muted"), (proposed, "strong"))
    as_is: Row = (("┄ ", "ghost"), ("as it is, ", "muted"), (current, "text"))
    return join_rows([with_it, as_is, (("at the end of the run", "muted"),)], gap="   ")
