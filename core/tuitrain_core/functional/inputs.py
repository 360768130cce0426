"""Conversion of the arguments of functions and modules."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import CoreError
from ..ops.checks import is_whole
from ..tensor import Tensor


def as_tensor(data: Any) -> Tensor:
    """Return a tensor itself, or a new tensor of other data, in their dtype."""
    if isinstance(data, Tensor):
        return data
    return Tensor(data, data.dtype if isinstance(data, np.ndarray) else None)


def as_operands(one: Any, other: Any) -> tuple[Tensor, Tensor]:
    """Return two tensors; a number takes the dtype of a tensor beside it, as in arithmetic."""
    if isinstance(one, Tensor):
        return one, one.convert(other)
    if isinstance(other, Tensor):
        return other.convert(one), other
    return as_tensor(one), as_tensor(other)


def as_floats_like(data: Any, other: Tensor) -> Tensor:
    """Return a tensor; whole numbers in the dtype of the floating-point numbers beside them."""
    x = as_tensor(data)
    return x.astype(other.dtype) if x.dtype.kind in "iub" and other.dtype.kind == "f" else x


def as_pair(name: str, value: int | tuple[int, int]) -> tuple[int, int]:
    """Return (vertical, horizontal) from one whole number for both, or from two.

    Raises
    ------
    CoreError : the value is not one or two whole numbers
    """
    pair = (value, value) if isinstance(value, int | np.integer) else value
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(map(is_whole, pair)):
        raise CoreError(f"{name} is a whole number or a pair of them, but was given {value!r}")
    return int(pair[0]), int(pair[1])


def as_single_axis(name: str, axis: Any) -> int | None:
    """Return one axis from a whole number, a sequence of one, or None.

    Raises
    ------
    CoreError : it is something else
    """
    value = axis[0] if isinstance(axis, tuple | list) and len(axis) == 1 else axis
    if value is not None and not is_whole(value):
        raise CoreError(f"{name}: takes one axis, but was given {axis!r}")
    return None if value is None else int(value)  # type: ignore[arg-type]
