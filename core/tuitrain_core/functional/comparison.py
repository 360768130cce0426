"""Comparisons and logic of elements. No gradient flows through them."""

from __future__ import annotations

from ..ops import comparison
from ..tensor import Tensor, apply
from .inputs import as_operands, as_tensor


def equal(x: Tensor, y: Tensor) -> Tensor:
    """Return whether elements are equal; NaN equals nothing."""
    return apply(comparison.Compare("equal"), *as_operands(x, y))


def not_equal(x: Tensor, y: Tensor) -> Tensor:
    """Return whether elements differ."""
    return apply(comparison.Compare("not_equal"), *as_operands(x, y))


def less(x: Tensor, y: Tensor) -> Tensor:
    """Return whether elements of ``x`` are smaller."""
    return apply(comparison.Compare("less"), *as_operands(x, y))


def less_equal(x: Tensor, y: Tensor) -> Tensor:
    """Return whether elements of ``x`` are smaller or equal."""
    return apply(comparison.Compare("less_equal"), *as_operands(x, y))


def greater(x: Tensor, y: Tensor) -> Tensor:
    """Return whether elements of ``x`` are larger."""
    return apply(comparison.Compare("greater"), *as_operands(x, y))


def greater_equal(x: Tensor, y: Tensor) -> Tensor:
    """Return whether elements of ``x`` are larger or equal."""
    return apply(comparison.Compare("greater_equal"), *as_operands(x, y))


def logical_and(x: Tensor, y: Tensor) -> Tensor:
    """Return whether both elements are True."""
    return as_tensor(x) & y


def logical_or(x: Tensor, y: Tensor) -> Tensor:
    """Return whether one element or both are True."""
    return as_tensor(x) | y


def logical_xor(x: Tensor, y: Tensor) -> Tensor:
    """Return whether one of the elements is True, and not both."""
    return as_tensor(x) ^ y


def logical_not(x: Tensor) -> Tensor:
    """Return whether an element is False."""
    return ~as_tensor(x)


def left_shift(x: Tensor, y: Tensor) -> Tensor:
    """Return whole numbers times 2 to the power ``y``."""
    return as_tensor(x) << y


def right_shift(x: Tensor, y: Tensor) -> Tensor:
    """Return whole numbers divided by 2 to the power ``y``, rounded down."""
    return as_tensor(x) >> y


def isnan(inp: Tensor) -> Tensor:
    """Return whether an element is NaN."""
    return apply(comparison.Test("isnan"), as_tensor(inp))


def isinf(inp: Tensor) -> Tensor:
    """Return whether an element is infinite."""
    return apply(comparison.Test("isinf"), as_tensor(inp))
