"""A threshold as scenarios write it: ``">= 0.95"``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """An operator and a bound. NaN meets no threshold."""

    sign: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> Threshold | None:
        """Return the threshold that a string states; None if it states none."""
        match = re.fullmatch(r"\s*(>=|<=|==|>|<)\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*", text)
        if not match:
            return None
        try:
            return cls(match[1], float(match[2]))
        except ValueError:
            return None

    def holds(self, value: float) -> bool:
        """Whether ``value`` meets the threshold."""
        return _OPERATORS[self.sign](value, self.bound)
