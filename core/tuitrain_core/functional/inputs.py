"""Conversion of the arguments of functions and modules."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import CoreError
from ..ops.checks import is_whole
from ..tensor import Tensor


def as_tensor(data: Any) -> Tensor:
    """Return a tensor itself, or a new tensor of other data."""
    return data if isinstance(data, Tensor) else Tensor(data)


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
