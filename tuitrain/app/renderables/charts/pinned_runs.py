"""Past runs that are drawn beside the present one: each has a letter, a colour and a line style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from tuitrain.run.snapshot import Series
from tuitrain.scenario.runs.final_curves import FinalCurves

from ..rows import Role, Row, Span, ellipsize, join_rows, row_width
from . import braille
from .plot import Curve, dash_mask

PIN_LETTERS: Final = "ABCDE"
"""More lines would cover one another."""

_STYLES: Final[tuple[tuple[Role, str], ...]] = (
    ("group-0", "1100"),
    ("group-2", "111110"),
    ("group-3", "1000"),
    ("group-4", "11101000"),
    ("text", "11110000"),
)
_SAMPLE: Final = 4
"""Cells of a line in the legend."""


@dataclass(frozen=True, slots=True, eq=False)
class PinnedRun:
    """A past run to compare with.

    Attributes
    ----------
    key : what it is known by: its folder
    name : as it is written in a legend
    """

    key: str
    name: str
    letter: str
    curves: FinalCurves = field(default_factory=FinalCurves)

    @property
    def last_step(self) -> int:
        """The last step that it has a loss or an accuracy of."""
        measured = self.curves.loss, self.curves.accuracy
        return max(int(each.steps[-1]) if len(each) else 0 for each in measured)

    @property
    def role(self) -> Role:
        """Its colour."""
        return _STYLES[PIN_LETTERS.index(self.letter)][0]

    @property
    def dash(self) -> str:
        """Its line style, as a curve has it."""
        return _STYLES[PIN_LETTERS.index(self.letter)][1]

    def series_by_name(self, quantity: Measured, group: str = "") -> dict[str, Series]:
        """Return what it has of a quantity by group, or of one group alone.

        What is the whole network's stands under "".
        """
        if quantity.run_field:
            named = {"": getattr(self.curves, quantity.run_field)}
        else:
            traces = [each for each in self.curves.traces if not group or each.name == group]
            named = {each.name: getattr(each, quantity.group_field) for each in traces}
        return {name: series for name, series in named.items() if len(series)}


class Measured(Protocol):
    """A quantity: what it is called among the curves of a run, or in the course of a group."""

    @property
    def run_field(self) -> str:
        """The name in `FinalCurves`; "" for what groups have."""
        ...

    @property
    def group_field(self) -> str:
        """The name in `GroupTrace`; "" for what the whole network has."""
        ...


def pinned_curves(pinned: Sequence[PinnedRun], quantity: Measured, group: str = "") -> list[Curve]:
    """Return a dashed curve for each run that has the quantity; of groups, one for each of them.

    A curve is called by the letter of its run, and by its group where several are drawn.
    """
    return [
        Curve(
            series,
            each.role,
            name=each.letter if group else f"{each.letter} {name}".strip(),
            dash=each.dash,
        )
        for each in pinned
        for name, series in each.series_by_name(quantity, group).items()
    ]


def legend_rows(
    pinned: Sequence[PinnedRun],
    quantity: Measured,
    step: float | None,
    written: Callable[[float], str],
    width: int,
    group: str = "",
) -> list[Row]:
    """Return a row: letter, line, name and value of each; names are shortened to fit.

    Where several groups of a run are drawn there is no value: it would be one of many.
    """
    row: Row = ()
    for most in (*range(40, 3, -1), 0):
        row = join_rows(
            [
                _entry(each, each.series_by_name(quantity, group), step, written, most)
                for each in pinned
            ],
            "   ",
        )
        if row_width(row) <= width:
            break
    return [row]


def line_sample(pinned: PinnedRun) -> Span:
    """Return a piece of its line."""
    dots = braille.blank_canvas(_SAMPLE, 1)
    dots[1] = dash_mask(pinned.dash, dots.shape[1])
    return braille.to_text(dots)[0], pinned.role


def value_at(series: Series, step: float | None) -> float | None:
    """Return the value at a step, the last one before it if there is none, or the newest."""
    at = len(series) if step is None else int(np.searchsorted(series.steps, step, side="right"))
    return float(series.values[at - 1]) if at else None


def _entry(
    pinned: PinnedRun,
    having: dict[str, Series],
    step: float | None,
    written: Callable[[float], str],
    most: int,
) -> Row:
    values = [value_at(series, step) for series in having.values()] or [None]
    name = f" {ellipsize(pinned.name, most)}" if most else ""
    return (
        (f"{pinned.letter} ", pinned.role),
        line_sample(pinned),
        (name, "muted"),
        (f" {'—' if values[0] is None else written(values[0])}" * (len(values) == 1), "text"),
    )
