"""Past runs that are drawn beside the present one: each has a letter, a colour and a line style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from tuitrain.run.snapshot import Series

from . import braille
from .plot import Curve, dashes
from .rows import Role, Row, Span, joined, shortened, width_of

LETTERS: Final = "ABCDE"
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
class Pinned:
    """A past run to compare with.

    Attributes
    ----------
    key : what it is known by: its folder
    name : as it is written in a legend
    """

    key: str
    name: str
    letter: str
    loss: Series = field(default_factory=Series)
    accuracy: Series = field(default_factory=Series)

    @property
    def last(self) -> int:
        """The last step that it has a value of."""
        return max(int(each.steps[-1]) if len(each) else 0 for each in (self.loss, self.accuracy))

    @property
    def role(self) -> Role:
        """Its colour."""
        return _STYLES[LETTERS.index(self.letter)][0]

    @property
    def dash(self) -> str:
        """Its line style, as a curve has it."""
        return _STYLES[LETTERS.index(self.letter)][1]

    def of(self, quantity: str) -> Series | None:
        """Return what it has of a quantity; the record of a run has two of them."""
        return {"loss": self.loss, "accuracy": self.accuracy}.get(quantity)


class Named(Protocol):
    """Something with a name: a quantity."""

    @property
    def name(self) -> str:
        """The name."""
        ...


def pinned_curves(pinned: Sequence[Pinned], quantity: Named) -> list[Curve]:
    """Return a dashed curve with its letter for each run that has the quantity."""
    having = ((each, each.of(quantity.name)) for each in pinned)
    return [
        Curve(series, each.role, name=each.letter, dash=each.dash)
        for each, series in having
        if series is not None and len(series)
    ]


def legend_rows(
    pinned: Sequence[Pinned],
    quantity: str,
    step: float | None,
    written: Callable[[float], str],
    width: int,
) -> list[Row]:
    """Return a row: letter, line, name and value of each; names are shortened to fit."""
    row: Row = ()
    for most in (*range(40, 3, -1), 0):
        row = joined([_entry(each, quantity, step, written, most) for each in pinned], "   ")
        if width_of(row) <= width:
            break
    return [row]


def sample(pinned: Pinned) -> Span:
    """Return a piece of its line."""
    dots = braille.blank(_SAMPLE, 1)
    dots[1] = dashes(pinned.dash, dots.shape[1])
    return braille.lines(dots)[0], pinned.role


def value_at(series: Series, step: float | None) -> float | None:
    """Return the value at a step, the last one before it if there is none, or the newest."""
    at = len(series) if step is None else int(np.searchsorted(series.steps, step, side="right"))
    return float(series.values[at - 1]) if at else None


def _entry(
    pinned: Pinned,
    quantity: str,
    step: float | None,
    written: Callable[[float], str],
    most: int,
) -> Row:
    series = pinned.of(quantity)
    value = None if series is None else value_at(series, step)
    name = f" {shortened(pinned.name, most)}" if most else ""
    return (
        (f"{pinned.letter} ", pinned.role),
        sample(pinned),
        (name, "muted"),
        (f" {'—' if value is None else written(value)}", "text"),
    )
