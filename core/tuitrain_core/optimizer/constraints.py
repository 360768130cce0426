"""Constraints on hyper-parameters, for constructors, groups and live edits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any


@dataclass(frozen=True, slots=True)
class Constraint:
    """The values that a hyper-parameter may have.

    Attributes
    ----------
    description : completes "momentum must be ..."
    accepts : returns whether a value, of any type, is allowed
    """

    description: str
    accepts: Callable[[Any], bool]


def is_number(value: Any) -> bool:
    """Return whether a value is a finite real number; a bool is not."""
    if type(value) is float:  # the usual case; isinstance(value, Real) takes 1 µs
        return math.isfinite(value)
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_fraction(value: Any) -> bool:
    return is_number(value) and 0.0 <= value < 1.0


def _is_two_fractions(value: Any) -> bool:
    pair = isinstance(value, tuple | list) and len(value) == 2
    return pair and all(map(_is_fraction, value))


NOT_NEGATIVE = Constraint(
    "a finite number, 0 or more", lambda value: is_number(value) and value >= 0
)
POSITIVE = Constraint("a finite number above 0", lambda value: is_number(value) and value > 0)
FRACTION = Constraint("a number in [0, 1)", _is_fraction)
TWO_FRACTIONS = Constraint("two numbers, each in [0, 1)", _is_two_fractions)
FLAG = Constraint("True or False", lambda value: isinstance(value, bool))
