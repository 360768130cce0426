"""A line plot with axes and marks, as rows of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from tuitrain.run.snapshot import Series

from ..rows import Role, Row, Span, rjust, split_cells
from . import braille
from .axes import Axes, step_columns, tick_rows, value_ticks, x_axis_rows


@dataclass(frozen=True, slots=True)
class Curve:
    """A series and how it is drawn.

    Attributes
    ----------
    role : role of the line
    band : role of the range of values around the line; None for no band
    dotted : leave out every other dot
    name : written at the end of the curve if there is room
    dash : the dash pattern, such as ``"1100"``; "" for a solid line
    """

    series: Series
    role: Role = "curve"
    band: Role | None = None
    dotted: bool = False
    name: str = ""
    dash: str = ""

    @property
    def is_reference(self) -> bool:
        """Whether the curve is drawn for comparison: a ghost, or a pinned run."""
        return self.role == "ghost" or bool(self.dash)


@dataclass(frozen=True, slots=True)
class Mark:
    """An event at a step; `short_label` is used where ``label`` has no room."""

    step: int
    label: str
    short_label: str
    role: Role = "accent"


def plot(
    curves: Sequence[Curve],
    axes: Axes,
    width: int,
    height: int,
    marks: Sequence[Mark] = (),
    cursor: float | None = None,
) -> list[Row]:
    """Draw curves into ``width`` x ``height`` cells, including axes and labels.

    The top row has the labels of the marks. The last two rows are the x axis and its labels; where
    there is little room, the labels alone. Without enough room there are no rows.

    Parameters
    ----------
    cursor : the step of the cursor; None for no cursor
    """
    ticks = value_ticks(axes, max(2, height // 3))
    axis_height = 2 if height >= 8 else 1
    margin = max([cell_len(axes.format_value(tick)) for tick in ticks], default=0)
    inner_width, inner_height = width - margin - 1, height - 1 - axis_height
    if inner_width < 8 or inner_height < 1:
        return []
    mark_columns = _mark_columns(marks, axes, inner_width)
    lines = {column: ("┊", mark.role) for column, mark in mark_columns.items()}
    lines |= dict.fromkeys(step_columns(cursor, axes, inner_width), ("┃", "strong"))
    labels = tick_rows(ticks, axes, inner_height)
    rows: list[Row] = [((" " * (margin + 1), "text"), *_mark_labels(mark_columns, inner_width))]
    for y, cells in enumerate(_canvas(curves, axes, inner_width, inner_height)):
        tick = labels.get(y)
        rows.append(
            (
                (rjust(axes.format_value(tick) if tick is not None else "", margin), "muted"),
                ("┤" if tick is not None else "│", "faint"),
                *_with_lines(cells, lines),
            )
        )
    rows.extend(x_axis_rows(axes, margin, inner_width)[-axis_height:])
    return rows


def dash_mask(pattern: str, width: int) -> NDArray[np.bool_]:
    """Return the columns of dots that a dashed line has, as a mask of ``width`` columns."""
    return np.resize(np.array([dot == "1" for dot in pattern]), width)


def _canvas(curves: Sequence[Curve], axes: Axes, width: int, height: int) -> list[list[Span]]:
    """Draw the curves over one another, the first on top; each cell is a span."""
    text = np.full((height, width), " ", dtype="<U8")  # a character of a name, and its accents
    role = np.full((height, width), "text", dtype=object)
    for curve in reversed(curves):
        low, mean, high = braille.bin_columns(curve.series, axes.start, axes.end, width * 2)
        line, band = braille.blank_canvas(width, height), braille.blank_canvas(width, height)
        braille.draw_curve(line, mean, mean, axes.bottom, axes.top)
        if curve.dotted:
            line[:, 1::2] = False
        if curve.dash and line.any(axis=0).sum() > len(curve.dash):  # keep a single point
            line[:, ~dash_mask(curve.dash, line.shape[1])] = False
        if curve.band is not None:
            braille.draw_curve(band, low, high, axes.bottom, axes.top)
            _draw_dots(text, role, band | line, curve.band)
        _draw_dots(text, role, line, curve.role)
    for curve in curves:
        _write_name(text, role, curve, axes)
    rows = zip(text.tolist(), role.tolist(), strict=True)
    return [list(zip(*row, strict=True)) for row in rows]


def _draw_dots(text: np.ndarray, role: np.ndarray, dots: braille.Dots, dots_role: Role) -> None:
    cells = np.array([list(line) for line in braille.to_text(dots)], dtype="<U1")
    drawn = cells != " "
    text[drawn] = cells[drawn]
    role[drawn] = dots_role


def _write_name(text: np.ndarray, role: np.ndarray, curve: Curve, axes: Axes) -> None:
    """Write a curve's name over or under its last point, if those cells are free."""
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


def _mark_columns(marks: Sequence[Mark], axes: Axes, width: int) -> dict[int, Mark]:
    """Return the mark of each column that has one; of several marks, the newest."""
    return {column: mark for mark in marks for column in step_columns(mark.step, axes, width)}


def _mark_labels(mark_columns: Mapping[int, Mark], width: int) -> list[Span]:
    """Write the labels of the marks over their columns; the newest get room first."""
    free = [True] * (width + 1)
    labels: dict[int, tuple[str, Role]] = {}
    for column, mark in sorted(mark_columns.items(), reverse=True):
        for text in (mark.label, mark.short_label):
            size = cell_len(text)
            start = min(column, width - size)
            if start >= 0 and all(free[max(0, start - 1) : start + size + 1]):
                labels[start] = (text, mark.role)
                free[start : start + size] = [False] * size
                break
    spans: list[Span] = []
    at = 0
    for start, (text, role) in sorted(labels.items()):
        spans += [(" " * (start - at), "text"), (text, role)]
        at = start + cell_len(text)
    spans.append((" " * (width - at), "text"))
    return spans


def _with_lines(cells: list[Span], lines: Mapping[int, Span]) -> list[Span]:
    """Draw vertical lines into empty cells, and join cells of one role to spans."""
    spans: list[Span] = []
    joined, role = "", "text"
    for column, cell in enumerate(cells):
        text, cell_role = cell
        if text == " ":
            text, cell_role = lines.get(column, (" ", role))
        if cell_role != role and joined:
            spans.append((joined, role))
            joined = ""
        joined, role = joined + text, cell_role
    spans.append((joined, role))
    return spans
