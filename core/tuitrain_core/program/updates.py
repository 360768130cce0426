"""Updates of parameters as a part of the recorded step."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..native import update
from ..ops.base import Array
from ..optimizer import UpdateStatistics
from ..optimizer.prepared import PreparedUpdate
from ..tensor import Parameter
from .graph import Value
from .memory import Workspace, address
from .plan import Moving, Phase, Plan


@dataclass(frozen=True, slots=True, eq=False)
class ParameterUpdate:
    """What becomes of a parameter in the steps that come.

    Attributes
    ----------
    update : its first update; the later ones are by the same kernel, on the same slots
    scalars : the scalars of every step: float32 (steps, n), or (1, n) if they stay the same
    """

    parameter: Parameter
    update: PreparedUpdate
    scalars: Array


def recordable(given: Parameter, prepared: PreparedUpdate) -> bool:
    """Say whether there is a native kernel for a parameter's update."""
    return given.dtype == np.float32 and native_name(prepared) in update.RULES


def native_name(prepared: PreparedUpdate) -> str:
    """Return the name of the native rule, which has one for each choice of RMSprop's slots."""
    name = prepared.kernel.__name__
    if name == "rmsprop":
        _, centered, velocity = prepared.slots
        name += "_centered" * bool(centered.size) + "_momentum" * bool(velocity.size)
    return name


class PlannedUpdate:
    """The place of one parameter's update in a plan."""

    def __init__(self, plan: Plan, value: Value, given: ParameterUpdate) -> None:
        self._scalars = Moving(0)
        self._arrays = [
            given.parameter.numpy(),
            plan.gradient(value),
            *[slot for slot in given.update.slots if slot.size],
        ]
        name, sums = native_name(given.update), _sums(plan.workspace, value)
        if name != "lamb":
            self._pass(plan, name, self._scalars, sums)
            return
        second = plan.scratch((value, "second pass"), (update.LAMB_SCALARS,))
        self._pass(plan, "lamb_norms", self._scalars, sums)
        plan.whole(update.trust(), sums, len(sums), self._scalars, second, phase=Phase.UPDATE)
        self._pass(plan, "lamb", second, sums)

    def _pass(self, plan: Plan, name: str, scalars: Array | Moving, sums: Array) -> None:
        size = self._arrays[0].size
        plan.call(
            update.update(name),
            *self._arrays,
            scalars,
            sums,
            size,
            total=len(sums),
            phase=Phase.UPDATE,
        )

    def begin(self, scalars: Array) -> None:
        """Take the scalars of the steps that come."""
        self._kept = scalars  # kernels read it
        self._scalars.start = address(scalars)
        self._scalars.stride = scalars.strides[0] if len(scalars) > 1 else 0


def measured(workspace: Workspace, value: Value) -> UpdateStatistics:
    """Return what the last update did to a parameter; its sums are added up chunk by chunk."""
    sums = _sums(workspace, value).sum(0, dtype=np.float64)
    return UpdateStatistics(*(math.sqrt(each) for each in sums))


def _sums(workspace: Workspace, value: Value) -> Array:
    chunks = -(-math.prod(value.shape) // update.CHUNK)
    return workspace.array((value, "sums"), (chunks, 3))
