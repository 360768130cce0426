"""Arrays as msgpack: dtype, shape and bytes.

An array is read only if its bytes are exactly those that its dtype and shape take, so a declared
size allocates nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias, cast

import msgspec
import numpy as np

from tuitrain.engines.state import Array

from .errors import RemoteDataError

MAX_AXES: Final = 32
"""Maximum number of axes of an array."""

_CODES: Final = "?bBhHiIlLqQefdFD"
"""NumPy's codes of bool, integers, floats and complex numbers, of sizes that all machines share."""

DTYPES: Final = {
    dtype.str: dtype for code in _CODES for dtype in (np.dtype(code), np.dtype(code).newbyteorder())
}
"""The dtypes that an array may have, in both orders of bytes, by their text form: ``<f8``."""

_Size: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**48)]
Shape: TypeAlias = Annotated[tuple[_Size, ...], msgspec.Meta(max_length=MAX_AXES)]


class ArrayData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=0):
    """An array in C order.

    Attributes
    ----------
    dtype : one of `DTYPES`
    """

    dtype: str
    shape: Shape
    content: bytes


class ArrayRows(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=1):
    """An array that begins with a whole array that the reader has.

    Attributes
    ----------
    source : the number of that array among the arrays of the earlier value
    added : the rows after it; None if there are none
    """

    source: int
    added: ArrayData | None


class StepRange(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=2):
    """The int64 steps of a curve that has a value at each step; there are as many as values.

    Attributes
    ----------
    first : the first of them
    """

    first: Annotated[int, msgspec.Meta(ge=0, le=2**62)]


def pack_steps(steps: Array) -> ArrayData | StepRange:
    """Return the steps (n,) of a curve as data."""
    if steps.dtype == np.int64 and len(steps) > 1:
        first, last = int(steps[0]), int(steps[-1])
        if 0 <= first < 2**62 and last - first == len(steps) - 1 and (np.diff(steps) == 1).all():
            return StepRange(first)
    return pack_array(steps)


def unpack_steps(data: ArrayData | StepRange, count: int) -> Array:
    """Return the steps of a curve with ``count`` values; see `unpack_array`."""
    if isinstance(data, ArrayData):
        return unpack_array(data)
    return np.arange(data.first, data.first + count, dtype=np.int64)


def pack_array(array: Array) -> ArrayData:
    """Return an array as data.

    Raises
    ------
    RemoteDataError : its dtype is none of `DTYPES`
    """
    if array.dtype.str not in DTYPES:
        raise RemoteDataError(f"an array of {array.dtype} cannot be sent; numbers and booleans can")
    return ArrayData(array.dtype.str, array.shape, array.tobytes())


def unpack_array(data: ArrayData) -> Array:
    """Return the array, read-only, as a view of the received bytes.

    Raises
    ------
    RemoteDataError : the dtype is none of `DTYPES`, or there are more or fewer bytes than it takes
    """
    dtype = DTYPES.get(data.dtype)
    if dtype is None:
        raise RemoteDataError(f"an array has the dtype {data.dtype!r:.40}, which is not a number's")
    size = math.prod(data.shape) * dtype.itemsize
    if size != len(data.content):
        raise RemoteDataError(
            f"an array of {data.shape} {dtype} takes {size} bytes, but {len(data.content)} came"
        )
    try:
        return np.ndarray(data.shape, dtype, data.content)
    except ValueError as error:  # without elements, but with axes that NumPy cannot hold
        raise RemoteDataError(f"an array of {data.shape} {dtype}: {error}") from None


def to_plain(value: Any) -> Any:
    """Return an array, a NumPy number or a mapping that is not a dict as msgspec can encode it.

    Raises
    ------
    RemoteDataError : a value of another type, or an array of a dtype that is not allowed
    """
    if isinstance(value, np.ndarray):
        return pack_array(cast(Array, value))
    if isinstance(value, np.generic):
        return cast("np.generic[Any]", value).item()
    if isinstance(value, Mapping):  # such as a read-only view of a dict
        return dict(cast("Mapping[Any, Any]", value))
    raise RemoteDataError(f"a value of type {class_name(value)} cannot be sent")


def class_name(value: object) -> str:
    """Return the name of a value's class."""
    return type(value).__name__
