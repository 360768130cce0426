"""The kinds of inputs of a data set: pictures, rows of numbers, curves or tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from .batch_view import InputKind, SampleInputs
from .state import Array, read_only

MAX_ROW: Final = 32
"""More floats without names are drawn as a curve."""

MAX_CURVES: Final = 8
"""A matrix of at most this many rows is drawn as curves; one of more rows may be a picture."""


def input_kind(shape: Sequence[int], dtype: np.dtype[Any], has_names: bool = False) -> InputKind:
    """Return how samples of an array are drawn.

    Whole numbers (T,) are tokens, floats (T,) a row or, if there are many, a curve; bytes (F,) a
    row. Floats (C, T) are curves, or a picture if there are many of similar length. Other arrays
    with two axes or more are pictures, unless the picture would be one pixel high or wide.

    Parameters
    ----------
    shape : of one sample
    has_names : whether the numbers have names, so that they are a row
    """
    is_flat = len(shape) < 2 or min(shape[-2:]) == 1
    if is_flat and has_names:
        return "row"
    if dtype.kind == "i" and 0 < len(shape) < 3:
        return "tokens"
    if is_flat:
        return "curve" if dtype.kind == "f" and math.prod(shape) > MAX_ROW else "row"
    if len(shape) == 2 and dtype.kind == "f":
        curves, length = shape
        return "curve" if curves <= MAX_CURVES or length >= 4 * curves else "image"
    return "image"


def describe_inputs(
    arrays: Sequence[Array],
    rows: Array,
    feature_names: Sequence[str] = (),
    vocabulary: Sequence[str] = (),
) -> SampleInputs:
    """Return samples of the first of a data set's input arrays (N, ...), in drawable form.

    Parameters
    ----------
    rows : the indices of the samples
    """
    first = arrays[0]
    kind = input_kind(first.shape[1:], first.dtype, bool(feature_names))
    return SampleInputs(
        kind=kind,
        values=read_only(as_drawable(kind, first[rows])),
        shape=first.shape[1:],
        other_inputs=len(arrays) - 1,
        feature_names=tuple(feature_names),
        vocabulary=tuple(vocabulary),
    )


def as_drawable(kind: InputKind, values: Array) -> Array:
    """Return values (n, ...) with the axes of a kind.

    A picture with more than three axes is cut: the first of each axis between the channels and the
    last two is shown.
    """
    if kind in ("row", "tokens"):
        return values.reshape(len(values), math.prod(values.shape[1:]))
    if kind == "curve":
        is_flat = values.ndim != 3 or 1 in values.shape[1:]
        return values.reshape(len(values), 1, math.prod(values.shape[1:])) if is_flat else values
    if values.ndim == 3:
        return values[:, None]
    while values.ndim > 4:
        values = values[:, :, 0]
    return values
