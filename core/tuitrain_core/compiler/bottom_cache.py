"""The outputs of a frozen bottom, kept for each sample of a data set.

A step whose samples are all known copies their rows out of tables, and runs the layers above. Any
other step runs all layers, and stores the rows. Both have the same bits.
"""

from __future__ import annotations

import math

import numpy as np

from .. import aligned
from ..data.loader import DataLoader
from ..native.runtime import batch_gather
from ..ops.base import Array
from ..tensor import Parameter
from .frozen_bottom import FrozenBottom
from .graph import Graph, Value
from .planning.batch_source import BatchSource
from .planning.call import StridedPointer
from .planning.memory import row_stride
from .planning.plan import Plan

WORD = 4
"""Bytes of the words that rows are counted in."""


class BottomCache:
    """Tables of a frozen bottom's outputs, with one row for each sample.

    The memory of a row is used once it is stored.

    Parameters
    ----------
    bottom : whose outputs are kept
    loader : gives the samples, and does not transform them
    graph : the step that the bottom belongs to

    Attributes
    ----------
    samples : the number of samples in the data set
    filling : the batches of steps that run all layers and store their rows
    known : the batches of steps that read the rows of known samples
    """

    def __init__(self, bottom: FrozenBottom, loader: DataLoader, graph: Graph) -> None:
        self.samples = samples = len(loader.dataset)
        self.bottom = bottom
        self.filling = FillingSource(self, loader, graph)
        self.known = KnownSource(self, loader, graph)
        self._tables = {
            value: aligned.zeros((samples, _padded(_words(value))), np.uint32)
            for value in bottom.outputs
        }
        self._is_known: Array = np.zeros(samples, np.bool_)
        self._count = 0
        self._leaves = [tensor.memory().copy() for tensor in bottom.leaves]

    @property
    def known_samples(self) -> int:
        """The number of samples whose rows are stored."""
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes of the rows that are stored, and of the copy of what they were computed from."""
        rows = sum(table.strides[0] for table in self._tables.values())
        return rows * self._count + sum(leaf.nbytes for leaf in self._leaves)

    def count_known(self, order: Array, rows: int) -> int:
        """Count the batches at the beginning of an order whose samples are all known.

        Parameters
        ----------
        order : the samples of consecutive batches, int64
        rows : samples in a batch
        """
        if self._count == self.samples:
            return len(order) // rows
        unknown = np.flatnonzero(~self._is_known[order])
        return int(unknown[0] if len(unknown) else len(order)) // rows

    def add(self, order: Array) -> None:
        """Count samples as known, whose rows steps of `filling` have stored."""
        self._is_known[order] = True
        self._count = int(np.count_nonzero(self._is_known))

    def check_leaves(self, parameters: bool = True) -> None:
        """Forget all rows if a tensor that they were computed from has other bits now.

        Parameters
        ----------
        parameters : whether parameters are checked too, which only commands and loaded states
            change while they are frozen; other tensors may be changed by anyone
        """
        for leaf, tensor in zip(self._leaves, self.bottom.leaves, strict=True):
            is_checked = parameters or not isinstance(tensor, Parameter)
            if is_checked and not _has_same_bits(leaf, tensor.memory()):
                self._forget()
                return

    def _forget(self) -> None:
        self._leaves = [tensor.memory().copy() for tensor in self.bottom.leaves]
        self._is_known[:] = False
        self._count = 0

    def plan_load(self, plan: Plan, pointer: StridedPointer) -> None:
        """Plan the copy of a batch's rows to the outputs of the bottom."""
        for value, table in self._tables.items():
            arguments = _arguments(table, pointer, plan.memory.value(value), value)
            plan.actions.call_per_sample(batch_gather.load_rows(), *arguments)

    def plan_store(self, plan: Plan, pointer: StridedPointer, value: Value) -> None:
        """Plan the copy of an output of the bottom to the table, if the value is one."""
        if value in self._tables:
            arguments = _arguments(self._tables[value], pointer, plan.memory.value(value), value)
            plan.actions.call_per_sample(batch_gather.store_rows(), *arguments)


class FillingSource(BatchSource):
    """The batches of steps that run all layers, and store the outputs of the bottom."""

    def __init__(self, cache: BottomCache, loader: DataLoader, graph: Graph) -> None:
        super().__init__(loader, graph)
        self._cache = cache

    def plan_after(self, plan: Plan, value: Value) -> None:
        """Plan the storing of an output of the bottom."""
        self._cache.plan_store(plan, self.pointer, value)


class KnownSource(BatchSource):
    """The batches of steps that are given the outputs of the bottom."""

    def __init__(self, cache: BottomCache, loader: DataLoader, graph: Graph) -> None:
        super().__init__(loader, graph)
        self._cache = cache

    def plan_batch(self, plan: Plan) -> None:
        """Plan the filling of what the layers above the bottom read."""
        for layer in self._cache.bottom.aliases:
            layer.forward(plan)
        self.plan_inputs(plan, self._cache.bottom.inputs)
        self._cache.plan_load(plan, self.pointer)

    def computes(self, layer: object) -> bool:
        """Return whether a layer is above the bottom."""
        return layer not in self._cache.bottom.skipped


def needed_bytes(bottom: FrozenBottom, samples: int) -> int:
    """Return the bytes of a full cache, without the copies of the bottom's tensors."""
    return samples * sum(WORD * _padded(_words(value)) for value in bottom.outputs)


def _arguments(
    table: Array, pointer: StridedPointer, memory: Array, value: Value
) -> tuple[Array | StridedPointer | int, ...]:
    scale = memory.itemsize // WORD
    stride = row_stride(memory) * scale
    return table, table.shape[1], pointer, memory, stride, _words(value)


def _words(value: Value) -> int:
    return math.prod(value.shape) * value.dtype.itemsize // WORD


def _padded(words: int) -> int:
    """Return the words of whole cache lines that a row takes."""
    line = aligned.CACHE_LINE // WORD
    return -(-words // line) * line


def _has_same_bits(one: Array, other: Array) -> bool:
    return one.shape == other.shape and bool(
        (one.reshape(-1).view(np.uint8) == other.reshape(-1).view(np.uint8)).all()
    )
