"""A native call of a recorded step, and its kinds of arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ...native.runtime.library import Kernel
from ...ops.base import Array

CHUNK_SAMPLES = 8
"""Samples that a run of calls takes at a time: those of LeNet's step fit the second-level cache."""

MAX_THREADS = 8
"""The most threads of a step, which wait actively for each other at its barriers."""


@dataclass(slots=True, eq=False)
class StridedPointer:
    """An address that advances by ``stride`` bytes after every step."""

    stride: int
    start: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ScratchRing:
    """Memory for the units of one chunk; every chunk reuses it.

    Attributes
    ----------
    array : of shape (threads, units of a chunk, ...); one kernel of the chunk writes it, a later
        one reads it
    """

    array: Array


Argument: TypeAlias = Array | int | StridedPointer | ScratchRing


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A kernel and its arguments.

    Attributes
    ----------
    arguments : arrays, integers, strided pointers and scratch rings
    total : units of work that threads may share. A thread's range is appended to the arguments as
        two integers. None: one thread makes the call, and no range is appended.
    granule : ranges begin at multiples of it
    chunk : units in a chunk. Consecutive calls with the same ``chunk`` and ``total`` form a run:
        all calls of the run process one chunk, while it is in the cache, before the next chunk. A
        unit must not read what a call of the run writes for another unit. None: no run.
    barrier_before : whether threads meet before the call. Without a barrier, the call must neither
        read nor write what the call before writes, nor write what it reads.
    share : (index, count) among similar calls that threads share as if they were one
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

Action: TypeAlias = Call | PythonWork
