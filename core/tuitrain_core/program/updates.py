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
from .plan import Moving, Plan


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


def recordable(prepared: PreparedUpdate) -> bool:
    """Say whether there is a native kernel for an update."""
    rule = update.RULES.get(prepared.kernel.__name__)
    used = [slot for slot in prepared.slots if slot.size]
    return rule is not None and len(used) == rule.slots and all(s.dtype == "f4" for s in used)


class PlannedUpdate:
    """The place of one parameter's update in a plan."""

    def __init__(self, plan: Plan, value: Value, given: ParameterUpdate) -> None:
        param = given.parameter.numpy()
        self._scalars = Moving(0)
        sums = _sums(plan.workspace, value)
        slots = [slot for slot in given.update.slots if slot.size]
        plan.call(
            update.update(given.update.kernel.__name__),
            param,
            plan.gradient(value),
            *slots,
            self._scalars,
            sums,
            param.size,
            total=len(sums),
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
