"""The schema of a report file, and statistics of its values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

Unit: TypeAlias = Literal["samples/s", "steps/s", "s", "bytes"]

HIGHER_IS_BETTER: Final = ("samples/s", "steps/s")

MAX_VALUE: Final = 1e15
Measured: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=MAX_VALUE)]
"""A value in any of the units, far from overflow."""


class Trials(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The values of one contender in a cell.

    Attributes
    ----------
    values : one value per round, in the row's unit
    variant : the variant that was measured
    problem : why there is no value, or no further one
    """

    values: tuple[Measured, ...] = ()
    variant: str = ""
    problem: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The results of one cell.

    Attributes
    ----------
    subject : the contender that is compared with the others
    trials : values by contender
    expected : the ratio that counting operations predicts; None if there is no prediction
    goal : the goal of the cell as text; "" without a goal (see `goals`)
    met : whether the goal is met; None without a goal or a value
    """

    cell: str
    unit: Unit
    subject: str
    trials: dict[str, Trials]
    expected: Measured | None = None
    goal: str = ""
    met: bool | None = None


class Part(msgspec.Struct, frozen=True):
    """A part of the benchmark."""

    name: str
    title: str
    rows: tuple[Row, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the benchmark, complete or partial, or several runs on the same machine.

    Attributes
    ----------
    date : start time, in ISO 8601
    updated : time of the last added cell
    rounds : values per cell (if quick: at most)
    machine : properties of the machine by name
    not_installed : peers that are not installed
    left_out : peers that were excluded
    codes : digests of the measured code; several if it changed between two runs
    """

    schema: Literal[1] = 1
    date: str
    updated: str = ""
    quick: bool
    rounds: int
    machine: dict[str, str]
    not_installed: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    parts: tuple[Part, ...]


class Spread(msgspec.Struct, frozen=True):
    """A median between its quartiles."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return median and quartiles; all equal for a single value, NaN for none."""
    if len(values) < 2:
        only = values[0] if values else math.nan
        return Spread(only, only, only)
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Spread(median(values), low, high)


def best_other(row: Row) -> str | None:
    """Return the other contender with the best median; None if there is none.

    Contenders that failed in some round are excluded.
    """
    pick = max if row.unit in HIGHER_IS_BETTER else min
    measured = [
        name
        for name, trials in row.trials.items()
        if name != row.subject and trials.values and not trials.problem
    ]
    return pick(measured, key=lambda name: median(row.trials[name].values), default=None)


def ratios(row: Row) -> tuple[float, ...]:
    """Return the subject's advantage over the best other, round by round."""
    other = best_other(row)
    if other is None:
        return ()
    return ratios_to(row, other)


def ratios_to(row: Row, other: str) -> tuple[float, ...]:
    """Return how many times better the subject was than another contender, round by round.

    A round with a divisor of 0 is left out.
    """
    if row.subject not in row.trials or other not in row.trials:
        return ()
    pairs = zip(row.trials[row.subject].values, row.trials[other].values, strict=False)
    if row.unit in HIGHER_IS_BETTER:
        return tuple(subject / rival for subject, rival in pairs if rival)
    return tuple(rival / subject for subject, rival in pairs if subject)
