"""A comparison with a number, as scenarios write it: ``">= 0.95"``."""

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
    """An operator and a bound. NaN holds no comparison."""

    sign: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> Threshold | None:
        """Return the comparison that the text writes, or None if it writes none."""
        found = re.fullmatch(r"\s*(>=|<=|==|>|<)\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*", text)
        if not found:
            return None
        try:
            return cls(found[1], float(found[2]))
        except ValueError:
            return None

    def holds(self, value: float) -> bool:
        """Whether ``value`` is on the right side of the bound."""
        return _OPERATORS[self.sign](value, self.bound)
