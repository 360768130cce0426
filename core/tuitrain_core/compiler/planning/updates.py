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
from .actions import Phase
from .call import MAX_THREADS, Argument, ScratchRing, StridedPointer
from .deferral import DeferredUpdate
from .memory import Workspace, address
from .plan import Plan

CHUNK_ELEMENTS = 4096
"""Elements that are updated and measured together, unless they are rows of a matrix."""

BLOCK_ROWS = 4
"""Rows of a block of a matrix, or a divisor of them; a block is updated and measured together.

Three blocks have the rows of a weight gradient's largest tile, which large batches need: smaller
tiles read the activations too often. With few samples there is little to read again, and larger
tiles would evict one another from the first-level cache.
"""


@dataclass(frozen=True, slots=True, eq=False)
class ParameterUpdate:
    """A parameter's update in the coming steps.

    Attributes
    ----------
    update : the first update; the later ones use the same kernel and the same slots
    scalars : the scalars of every step: float32 (steps, n), or (1, n) if they are constant
    """

    parameter: Parameter
    update: UpdateCall
    scalars: Array

    @property
    def plan_key(self) -> Hashable:
        """The parts of a planned update that its calls depend on, apart from the scalars.

        The addresses of the slots identify them as long as they are alive; see `Burst.keep_alive`.
        """
        slots = tuple(address(slot) for slot in self.update.slots)
        return self.parameter, self.update.rule, slots


def has_kernel(parameter: Parameter, prepared: UpdateCall) -> bool:
    """Return whether there is a native kernel for a parameter's update."""
    return parameter.dtype == np.float32 and prepared.rule in RULES


@dataclass(slots=True, eq=False)
class PlannedUpdate:
    """One parameter's update as a part of a plan.

    Attributes
    ----------
    pending : the update, whose parameter and slots the plan's calls write to
    pointer : points at the scalars of the coming steps
    """

    pending: ParameterUpdate
    pointer: StridedPointer
    _scalars: Array | None = None

    def bind(self, scalars: Array) -> None:
        """Set the scalars of the coming steps."""
        if scalars is self._scalars:
            return
        self._scalars = scalars  # keeps alive what kernels read
        point_at_scalars(scalars, self.pointer)


def plan_update(plan: Plan, value: Value, pending: ParameterUpdate) -> PlannedUpdate:
    """Add the calls of one parameter's update to a plan.

    Parameters
    ----------
    value : the parameter's value in the plan's graph
    """
    pointer = StridedPointer(0)
    barrier = not plan.actions.has_updates  # updates of two parameters are independent
    block = plan_block_gradient(plan, value)
    if block is not None:
        arguments = _arguments(plan, value, pending, block, pointer)
        total = len(_statistics_sums(plan.memory.workspace, value))
        plan.actions.call_per_block(update.update(pending.update.rule), *arguments, total=total)
    elif pending.update.rule == "lamb":
        _plan_lamb(plan, value, pending, pointer, barrier)
    else:
        _plan_pass(plan, value, pending, pending.update.rule, pointer, barrier)
    return PlannedUpdate(pending, pointer)


def _plan_lamb(
    plan: Plan, value: Value, pending: ParameterUpdate, pointer: StridedPointer, barrier: bool
) -> None:
    """Plan the two passes of LAMB, with the trust ratio in between."""
    sums = _statistics_sums(plan.memory.workspace, value)
    second = plan.memory.scratch((value, "second pass"), (LAMB_SCALARS,))
    _plan_pass(plan, value, pending, "lamb_norms", pointer, barrier)
    trust = sums, len(sums), pointer, second
    plan.actions.call_once(update.trust_ratio(), *trust, phase=Phase.UPDATE)
    _plan_pass(plan, value, pending, "lamb", second, True)


def _plan_pass(
    plan: Plan,
    value: Value,
    pending: ParameterUpdate,
    rule: str,
    scalars: Array | StridedPointer,
    barrier_before: bool,
) -> None:
    """Plan a pass over the parameter, whose gradient is in memory."""
    plan.actions.call(
        update.update(rule),
        *_arguments(plan, value, pending, plan.memory.gradient(value), scalars),
        total=len(_statistics_sums(plan.memory.workspace, value)),
        phase=Phase.UPDATE,
        barrier_before=barrier_before,
    )


def _arguments(
    plan: Plan,
    value: Value,
    pending: ParameterUpdate,
    gradient: Array | ScratchRing,
    scalars: Array | StridedPointer,
) -> list[Argument]:
    parameter = pending.parameter.memory()
    sums = _statistics_sums(plan.memory.workspace, value)
    size, chunk = parameter.size, _chunk_elements(parameter.shape)
    return [parameter, gradient, *pending.update.slots, scalars, sums, size, chunk]


def point_at_scalars(scalars: Array, pointer: StridedPointer, delay: int = 0) -> None:
    """Set a pointer to the scalars of the coming steps, from ``delay`` steps before the first."""
    pointer.stride = scalars.strides[0] if len(scalars) > 1 else 0
    pointer.start = address(scalars) - delay * pointer.stride


def defer_update(pending: ParameterUpdate) -> DeferredUpdate:
    """Return a parameter's update as the next step makes it, with a pointer that is not set."""
    return DeferredUpdate(pending.update.rule, pending.update.slots, StridedPointer(0))


def read_statistics(workspace: Workspace, value: Value) -> UpdateStatistics:
    """Return the norms of a parameter's last update; their squares are summed chunk by chunk."""
    sums = _statistics_sums(workspace, value).sum(0, dtype=np.float64)
    return UpdateStatistics(*(math.sqrt(total) for total in sums))


def plan_block_gradient(plan: Plan, value: Value) -> ScratchRing | None:
    """Plan a deferred gradient, and return the memory of its blocks; None if it is not deferred."""
    gradient = plan.deferral.blockwise_gradient(value)
    if gradient is None:
        return None
    rows, columns = _block_rows(value.shape), value.shape[1]
    shape = MAX_THREADS, plan.actions.blocks_per_chunk, rows, columns
    block = ScratchRing(plan.memory.scratch((value, "block"), shape))
    gradient(rows, block, len(_statistics_sums(plan.memory.workspace, value)))
    return block


def accepts_blocks(pending: ParameterUpdate) -> bool:
    """Return whether an update takes its gradient block by block: in one pass, in whole rows."""
    shape = pending.parameter.shape
    one_pass = pending.update.rule != "lamb"
    return one_pass and len(shape) == 2 and _chunk_elements(shape) % shape[1] == 0


def can_defer(pending: ParameterUpdate) -> bool:
    """Return whether the next step can make an update: of a matrix, by a rule that has kernels."""
    supported = pending.update.rule in rank1_update.SUPPORTED_RULES
    return len(pending.parameter.shape) == 2 and supported


def _chunk_elements(shape: Sequence[int]) -> int:
    """Return how many elements are updated and measured together: of a matrix, whole rows."""
    has_rows = len(shape) == 2 and shape[1] <= CHUNK_ELEMENTS
    return _block_rows(shape) * shape[1] if has_rows else CHUNK_ELEMENTS


def _block_rows(shape: Sequence[int]) -> int:
    """Return the rows of a block: a multiple of the rows of a tile of the product."""
    return BLOCK_ROWS * max(1, CHUNK_ELEMENTS // (BLOCK_ROWS * shape[1]))


def _statistics_sums(workspace: Workspace, value: Value) -> Array:
    """Return the sums of squares of an update, one row for each chunk."""
    chunks = -(-math.prod(value.shape) // _chunk_elements(value.shape))
    return workspace.array((value, "sums"), (chunks, 3))
