"""What functions accept for their arguments, brought to one form."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import CoreError
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
    if (
        not isinstance(pair, tuple | list)
        or len(pair) != 2
        or not all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in pair)
    ):
        raise CoreError(f"{name} is a whole number or a pair of them, but was given {given!r}")
    return int(pair[0]), int(pair[1])


def as_sizes(name: str, given: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return sizes of axes as a tuple, from one whole number or a sequence of them.

    Raises
    ------
    CoreError : not whole numbers
    """
    sizes = tuple(given) if isinstance(given, tuple | list) else (given,)
    if not all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in sizes):
        raise CoreError(f"{name} is a whole number or a sequence of them, but was given {given!r}")
    return tuple(int(n) for n in sizes)
