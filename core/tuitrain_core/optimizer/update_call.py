"""The update of one parameter: which rule, on which arrays, with which numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..native.optim import measured_update as native
from ..native.runtime.library import run
from ..ops.base import Array
from . import reference
from .reference import Sums


@dataclass(frozen=True, slots=True)
class UpdateStatistics:
    """The effect of one update of one parameter, measured in the update's own pass.

    Attributes
    ----------
    update_norm : Euclidean norm of the change in memory, after rounding
    weight_norm : norm of the weights after the update
    grad_norm : norm of the gradient before weight decay
    """

    update_norm: float
    weight_norm: float
    grad_norm: float

    @property
    def relative_update(self) -> float:
        """The change per weight, |Δw| / |w|; infinite where only the weights are 0."""
        if self.update_norm == 0.0:
            return 0.0
        return self.update_norm / self.weight_norm if self.weight_norm else math.inf


@dataclass(frozen=True, slots=True)
class UpdateCall:
    """An update of one parameter, ready for either tier.

    Attributes
    ----------
    rule : name of the formula, a key of `native.optim.update_rules.RULES`
    slots : flat arrays of the parameter's dtype, zeros at a parameter's first update
    scalars : the rule's values from hyper-parameters and the count of updates, as float64;
        rounded to the parameter's dtype once
    """

    rule: str
    slots: tuple[Array, ...]
    scalars: tuple[float, ...]

    def apply(self, param: Array, grad: Array) -> UpdateStatistics:
        """Update a flat parameter and its slots in place, in the eager tier."""
        sums = apply_rule(self.rule, param, grad, self.slots, self.scalars)
        return UpdateStatistics(*map(math.sqrt, sums))


def apply_rule(
    rule: str, param: Array, grad: Array, slots: Sequence[Array], scalars: Sequence[float]
) -> Sums:
    """Update flat arrays in place: float32 by the native rule, float64 by its reference.

    Returns
    -------
    The sums of squares that `reference.update` describes; the same bits from either.
    """
    if param.dtype != np.float32:
        return reference.update(rule, param, grad, slots, scalars)
    numbers, sums = np.array(scalars, np.float32), np.empty(3)
    run(native.measured_update(rule), param, grad, *slots, numbers, param.size, sums)
    change, weights, slope = sums.tolist()
    return change, weights, slope


def square_sum(array: Array) -> float:
    """Return the sum of squares of a flat array, in the order in which updates are measured."""
    if array.dtype != np.float32:
        return reference.square_sum(array)
    total = np.empty(1)
    run(native.square_sum(), array, array.size, total)
    return total.item()
