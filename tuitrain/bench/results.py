"""What was measured, as it is written to a file, and the figures that follow from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

Unit: TypeAlias = Literal["samples/s", "steps/s", "s", "bytes"]

MORE_IS_BETTER: Final = ("samples/s", "steps/s")


LARGEST: Final = 1e15
Measured: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=LARGEST)]
"""A value in any of the units, far from overflow."""


class Trials(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one contender did in a cell.

    Attributes
    ----------
    values : one of each round, in the row's unit; none if there was a problem
    variant : how it did it
    problem : why there is no value, or none after these
    """

    values: tuple[Measured, ...] = ()
    variant: str = ""
    problem: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One cell.

    Attributes
    ----------
    subject : the contender that the row is about; the others are what it is compared with
    trials : by contender
    expected : the ratio that follows from counting operations, where there is such a one
    goal : what the project wants of this cell, as text; "" if nothing (see `goals`)
    met : whether it is so; None without a goal, or without a value
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
    """A run of the benchmark, whole or as far as it came, or several on the same machine.

    Attributes
    ----------
    date : when it began, in ISO 8601
    updated : when the last cell was added
    rounds : how many values there are of everything (if quick: at the most)
    machine : what it ran on, by name
    not_installed : the peers that could not be measured
    left_out : those that were not to be
    codes : digests of the code that was measured; more than one if that changed between two pieces
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
    """Return median and quartiles; of a single value all are that value. NaN of none."""
    if len(values) < 2:
        only = values[0] if values else math.nan
        return Spread(only, only, only)
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Spread(median(values), low, high)


def best_other(row: Row) -> str | None:
    """Return the contender besides the subject that did best, by its median; None if there is none.

    One that failed in a later round does not count.
    """
    pick = max if row.unit in MORE_IS_BETTER else min
    measured = [
        name
        for name, each in row.trials.items()
        if name != row.subject and each.values and not each.problem
    ]
    return pick(measured, key=lambda name: median(row.trials[name].values), default=None)


def ratios(row: Row) -> tuple[float, ...]:
    """Return, round by round, how many times better the subject was than the best other."""
    other = best_other(row)
    if other is None:
        return ()
    return ratios_to(row, other)


def ratios_to(row: Row, other: str) -> tuple[float, ...]:
    """Return, round by round, how many times better the subject was than another contender.

    A round in which one would be divided by 0 has no ratio.
    """
    if row.subject not in row.trials or other not in row.trials:
        return ()
    pairs = zip(row.trials[row.subject].values, row.trials[other].values, strict=False)
    if row.unit in MORE_IS_BETTER:
        return tuple(mine / its for mine, its in pairs if its)
    return tuple(its / mine for mine, its in pairs if mine)
