"""A line plot with its axes and the interventions in it, as rows of text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from tuitrain.run.snapshot import Series

from ..formatting import format_count, format_number
from ..rows import Role, Row, Span, rjust, split_cells
from . import braille

_LONG = 1e6
"""From here on an axis is labelled in powers of ten: numbers in full take the plot's room."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A series and the role it is drawn in.

    Attributes
    ----------
    band : the role of the spread around its mean; None leaves it out
    dotted : leave out every other dot
    dash : which dots are drawn, again and again: ``"1100"``; all for ""
    name : written where the curve ends, if there is room
    """

    series: Series
    role: Role = "curve"
    band: Role | None = None
    dotted: bool = False
    name: str = ""
    dash: str = ""

    @property
    def is_reference(self) -> bool:
        """Whether it is not the present line's, but drawn to compare."""
        return self.role == "ghost" or bool(self.dash)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a step; ``short`` is shown where ``label`` has no room."""

    step: int
    label: str
    short_label: str
    role: Role = "accent"


@dataclass(frozen=True, slots=True)
class Axes:
    """What a plot spans; the labels of the y axis are written by ``label``.

    The x axis counts steps, unless ``places`` names what stands where.
    """

    start: float
    end: float
    bottom: float
    top: float
    format_value: Callable[[float], str]
    named_ticks: Mapping[float, str] = field(default_factory=dict)


def plot(
    curves: Sequence[Curve],
    axes: Axes,
    width: int,
    height: int,
    marks: Sequence[Mark] = (),
    cross: float | None = None,
) -> list[Row]:
    """Draw curves into ``width`` x ``height`` cells, axes and labels included.

    The top row names the marks; the lowest two are the x axis and its labels, or where there is
    little room the labels alone. A cross-hair stands at the step ``cross``.
    """
    ticks = nice_ticks(axes.bottom, axes.top, max(2, height // 3))
    axis_height = 2 if height >= 8 else 1
    margin = max([cell_len(axes.format_value(tick)) for tick in ticks], default=0)
    inner_width, inner_height = width - margin - 1, height - 1 - axis_height
    if inner_width < 8 or inner_height < 1:
        return []
    canvas = _canvas(curves, axes, inner_width, inner_height)
    places = _places(marks, axes, inner_width)
    lines = {column: ("┊", mark.role) for column, mark in places.items()}
    lines |= dict.fromkeys(_places_of(cross, axes, inner_width), ("┃", "strong"))
    labels = _tick_rows(ticks, axes, inner_height)
    rows: list[Row] = [((" " * (margin + 1), "text"), *_mark_labels(places, inner_width))]
    for y, cells in enumerate(canvas):
        label = labels.get(y)
        rows.append(
            (
                (rjust(axes.format_value(label) if label is not None else "", margin), "muted"),
                ("┤" if label is not None else "│", "faint"),
                *_with_lines(cells, lines),
            )
        )
    rows.extend(_x_axis(axes, margin, inner_width)[-axis_height:])
    return rows


def dash_mask(pattern: str, width: int) -> NDArray[np.bool_]:
    """Return which of so many columns of dots a dashed line has."""
    return np.resize(np.array([each == "1" for each in pattern]), width)


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most ``most`` round numbers from ``low`` to ``high``, 1, 2 or 5 apart."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 5, 10, 20, 50):
        step = power * factor
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [index * step for index in range(first, last + 1)]
    return []


def pad_constant_range(low: float, high: float) -> tuple[float, float] | None:
    """Return what to show around values that are all the same; None if they differ."""
    size = max(abs(low), abs(high))
    if high - low > size * 1e-6:
        return None
    around = size / 2 or 0.5
    return low - around, high + around


def decimal_labels(low: float, high: float) -> Callable[[float], str]:
    """Return how to write the numbers of an axis: all with the same decimals."""
    span = high - low
    decimals = max(0, 1 - math.floor(math.log10(span))) if span > 0 else 1
    if decimals > 4 or max(abs(low), abs(high)) >= _LONG:
        return lambda value: format_number(value) if value else "0"
    return lambda value: f"{value:.{decimals}f}"


def log_labels(low: float, high: float) -> Callable[[float], str]:
    """Return how to write the numbers of a logarithmic axis: ``0.01``, ``3e-4``.

    The fewer decades it spans, the more digits tell two places of it apart.
    """
    span = high - low
    digits = 1 if span >= 2 or span <= 0 else min(6, 2 + max(0, math.ceil(-math.log10(span * 5))))
    return lambda exponent: _plain_power(f"{10.0**exponent:.{digits}g}")


def _plain_power(number: str) -> str:
    """Write the power of ten as people do: ``3e-4``, ``1e21``."""
    mantissa, e, exponent = number.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def _canvas(curves: Sequence[Curve], axes: Axes, width: int, height: int) -> list[list[Span]]:
    """Lay the curves over one another, a cell each, the first on top."""
    text = np.full((height, width), " ", dtype="<U8")  # a character of a name, and its accents
    role = np.full((height, width), "text", dtype=object)
    for curve in reversed(curves):
        low, mean, high = braille.bin_columns(
            curve.series.steps, curve.series.values, axes.start, axes.end, width * 2
        )
        line, spread = braille.blank_canvas(width, height), braille.blank_canvas(width, height)
        braille.draw_curve(line, mean, mean, axes.bottom, axes.top)
        if curve.dotted:
            line[:, 1::2] = False
        if curve.dash and line.any(axis=0).sum() > len(curve.dash):  # a single point stays
            line[:, ~dash_mask(curve.dash, line.shape[1])] = False
        if curve.band is not None:
            braille.draw_curve(spread, low, high, axes.bottom, axes.top)
            _lay(text, role, spread | line, curve.band)
        _lay(text, role, line, curve.role)
    for curve in curves:
        _write_name(text, role, curve, axes)
    rows = zip(text.tolist(), role.tolist(), strict=True)
    return [list(zip(*row, strict=True)) for row in rows]


def _lay(text: np.ndarray, role: np.ndarray, dots: braille.Dots, drawn_as: Role) -> None:
    cells = np.array([list(line) for line in braille.to_text(dots)], dtype="<U1")
    drawn = cells != " "
    text[drawn] = cells[drawn]
    role[drawn] = drawn_as


def _write_name(text: np.ndarray, role: np.ndarray, curve: Curve, axes: Axes) -> None:
    """Write a curve's name over or under its last point; nowhere if those cells are taken."""
    finite = np.flatnonzero(np.isfinite(curve.series.values))
    if not curve.name or not len(finite):
        return
    height, width = text.shape
    step, value = curve.series.steps[finite[-1]], curve.series.values[finite[-1]]
    share = (step - axes.start) / max(axes.end - axes.start, 1e-12)
    end = min(width, int(share * (width - 1) + 0.5) + 1)
    cells = split_cells(curve.name)
    start = end - len(cells)
    depth = (axes.top - value) / max(axes.top - axes.bottom, 1e-12)
    row = int(np.clip(depth, 0, 1) * (height - 1) + 0.5)
    for y in (row - 1, row + 1, row - 2, row + 2):
        if 0 <= y < height and start >= 0 and (text[y, max(0, start - 1) : end + 1] == " ").all():
            text[y, start:end] = cells
            role[y, start:end] = curve.role
            return


def _places(marks: Sequence[Mark], axes: Axes, width: int) -> dict[int, Mark]:
    """Return which column shows which mark; of several in one column, the newest."""
    return {column: mark for mark in marks for column in _places_of(mark.step, axes, width)}


def _places_of(step: float | None, axes: Axes, width: int) -> list[int]:
    """Return the column of a step; none if it is not in view."""
    if step is None or not axes.start <= step <= axes.end:
        return []
    span = max(axes.end - axes.start, 1e-12)
    return [min(width - 1, int((step - axes.start) / span * (width - 1) + 0.5))]


def _mark_labels(places: dict[int, Mark], width: int) -> list[Span]:
    """Write the marks' labels over their lines, the newest first to get room."""
    free = [True] * (width + 1)
    written: dict[int, tuple[str, Role]] = {}
    for column, mark in sorted(places.items(), reverse=True):
        for text in (mark.label, mark.short_label):
            size = cell_len(text)
            start = min(column, width - size)
            if start >= 0 and all(free[max(0, start - 1) : start + size + 1]):
                written[start] = (text, mark.role)
                free[start : start + size] = [False] * size
                break
    spans: list[Span] = []
    at = 0
    for start, (text, role) in sorted(written.items()):
        spans += [(" " * (start - at), "text"), (text, role)]
        at = start + cell_len(text)
    spans.append((" " * (width - at), "text"))
    return spans


def _with_lines(cells: list[Span], lines: Mapping[int, Span]) -> list[Span]:
    """Draw upright lines where no curve is, and join cells of one role to spans."""
    spans: list[Span] = []
    run, role = "", "text"
    for column, cell in enumerate(cells):
        text, drawn_as = cell
        if text == " ":
            text, drawn_as = lines.get(column, (" ", role))
        if drawn_as != role and run:
            spans.append((run, role))
            run = ""
        run, role = run + text, drawn_as
    spans.append((run, role))
    return spans


def _tick_rows(ticks: Sequence[float], axes: Axes, height: int) -> dict[int, float]:
    """Return which row of cells is nearest to which tick."""
    dots = height * 4 - 1
    span = axes.top - axes.bottom
    return {int(round((axes.top - tick) / span * dots) // 4): tick for tick in reversed(ticks)}


def _x_axis(axes: Axes, margin: int, width: int) -> list[Row]:
    """Draw the x axis with steps under it."""
    span = max(axes.end - axes.start, 1e-12)
    places = axes.named_ticks or {
        tick: format_count(round(tick))
        for tick in nice_ticks(axes.start, axes.end, max(2, width // 8))
        if tick == round(tick)
    }
    line, labels = ["─"] * width, [" "] * (width + margin + 1)
    for tick, text in places.items():
        column = int((tick - axes.start) / span * (width - 1) + 0.5)
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
