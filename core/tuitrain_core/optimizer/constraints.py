"""What a hyper-parameter may be, in one place for constructors, groups and live edits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any


@dataclass(frozen=True, slots=True)
class Constraint:
    """The values that one hyper-parameter may take.

    Attributes
    ----------
    allowed : the rule in words, as it completes "momentum must be ..."
    holds : tells whether a value keeps the rule; gets anything a user may write
    """

    description: str
    accepts: Callable[[Any], bool]


def is_number(value: Any) -> bool:
    """Tell whether ``value`` is a finite real number; a bool is not one."""
    if type(value) is float:  # as nearly all are; to ask for a Real takes 1 µs
        return math.isfinite(value)
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_fraction(value: Any) -> bool:
    return is_number(value) and 0.0 <= value < 1.0


def _is_two_fractions(value: Any) -> bool:
    pair = isinstance(value, tuple | list) and len(value) == 2
    return pair and all(_is_fraction(each) for each in value)


NOT_NEGATIVE = Constraint(
    "a finite number, 0 or more", lambda value: is_number(value) and value >= 0
)
POSITIVE = Constraint("a finite number above 0", lambda value: is_number(value) and value > 0)
FRACTION = Constraint("a number in [0, 1)", _is_fraction)
TWO_FRACTIONS = Constraint("two numbers, each in [0, 1)", _is_two_fractions)
FLAG = Constraint("True or False", lambda value: isinstance(value, bool))
