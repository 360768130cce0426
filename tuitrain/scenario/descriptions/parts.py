"""The parts of a description: columns, arrays, parts of a data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

MAX_LISTED: Final = 40
"""Columns, arrays, files and classes that a description lists."""


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column, an array or a part of a data set: its name, what it is, and its range."""

    name: str
    what: str
    low: float | None = None
    high: float | None = None
    gaps: int = 0


class Description(msgspec.Struct, frozen=True, omit_defaults=True):
    """A description of data.

    Attributes
    ----------
    name : a path, or the name of data in a scenario
    kind : in words
    data : the value of a scenario's key ``data``; "" if none reads this file
    classes : the number of samples of each class
    preview : the first rows, as text
    """

    name: str
    kind: str
    data: str
    parts: tuple[Part, ...] = ()
    classes: Mapping[str, int] = {}
    preview: tuple[tuple[str, ...], ...] = ()


def array_part(name: str, array: NDArray[Any], count: int | None = None) -> Part:
    """Describe an array, or with ``count`` the samples in it."""
    shape = " x ".join(map(str, array.shape if count is None else array.shape[1:])) or "one number"
    what = f"{array.dtype} {shape}" if count is None else f"{count} of {array.dtype} {shape}"
    if not array.size or array.dtype.kind not in "iufb":
        return Part(name, what)
    return Part(name, what, _finite(array.min()), _finite(array.max()))


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
