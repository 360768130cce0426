"""The plan of a step: what is to be called, in order, for a batch of one size."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from ..native import elementwise
from ..native.library import Kernel
from ..ops.base import Array
from ..tensor import Tensor
from . import memory
from .graph import Graph, Value


@dataclass(slots=True, eq=False)
class Moving:
    """An address that moves on by ``stride`` bytes with every step."""

    stride: int
    start: int = 0


Argument: TypeAlias = Array | int | Moving


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A kernel and its arguments.

    Attributes
    ----------
    arguments : arrays, whole numbers, and addresses that move
    total : units of work, which threads may share: their range is given as two last arguments.
        None: one thread does it, and no range is given.
    granule : ranges begin at multiples of it
    """

    kernel: Kernel
    arguments: tuple[Argument, ...]
    total: int | None
    granule: int = 1


Work: TypeAlias = Callable[[], None]
"""Work done in Python, between native calls."""


@dataclass(slots=True)
class Plan:
    """What a step does, for one size of batch and one choice of what is trained.

    Attributes
    ----------
    rows : samples in the batch
    trained : the parameters that get a gradient
    actions : native calls and Python work, in order
    losses : where the step's loss goes as a double, besides its own memory
    """

    graph: Graph
    workspace: memory.Workspace
    rows: int
    trained: Sequence[Tensor]
    actions: list[Call | Work] = field(default_factory=list)
    losses: Moving = field(default_factory=lambda: Moving(8))
    _reached: set[Value] = field(default_factory=set)
    _begun: set[Value] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._reached = self.graph.reached_from(self.trained)

    def call(self, kernel: Kernel, *arguments: Argument, total: int, granule: int = 1) -> None:
        """Append a native call that threads may share; see `Call`."""
        self.actions.append(Call(kernel, arguments, total, granule))

    def whole(self, kernel: Kernel, *arguments: Argument) -> None:
        """Append a native call that one thread makes."""
        self.actions.append(Call(kernel, arguments, None))

    def work(self, function: Work) -> None:
        """Append work done in Python."""
        self.actions.append(function)

    def needs(self, value: Value) -> bool:
        """Say whether a gradient of this value is wanted."""
        return value in self._reached

    def differentiable(self, value: Value) -> bool:
        """Say whether a value's gradient is wanted, and something has written to it."""
        return self.needs(value) and value in self._begun

    def value(self, value: Value) -> Array:
        """Return a value's memory, as it lies."""
        if value.tensor is not None:
            return value.tensor.numpy()
        return self.workspace.of(value, "value", self.rows)

    def public(self, value: Value) -> Array:
        """Return a view of a value in the shape that users know."""
        return memory.public(self.value(value), value)

    def gradient(self, value: Value) -> Array:
        """Return the memory of a value's gradient, as it lies."""
        return self.workspace.of(value, "gradient", self.rows)

    def scratch(self, key: Hashable, shape: tuple[int, ...], dtype: Any = np.float32) -> Array:
        """Return memory for whatever a layer needs besides."""
        return self.workspace.array(key, shape, dtype)

    @contextmanager
    def into(self, value: Value) -> Iterator[Array]:
        """Give the memory to which a part of a value's gradient is to be written.

        The first part is written to the gradient itself; a later one elsewhere, and then added.
        """
        target = self.gradient(value)
        if value not in self._begun:
            self._begun.add(value)
            yield target
            return
        part = self.workspace.of(value, "part", self.rows)
        yield part
        if target.dtype == np.float32:
            features = math.prod(memory.stored_shape(value))
            rows, gap = (len(target), memory.pitch(target)) if value.batched else (1, features)
            self.call(elementwise.add(features, gap), target, part, total=rows)
        else:
            self.work(lambda: _add(target, part))


def _add(target: Array, part: Array) -> None:
    target += part
