"""Finding the earlier series that a series continues: by its memory, which is cheap, or its values.

Series are immutable, and a growing curve shows them as views of one buffer. So a series that begins
at the address at which an earlier one begins has its values, as far as both go.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from tuitrain.engines.state import Array
from tuitrain.run.snapshot import Series

from ..errors import RemoteDataError

Role: TypeAlias = tuple[str, ...]
"""A series' name: ``("loss",)``, ``("metrics", "accuracy")``, ``("branch", "b1", "loss")``."""

Memory: TypeAlias = tuple[int, int, int, int]
"""The owners of the steps and the values, and the addresses of the first."""


@dataclass(eq=False)
class KnownSeries:
    """The series of a snapshot, in its order.

    Attributes
    ----------
    roles : the field that each of them is
    """

    roles: list[Role]
    series: list[Series]

    @cached_property
    def memories(self) -> list[Memory]:
        """Where each series is in memory."""
        return [memory_of(series) for series in self.series]

    @cached_property
    def by_memory(self) -> dict[Memory, int]:
        """The index of a series by its place in memory."""
        return {memory: index for index, memory in enumerate(self.memories)}

    @cached_property
    def by_role(self) -> dict[Role, int]:
        """The index of a series by its role."""
        return {role: index for index, role in enumerate(self.roles)}


def memory_of(series: Series) -> Memory:
    """Return where a series is in memory; equal places mean that one begins with the other.

    Raises
    ------
    RemoteDataError : its steps and its values are not of one length
    """
    steps, values = series.steps, series.values
    if steps.ndim != 1 or steps.shape != values.shape:
        raise RemoteDataError(
            f"a curve with steps {steps.shape} and values {values.shape} cannot be sent"
        )
    return id(_owner(steps)), id(_owner(values)), steps.ctypes.data, values.ctypes.data


def find_source(old: KnownSeries, new: KnownSeries, index: int) -> tuple[int, int]:
    """Return the earlier series that one begins with, and the number of its points to keep.

    Returns
    -------
    An index of ``old``, or -1 if it has no such series; and a number of points
    """
    memory, series = new.memories[index], new.series[index]
    source = index if _is_same(old, index, memory, series) else old.by_memory.get(memory)
    if source is not None and _same_layout(old.series[source], series):
        return source, min(len(series), len(old.series[source]))
    role = new.roles[index]
    known = (old.by_role.get(candidate) for candidate in (role, role[2:]))
    lengths = [
        (common_points(old.series[place], series), place) for place in known if place is not None
    ]
    length, place = max(lengths, default=(0, -1))
    return (place, length) if length else (-1, 0)


def _is_same(old: KnownSeries, index: int, memory: Memory, series: Series) -> bool:
    """Whether the earlier series of the same number is at the same place, or both are empty."""
    if index >= len(old.series):
        return False
    return old.memories[index] == memory or not (len(series) or len(old.series[index]))


def common_points(old: Series, new: Series) -> int:
    """Return the number of points at the beginning of two series that have the same bits."""
    if old.steps.dtype != new.steps.dtype or old.values.dtype != new.values.dtype:
        return 0
    length = min(len(old), len(new))
    length = _common(old.steps[:length], new.steps[:length])
    return _common(old.values[:length], new.values[:length])


def _common(old: Array, new: Array) -> int:
    if not len(old) or old is new:
        return len(old)
    bits = f"u{old.itemsize}"
    equal = np.ascontiguousarray(old).view(bits) == np.ascontiguousarray(new).view(bits)
    first_different = int(equal.argmin())
    return len(old) if equal[first_different] else first_different


def _same_layout(old: Series, new: Series) -> bool:
    return all(
        first.dtype == second.dtype and first.strides == second.strides
        for first, second in ((old.steps, new.steps), (old.values, new.values))
    )


def _owner(array: Array) -> object:
    return array if array.base is None else array.base
