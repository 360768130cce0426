"""Operators of tensors: arithmetic, comparisons and bits."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .ops import comparison, elementwise, linear, paired, unary
from .ops.base import Array, Op


class TensorOperators:
    """The operators that `Tensor` has. Its subclass has the array."""

    __slots__ = ()

    # `array + tensor` calls the tensor's method; NumPy's would drop the gradient.
    __array_priority__ = 1000

    _array: Array

    def _apply(self, op: Op, *inputs: Any) -> Self:
        raise NotImplementedError

    def convert(self, other: Any) -> Self:
        """Return another operand as a tensor."""
        raise NotImplementedError

    def _assign(self, result: Any) -> Self:
        raise NotImplementedError

    def _binary(self, op: Op, other: Any) -> Self:
        return self._apply(op, self.convert(other))

    def __add__(self, other: Any) -> Self:
        return self._binary(elementwise.Add(), other)

    def __sub__(self, other: Any) -> Self:
        return self._binary(elementwise.Subtract(), other)

    def __mul__(self, other: Any) -> Self:
        return self._binary(elementwise.Multiply(), other)

    def __truediv__(self, other: Any) -> Self:
        return self._binary(elementwise.Divide(), other)

    def __floordiv__(self, other: Any) -> Self:
        return self._binary(paired.FloorDivide(), other)

    def __mod__(self, other: Any) -> Self:
        return self._binary(paired.Modulo(), other)

    def __pow__(self, exponent: Any) -> Self:
        if isinstance(exponent, int | float | np.number):
            return self._apply(elementwise.Power(float(exponent)))
        return self._binary(paired.PowerOf(), exponent)

    def __matmul__(self, other: Any) -> Self:
        return self._binary(linear.MatMul(), other)

    def __radd__(self, other: Any) -> Self:
        return self.convert(other) + self

    def __rsub__(self, other: Any) -> Self:
        return self.convert(other) - self

    def __rmul__(self, other: Any) -> Self:
        return self.convert(other) * self

    def __rtruediv__(self, other: Any) -> Self:
        return self.convert(other) / self

    def __rfloordiv__(self, other: Any) -> Self:
        return self.convert(other) // self

    def __rmod__(self, other: Any) -> Self:
        return self.convert(other) % self

    def __rpow__(self, other: Any) -> Self:
        return self.convert(other) ** self

    def __rmatmul__(self, other: Any) -> Self:
        return self.convert(other) @ self

    def __iadd__(self, other: Any) -> Self:
        return self._assign(self + other)

    def __isub__(self, other: Any) -> Self:
        return self._assign(self - other)

    def __imul__(self, other: Any) -> Self:
        return self._assign(self * other)

    def __itruediv__(self, other: Any) -> Self:
        return self._assign(self / other)

    def __ifloordiv__(self, other: Any) -> Self:
        return self._assign(self // other)

    def __imod__(self, other: Any) -> Self:
        return self._assign(self % other)

    def __ipow__(self, other: Any) -> Self:
        return self._assign(self**other)

    def __neg__(self) -> Self:
        return self * -1

    def __pos__(self) -> Self:
        return self * 1

    def __abs__(self) -> Self:
        return self._apply(unary.Unary("abs"))

    def __eq__(self, other: Any) -> Self:  # type: ignore[override]
        return self._binary(comparison.Compare("equal"), other)

    def __ne__(self, other: Any) -> Self:  # type: ignore[override]
        return self._binary(comparison.Compare("not_equal"), other)

    def __lt__(self, other: Any) -> Self:
        return self._binary(comparison.Compare("less"), other)

    def __le__(self, other: Any) -> Self:
        return self._binary(comparison.Compare("less_equal"), other)

    def __gt__(self, other: Any) -> Self:
        return self._binary(comparison.Compare("greater"), other)

    def __ge__(self, other: Any) -> Self:
        return self._binary(comparison.Compare("greater_equal"), other)

    __hash__ = object.__hash__

    def __and__(self, other: Any) -> Self:
        return self._binary(comparison.Bitwise("bitwise_and"), other)

    def __or__(self, other: Any) -> Self:
        return self._binary(comparison.Bitwise("bitwise_or"), other)

    def __xor__(self, other: Any) -> Self:
        return self._binary(comparison.Bitwise("bitwise_xor"), other)

    def __lshift__(self, other: Any) -> Self:
        return self._binary(comparison.Bitwise("left_shift"), other)

    def __rshift__(self, other: Any) -> Self:
        return self._binary(comparison.Bitwise("right_shift"), other)

    def __invert__(self) -> Self:
        return self._apply(comparison.Invert())
