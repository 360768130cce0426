"""Methods of tensors. Each applies an operation of `ops`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from . import tape
from .errors import IndexRangeError, ShapeError
from .ops import checks, elementwise, reduction, shape, unary
from .tensor_operators import TensorOperators


class TensorMethods(TensorOperators):
    """The methods that `Tensor` has. Its subclass has the array."""

    __slots__ = ()

    device = "cpu"
    """The only device, as text."""

    def sum(
        self,
        axis: int | tuple[int, ...] | None = None,
        keepdims: bool = False,
        out: None = None,  # noqa: ARG002
    ) -> Self:
        """Add up all elements, or those along ``axis``; ``keepdims`` leaves axes of size 1.

        Raises
        ------
        ShapeError : there is no such axis, or an axis is named twice
        CoreError : an axis is not a whole number
        """
        return self._apply(reduction.Sum(reduction.as_axes(axis), keepdims))

    def mean(
        self,
        axis: int | tuple[int, ...] | None = None,
        keepdims: bool = False,
        out: None = None,  # noqa: ARG002
    ) -> Self:
        """Average all elements, or those along ``axis``; ``keepdims`` leaves axes of size 1.

        Raises
        ------
        ShapeError : there is no such axis, an axis is named twice, or there is nothing to average
        CoreError : an axis is not a whole number
        """
        return self._apply(reduction.Mean(reduction.as_axes(axis), keepdims))

    def max(
        self,
        axis: int | tuple[int, ...] | None = None,
        keepdims: bool = False,
        out: None = None,  # noqa: ARG002
    ) -> Self:
        """Return the largest element, of all or along ``axis``; see `functional.max`."""
        return self._apply(reduction.Extreme("max", reduction.as_axes(axis), keepdims))

    def min(
        self,
        axis: int | tuple[int, ...] | None = None,
        keepdims: bool = False,
        out: None = None,  # noqa: ARG002
    ) -> Self:
        """Return the smallest element, of all or along ``axis``; see `functional.max`."""
        return self._apply(reduction.Extreme("min", reduction.as_axes(axis), keepdims))

    def prod(
        self,
        axis: int | tuple[int, ...] | None = None,
        keepdims: bool = False,
        out: None = None,  # noqa: ARG002
    ) -> Self:
        """Multiply all elements, or those along ``axis``."""
        return self._apply(reduction.Product(reduction.as_axes(axis), keepdims))

    def reshape(self, *sizes: int | tuple[int, ...]) -> Self:
        """Return the same elements, in order, under another shape; one size may be -1.

        Raises
        ------
        ShapeError : the number of elements differs
        CoreError : the sizes are not whole numbers
        """
        return self._apply(shape.Reshape(checks.as_sizes("the shape", _as_sequence(sizes))))

    def flatten(self, start_axis: int = 0, end_axis: int = -1) -> Self:
        """Merge the axes from ``start_axis`` to ``end_axis``, both included, into one."""
        return self._apply(shape.Flatten(start_axis, end_axis))

    def transpose(self, *axes: int | tuple[int, ...]) -> Self:
        """Permute the axes: axis i of the result is axis ``axes[i]``; by default, reverse them.

        Raises
        ------
        ShapeError : the axes do not name each axis once
        CoreError : the axes are not whole numbers
        """
        order = _as_sequence(axes) if axes else tuple(range(self._array.ndim))[::-1]
        return self._apply(shape.Transpose(checks.as_sizes("the order of the axes", order)))

    @property
    def T(self) -> Self:  # noqa: N802
        """The tensor with its axes in reverse order."""
        return self.transpose()

    def astype(self, dtype: Any) -> Self:
        """Return a copy with another dtype; a gradient flows between floating dtypes."""
        return self._apply(elementwise.AsType(np.dtype(dtype)))

    def detach(self) -> Self:
        """Return a copy of the values that no gradient flows to."""
        return self._apply(elementwise.Detach())

    def to(self, device: str) -> Self:  # noqa: ARG002
        """Return the tensor itself: the processor is the only device."""
        return self

    def item(self) -> float | int:
        """Return the value of a tensor with one element, as a Python number.

        Raises
        ------
        ShapeError : it has no element, or several
        """
        tape.notify_read()
        if self._array.size != 1:
            raise ShapeError(f"a tensor of shape {self._array.shape} is not a single value")
        return self._array.item()

    def tolist(self) -> Any:
        """Return the values as nested lists of Python numbers."""
        tape.notify_read()
        return self._array.tolist()

    def reset_zero(self) -> None:
        """Set every element to 0."""
        self._assign(self * 0 if self._array.dtype.kind != "f" else self._apply(unary.Zeros()))

    def __getitem__(self, index: Any) -> Self:
        return self._apply(shape.Index(self._as_index(index)))

    def __setitem__(self, index: Any, value: Any) -> None:
        values = self.convert(value)
        self._assign(self._apply(shape.SetItem(self._as_index(index)), values))

    def _as_index(self, index: Any) -> Any:
        """Return an index with arrays in place of tensors."""
        if isinstance(index, tuple):
            return tuple(self._as_index(part) for part in index)
        if not isinstance(index, TensorMethods):
            return index
        tape.notify_read()
        if index._array.dtype.kind == "f":
            raise IndexRangeError(f"an index holds whole numbers or booleans, not {index!r}")
        return index._array.copy()

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a tensor without axes")
        return self._array.shape[0]

    def __iter__(self) -> Iterator[Self]:
        length = len(self)
        return (self[i] for i in range(length))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).max()) if self._array.size else False

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iu":
            raise TypeError(f"a tensor of {self._array.dtype} is not a whole number")
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())


def _as_sequence(sizes: tuple[Any, ...]) -> Any:
    """Return numbers that were passed as one sequence, or one by one."""
    return sizes[0] if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes
