"""Rows and values of a report as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .results import Row, Spread, Unit, best_other, ratios, spread


@dataclass(frozen=True, slots=True)
class FormattedRow:
    """A row of a table, as text; a column without a value is empty.

    Attributes
    ----------
    other : value and name of the best other contender
    ratio : how many times better the subject is, with quartiles
    goal : the goal of the cell, and whether it is met
    """

    cell: str
    subject: str
    other: str
    ratio: str
    expected: str
    goal: str


def format_row(row: Row) -> FormattedRow:
    """Write a row as text."""
    other = best_other(row)
    trials = row.trials.get(row.subject)
    return FormattedRow(
        cell=row.cell,
        subject=format_value(trials.values if trials else (), row.unit),
        other=f"{format_value(row.trials[other].values, row.unit)} {other}" if other else "",
        ratio=_ratio(spread(ratios(row))),
        expected="" if row.expected is None else f"{row.expected:.2f}",
        goal=row.goal if row.met is None else f"{row.goal}: {'met' if row.met else 'not met'}",
    )


def format_value(values: Sequence[float], unit: Unit) -> str:
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
    name, scale = next((entry for entry in scales if value >= entry[1]), scales[-1])
    scaled = value / scale
    digits = max(0, 2 - int(math.log10(max(scaled, 1.0))))
    return f"{scaled:.{digits}f} {name}"


def _ratio(ratio: Spread) -> str:
    if math.isnan(ratio.median):
        return ""
    return f"{ratio.median:.2f} ({ratio.low:.2f}–{ratio.high:.2f})"
