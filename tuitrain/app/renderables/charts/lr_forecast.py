"""The future learning rate, without and with a command."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tuitrain.run.snapshot import Series

from ..formatting import format_count, format_lr
from ..rows import Row, join_rows
from .axes import Axes
from .plot import Curve, plot


@dataclass(frozen=True, slots=True, eq=False)
class LrForecast:
    """The future of one learning rate, at the same steps without and with a command.

    Attributes
    ----------
    current, proposed : the rates without and with the command; the former is NaN where only the
        script knows it
    final : their values in the last step of the run, or in ``last_step``, in this order
    last_step : of the forecast, where the length of the run is not known; else None
    """

    current: Series
    proposed: Series
    final: tuple[float, float]
    last_step: int | None = None


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
    curves = [Curve(forecast.proposed, "accent")]
    if not math.isnan(forecast.final[0]):
        curves.append(Curve(forecast.current, "ghost", dotted=True))
    top = max(float(curve.series.values.max()) for curve in curves) or 1.0
    steps = forecast.proposed.steps
    axes = Axes(float(steps[0]), float(steps[-1]), 0.0, top, format_lr)
    return [_final_row(forecast), *plot(curves, axes, width, height)[1:]]


def _final_row(forecast: LrForecast) -> Row:
    current, proposed = forecast.final
    with_it: Row = (("━ ", "accent"), ("with it, ", "muted"), (format_lr(proposed), "strong"))
    as_is: Row = (("┄ ", "ghost"), ("as it is, ", "muted"), (format_lr(current), "text"))
    last = forecast.last_step
    where = "at the end of the run" if last is None else f"at step {format_count(last)}"
    parts: list[Row] = [with_it, as_is, ((where, "muted"),)]
    if math.isnan(current):
        parts = [(*with_it, (f" {where}", "muted")), (("as it is, the script sets it", "muted"),)]
    return join_rows(parts, gap="   ")
