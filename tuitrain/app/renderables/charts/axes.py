"""The axes of a plot: their ranges, ticks and labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..formatting import format_count, format_number
from ..rows import Row, split_cells

_LONG = 1e6
"""From this number on, labels are powers of ten, since digits would take the plot's width."""


@dataclass(frozen=True, slots=True)
class Axes:
    """The ranges of a plot's axes.

    Attributes
    ----------
    start, end : range of the x axis, in steps
    bottom, top : range of the y axis
    format_value : writes the labels of the y axis
    named_ticks : texts of the ticks of the x axis; empty for counted steps
    """

    start: float
    end: float
    bottom: float
    top: float
    format_value: Callable[[float], str]
    named_ticks: Mapping[float, str] = field(default_factory=dict)


def nice_ticks(low: float, high: float, max_ticks: int) -> list[float]:
    """Return at most ``max_ticks`` round numbers from ``low`` to ``high``, 1, 2 or 5 apart."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    rough = (high - low) / max(1, max_ticks - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 5, 10, 20, 50):
        step = power * factor
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= max_ticks:
            return [index * step for index in range(first, last + 1)]
    return []


def value_ticks(axes: Axes, max_ticks: int) -> list[float]:
    """Return round numbers on the y axis, as many as have labels of their own."""
    for count in range(max_ticks, 1, -1):
        ticks = nice_ticks(axes.bottom, axes.top, count)
        if len({axes.format_value(tick) for tick in ticks}) == len(ticks):
            return ticks
    return nice_ticks(axes.bottom, axes.top, 2)


def pad_constant_range(low: float, high: float) -> tuple[float, float] | None:
    """Return a range around values that are all equal; None if they differ."""
    size = max(abs(low), abs(high))
    if high - low > size * 1e-6:
        return None
    around = size / 2 or 0.5
    return low - around, high + around


def decimal_labels(low: float, high: float) -> Callable[[float], str]:
    """Return a function that writes the labels of an axis, all with the same decimals."""
    span = high - low
    decimals = max(0, 1 - math.floor(math.log10(span))) if span > 0 else 1
    if decimals > 4 or max(abs(low), abs(high)) >= _LONG:
        return lambda value: format_number(value) if value else "0"
    return lambda value: f"{value:.{decimals}f}"


def log_labels(low: float, high: float) -> Callable[[float], str]:
    """Return a function that writes the labels of a logarithmic axis: ``0.01``, ``3e-4``.

    The fewer decades the axis spans, the more digits distinguish two labels.

    Parameters
    ----------
    low, high : decimal logarithms of the range
    """
    span = high - low
    digits = 1 if span >= 2 or span <= 0 else min(6, 2 + max(0, math.ceil(-math.log10(span * 5))))
    return lambda exponent: _short_exponent(f"{10.0**exponent:.{digits}g}")


def step_columns(step: float | None, axes: Axes, width: int) -> list[int]:
    """Return the column of a step in a list; an empty list if it is not in view."""
    if step is None or not axes.start <= step <= axes.end:
        return []
    return [min(width - 1, _column(step, axes, width))]


def tick_rows(ticks: Sequence[float], axes: Axes, height: int) -> dict[int, float]:
    """Return the tick of each row of cells that is nearest to one."""
    dots = height * 4 - 1
    span = axes.top - axes.bottom
    return {int(round((axes.top - tick) / span * dots) // 4): tick for tick in reversed(ticks)}


def x_axis_rows(axes: Axes, margin: int, width: int) -> list[Row]:
    """Draw the x axis, and its labels under it."""
    ticks = axes.named_ticks or {
        tick: format_count(round(tick))
        for tick in nice_ticks(axes.start, axes.end, max(2, width // 8))
        if tick == round(tick)
    }
    line, labels = ["─"] * width, [" "] * (width + margin + 1)
    for tick, text in ticks.items():
        column = _column(tick, axes, width)
        cells = split_cells(text)
        at = min(max(0, column + margin + 1 - len(cells) // 2), len(labels) - len(cells))
        if at < 0 or "".join(labels[max(0, at - 1) : at + len(cells) + 1]).strip():
            continue
        line[column] = "┬"
        labels[at : at + len(cells)] = cells
    return [
        ((" " * margin, "text"), ("└" + "".join(line), "faint")),
        (("".join(labels), "muted"),),
    ]


def _column(step: float, axes: Axes, width: int) -> int:
    span = max(axes.end - axes.start, 1e-12)
    return int((step - axes.start) / span * (width - 1) + 0.5)


def _short_exponent(number: str) -> str:
    """Shorten an exponent: ``3e-4``, ``1e21``."""
    mantissa, e, exponent = number.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa
