"""Updates of parameters as a part of the recorded step."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from ...native.optim import rank1_update, update
from ...native.optim.update_rules import LAMB_SCALARS, RULES
from ...ops.base import Array
from ...optimizer import UpdateStatistics
from ...optimizer.update_call import UpdateCall
from ...tensor import Parameter
from ..graph import Value
from .call import MAX_THREADS, Argument, ScratchRing, StridedPointer
from .memory import Workspace, address
from .plan import DeferredUpdate, Phase, Plan

CHUNK_ELEMENTS = 4096
"""Elements that are updated and measured together, where they do not stand in rows."""

BLOCK_ROWS = 4
"""Rows of a matrix that are updated and measured together, or a multiple of it.

Three times as many are those of a weight gradient's largest tile, which large batches need: smaller
ones read the activations too often. With few samples there is little to read again, and more would
push one another out of the first cache.
"""


@dataclass(frozen=True, slots=True, eq=False)
class ParameterUpdate:
    """What becomes of a parameter in the steps that come.

    Attributes
    ----------
    update : its first update; the later ones are by the same kernel, on the same slots
    scalars : the scalars of every step: float32 (steps, n), or (1, n) if they stay the same
    """

    parameter: Parameter
    update: UpdateCall
    scalars: Array

    @property
    def plan_key(self) -> Hashable:
        """What a planned update depends on, besides its numbers."""
        slots = tuple(address(slot) for slot in self.update.slots)
        return id(self.parameter), self.update.rule, slots


def has_kernel(given: Parameter, prepared: UpdateCall) -> bool:
    """Say whether there is a native kernel for a parameter's update."""
    return given.dtype == np.float32 and prepared.rule in RULES


class PlannedUpdate:
    """The place of one parameter's update in a plan."""

    def __init__(self, plan: Plan, value: Value, given: ParameterUpdate) -> None:
        self._plan, self._scalars = plan, StridedPointer(0)
        self._kept: Array | None = None
        self._parameter = given.parameter.numpy()
        self._slots = given.update.slots
        self._sums = sums = _sums(plan.workspace, value)
        waits = not plan.updating  # what becomes of one parameter concerns no other
        name, block = given.update.rule, plan_block_gradient(plan, value)
        if block is not None:
            arguments = self._arguments(block, self._scalars)
            plan.each_block(update.update(name), *arguments, total=len(sums))
        elif name == "lamb":
            second = plan.scratch((value, "second pass"), (LAMB_SCALARS,))
            self._pass("lamb_norms", value, self._scalars, waits)
            plan.whole(
                update.trust_ratio(), sums, len(sums), self._scalars, second, phase=Phase.UPDATE
            )
            self._pass("lamb", value, second, True)
        else:
            self._pass(name, value, self._scalars, waits)

    def _pass(self, name: str, value: Value, scalars: Array | StridedPointer, waits: bool) -> None:
        """Plan a pass over the parameter, whose gradient is in memory."""
        given, total = self._arguments(self._plan.gradient(value), scalars), len(self._sums)
        self._plan.call(update.update(name), *given, total=total, phase=Phase.UPDATE, waits=waits)

    def _arguments(
        self, gradient: Array | ScratchRing, scalars: Array | StridedPointer
    ) -> list[Argument]:
        size, chunk = self._parameter.size, _chunk(self._parameter.shape)
        return [self._parameter, gradient, *self._slots, scalars, self._sums, size, chunk]

    def bind(self, scalars: Array) -> None:
        """Take the scalars of the steps that come."""
        if scalars is self._kept:
            return
        self._kept = scalars  # kernels read it
        point_at_scalars(scalars, self._scalars)


def point_at_scalars(scalars: Array, moving: StridedPointer, late: int = 0) -> None:
    """Let an address go through the scalars of the steps that come, so many steps ``late``."""
    moving.stride = scalars.strides[0] if len(scalars) > 1 else 0
    moving.start = address(scalars) - late * moving.stride


def defer_update(given: ParameterUpdate) -> DeferredUpdate:
    """Return a parameter's update as the next step makes it; `follow` says by which scalars."""
    return DeferredUpdate(given.update.rule, given.update.slots, StridedPointer(0))


def read_statistics(workspace: Workspace, value: Value) -> UpdateStatistics:
    """Return what the last update did to a parameter; its sums are added up chunk by chunk."""
    sums = _sums(workspace, value).sum(0, dtype=np.float64)
    return UpdateStatistics(*(math.sqrt(each) for each in sums))


def plan_block_gradient(plan: Plan, value: Value) -> ScratchRing | None:
    """Plan a gradient that was put off, block by block, and return where; None if none was."""
    gradient = plan.blockwise(value)
    if gradient is None:
        return None
    rows = _rows(value.shape)
    block = ScratchRing(
        plan.scratch((value, "block"), (MAX_THREADS, plan.blocks_together, rows, value.shape[1]))
    )
    gradient(rows, block, len(_sums(plan.workspace, value)))
    return block


def accepts_blocks(given: ParameterUpdate) -> bool:
    """Say whether an update can take its gradient block by block: in one pass, by whole rows."""
    shape = given.parameter.shape
    one_pass = given.update.rule != "lamb"
    return one_pass and len(shape) == 2 and _chunk(shape) % shape[1] == 0


def can_defer(given: ParameterUpdate) -> bool:
    """Say whether the next step can make an update: if it is a matrix's, by one of some rules."""
    supported = given.update.rule in rank1_update.SUPPORTED_RULES
    return len(given.parameter.shape) == 2 and supported


def _chunk(shape: Sequence[int]) -> int:
    """Return how many elements are updated and measured together: of a matrix, whole rows."""
    return (
        _rows(shape) * shape[1]
        if len(shape) == 2 and shape[1] <= CHUNK_ELEMENTS
        else CHUNK_ELEMENTS
    )


def _rows(shape: Sequence[int]) -> int:
    """Return the rows of a block: as many as a tile of the product has, or a multiple of it."""
    return BLOCK_ROWS * max(1, CHUNK_ELEMENTS // (BLOCK_ROWS * shape[1]))


def _sums(workspace: Workspace, value: Value) -> Array:
    chunks = -(-math.prod(value.shape) // _chunk(value.shape))
    return workspace.array((value, "sums"), (chunks, 3))
