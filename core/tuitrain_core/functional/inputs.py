"""What functions accept for their arguments, brought to one form."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import CoreError
from ..ops.checks import is_whole
from ..tensor import Tensor


def as_tensor(given: Any) -> Tensor:
    """Return a tensor as it is, and anything else as a new one."""
    return given if isinstance(given, Tensor) else Tensor(given)


def as_pair(name: str, given: int | tuple[int, int]) -> tuple[int, int]:
    """Return (vertical, horizontal) from one whole number for both, or from two.

    Raises
    ------
    CoreError : not one or two whole numbers
    """
    pair = (given, given) if isinstance(given, int | np.integer) else given
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(map(is_whole, pair)):
        raise CoreError(f"{name} is a whole number or a pair of them, but was given {given!r}")
    return int(pair[0]), int(pair[1])
