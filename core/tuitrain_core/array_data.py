"""Arrays from data: lists, numbers and arrays of any type, as a tensor holds them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import CoreError
from .ops.base import Array

_KINDS = ("f", "i", "u", "b")
_NARROWED = {np.dtype(np.float64): np.float32, np.dtype(np.int64): np.int32}
"""Types that become narrower where no dtype is given, as in MegEngine."""


def copy_data(data: Any, dtype: Any = None) -> Array:
    """Return data as a new contiguous array in the machine's byte order.

    Parameters
    ----------
    data : array, nested sequence or number
    dtype : default: the data's own, with float32 for float64 and int32 for int64

    Raises
    ------
    CoreError : the data are not numbers, or the dtype is unknown or cannot hold them
    """
    array = _convert(data, dtype)
    if array.dtype.kind not in _KINDS:
        raise CoreError(
            f"a tensor holds numbers, but was given {type(data).__name__}: {data!r:.60}"
        )
    kept = array.dtype if dtype is not None else _NARROWED.get(array.dtype, array.dtype)
    if kept == np.int32 and array.dtype == np.int64 and dtype is None and array.size:
        _check_int32(array)
    # Files have other byte orders; kernels read the machine's only.
    with np.errstate(all="ignore"):
        return np.array(array, dtype=np.dtype(kept).newbyteorder("="), order="C", copy=True)


def _check_int32(array: Array) -> None:
    smallest, largest = int(array.min()), int(array.max())
    limits = np.iinfo(np.int32)
    if smallest < limits.min or largest > limits.max:
        outside = smallest if smallest < limits.min else largest
        raise CoreError(
            f"a tensor of whole numbers is int32, which has no room for {outside}; give "
            "dtype='int64' or dtype='float32'"
        )


def _convert(data: Any, dtype: Any) -> Array:
    number = isinstance(data, int | float)
    try:
        # Other data in their own dtype first: with a floating dtype, NumPy makes None into NaN.
        array = np.asarray(_plain(data), dtype=dtype if number else None)
        if not number and dtype is not None and array.dtype.kind in _KINDS:
            with np.errstate(all="ignore"):
                array = array.astype(dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise CoreError(f"no tensor can be made of {data!r:.60}: {error}") from error
    return array


def _plain(data: Any) -> Any:
    """Return a list or tuple with the tensors in it as arrays."""
    if isinstance(data, list | tuple):
        return [_plain(item) for item in data]
    return data.numpy() if hasattr(data, "numpy") else data
