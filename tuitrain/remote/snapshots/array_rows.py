"""Arrays of a value as differences to those of an earlier one: unchanged, or with more rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, cast

import numpy as np

from tuitrain.engines.state import Array

from .arrays import ArrayData, ArrayRows, pack_array, to_plain, unpack_array
from .errors import RemoteDataError


def arrays_in(value: Any) -> list[Array]:
    """Return the arrays of a dataclass, and of the dataclasses in its fields, in their order."""
    if isinstance(value, np.ndarray):
        return [cast(Array, value)]
    if not is_dataclass(value) or isinstance(value, type):
        return []
    parts = (arrays_in(getattr(value, field.name)) for field in fields(value))
    return [array for part in parts for array in part]


def array_packer(old: Sequence[Array], new: Sequence[Array]) -> Callable[[Any], Any]:
    """Return a hook that encodes arrays, each as a difference to the earlier one at its place.

    Parameters
    ----------
    old : the arrays that the reader has
    new : the arrays of the value to encode
    """
    earlier = {id(array): index for index, array in enumerate(new[: len(old)])}

    def pack(value: Any) -> Any:
        index = earlier.get(id(value))
        if index is None:
            return to_plain(value)
        array, known = cast(Array, value), old[index]
        if not _begins_with(array, known):
            return pack_array(array)
        added = array[len(known) :] if array.ndim else array[None][1:]
        return ArrayRows(index, pack_array(added) if added.size else None)

    return pack


def array_unpacker(old: Sequence[Array]) -> Callable[[type, Any], Any]:
    """Return a hook that decodes arrays.

    Parameters
    ----------
    old : the arrays that the reader has
    """

    def unpack(kind: type, data: Any) -> Any:
        del kind
        if isinstance(data, ArrayData):
            return unpack_array(data)
        return _with_rows(data, old) if isinstance(data, ArrayRows) else data

    return unpack


def _begins_with(array: Array, known: Array) -> bool:
    if array is known:
        return True
    if array.dtype != known.dtype or array.ndim != known.ndim or array.shape[1:] != known.shape[1:]:
        return False
    if not array.ndim or len(known) > len(array) or not known.size:
        return False
    return array[: len(known)].tobytes() == known.tobytes()


def _with_rows(data: ArrayRows, old: Sequence[Array]) -> Array:
    if not 0 <= data.source < len(old):
        raise RemoteDataError(
            f"an array begins with array {data.source} of the value before, which has {len(old)}"
        )
    known = old[data.source]
    if data.added is None:
        return known
    added = unpack_array(data.added)
    if added.dtype != known.dtype or added.shape[1:] != known.shape[1:] or not added.ndim:
        raise RemoteDataError(
            f"rows of {added.shape} {added.dtype} cannot follow {known.shape} {known.dtype}"
        )
    whole = np.concatenate([known, added])
    whole.flags.writeable = False
    return whole
