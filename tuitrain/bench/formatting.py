"""Figures as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .results import Row, Unit, best_other, ratios, spread


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table, as text. An empty text is a column that has nothing to say here.

    Attributes
    ----------
    other : the best other contender's value, and its name
    ratio : how many times better the subject is, with quartiles
    goal : what is wanted of it, and whether that is met
    """

    cell: str
    subject: str
    other: str
    ratio: str
    expected: str
    goal: str


def line(row: Row) -> Line:
    """Write a row down."""
    other = best_other(row)
    compared = spread(ratios(row))
    mine = row.trials.get(row.subject)
    return Line(
        cell=row.cell,
        subject=figure(mine.values if mine else (), row.unit),
        other=f"{figure(row.trials[other].values, row.unit)} {other}" if other else "",
        ratio=_ratio(compared.median, compared.low, compared.high),
        expected="" if row.expected is None else f"{row.expected:.2f}",
        goal=row.goal if row.met is None else f"{row.goal}: {'met' if row.met else 'not met'}",
    )


def figure(values: Sequence[float], unit: Unit) -> str:
    """Write the median of some values with its unit; "-" if there are none."""
    middle = spread(values).median
    if math.isnan(middle):
        return "-"
    if unit == "s":
        return _scaled(middle, (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)))
    if unit == "bytes":
        return _scaled(middle, (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)))
    return _scaled(middle, (("M/s", 1e6), ("k/s", 1e3), ("/s", 1.0)))


def _scaled(value: float, scales: Sequence[tuple[str, float]]) -> str:
    name, scale = next((each for each in scales if value >= each[1]), scales[-1])
    scaled = value / scale
    digits = max(0, 2 - int(math.log10(max(scaled, 1.0))))
    return f"{scaled:.{digits}f} {name}"


def _ratio(middle: float, low: float, high: float) -> str:
    if math.isnan(middle):
        return ""
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"
