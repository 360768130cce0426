"""A native call of a recorded step, and what may be given to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ...native.runtime.library import Kernel
from ...ops.base import Array

CHUNK_SAMPLES = 8
"""Samples that a run of calls takes at a time: those of LeNet's step fit the second-level cache."""

MAX_THREADS = 8


@dataclass(slots=True, eq=False)
class StridedPointer:
    """An address that moves on by ``stride`` bytes with every step."""

    stride: int
    start: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ScratchRing:
    """Memory for the units that are done together, which the next ones take again.

    Attributes
    ----------
    array : for each thread, for each unit, what a kernel writes; the next one reads it
    """

    array: Array


Argument: TypeAlias = Array | int | StridedPointer | ScratchRing


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A kernel and its arguments.

    Attributes
    ----------
    arguments : arrays, whole numbers, and addresses that move
    total : units of work, which threads may share: their range is given as two last arguments.
        None: one thread does it, and no range is given.
    granule : ranges begin at multiples of it
    together : None, or of how many units this call and those right after it that have the same
        number are done one after the other, while these are in the cache, before the next ones.
        What is done for a unit then reads nothing of another that such a call may have written.
    waits : whether it begins when all threads are done with the call before; without, it needs
        nothing that this one writes, and writes nothing that it needs
    share : its place among calls alike that threads share as if they were one, and how many
    """

    kernel: Kernel
    arguments: tuple[Argument, ...]
    total: int | None
    granule: int = 1
    chunk: int | None = None
    barrier_before: bool = True
    share: tuple[int, int] = (0, 1)


PythonWork: TypeAlias = Callable[[], None]
"""Work done in Python, between native calls."""
