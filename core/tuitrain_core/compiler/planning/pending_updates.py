"""The updates of steps to come, one or many: what a program shall do in the optimizers' stead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...ops.base import Array
from ...optimizer import Optimizer, ParameterState, UpdateCall
from ...optimizer.groups import Group
from ...schedule import Constant, Schedule
from ...tensor import Parameter
from .updates import ParameterUpdate, has_kernel


@dataclass(slots=True, eq=False)
class PendingUpdate:
    """A parameter that the coming steps update, by the rule of its optimizer.

    Attributes
    ----------
    group : the optimizer's group that the parameter is in
    schedule : says the group's learning rate for each step; None: it stays as it is
    state : what the optimizer remembers of the parameter
    updates_before : how many updates it had before the coming ones
    """

    parameter: Parameter
    optimizer: Optimizer
    group: Group
    schedule: Schedule | None = None
    state: ParameterState = field(init=False)
    updates_before: int = field(init=False)

    def __post_init__(self) -> None:
        self.state = self.optimizer.state.setdefault(self.parameter, ParameterState())
        self.updates_before = self.state.step

    @property
    def is_constant(self) -> bool:
        """Whether the update has the same scalars in every step."""
        same_lr = self.schedule is None or isinstance(self.schedule, Constant)
        return same_lr and not self.optimizer.depends_on_step

    def prepare(self, step: int, ahead: int) -> UpdateCall:
        """Prepare the update of the step that is so many ahead of ``step``, counted from 1."""
        if self.schedule is not None:
            self.group["lr"] = self.schedule.lr(step + ahead - 1)
        self.set_taken(ahead)
        return self.optimizer.prepare_update(self.parameter.numpy(), self.state, self.group)

    def set_taken(self, steps: int) -> None:
        """Let so many of the coming updates have been made."""
        self.state.step = self.updates_before + steps

    def scalars(self, first: UpdateCall, step: int, steps: int) -> Array:
        """Return the scalars of every step as float32; one row, if they stay the same."""
        rows = [first.scalars]
        if not self.is_constant:
            rows += [self.prepare(step, ahead).scalars for ahead in range(2, steps + 1)]
        with np.errstate(over="ignore"):  # an lr beyond every float shows in the weights
            return np.array(rows, np.float32)


def prepare_updates(
    coming: Sequence[PendingUpdate], step: int = 0, steps: int = 1
) -> list[ParameterUpdate] | None:
    """Lay out the updates of ``steps`` steps from ``step`` on.

    They count as made then; `ComingUpdate.count` says how many of them were.

    Returns
    -------
    One for each parameter; None if one of them has no native kernel, and then none counts.
    """
    for each in coming:
        each.updates_before = each.state.step
    firsts = [each.prepare(step, 1) for each in coming]
    pairs = list(zip(coming, firsts, strict=True))
    if not all(has_kernel(each.parameter, first) for each, first in pairs):
        for each in coming:
            each.set_taken(0)
        return None
    known: dict[tuple[int, int], Array] = {}
    found = []
    for each, first in pairs:
        key = id(each.group), each.updates_before
        if key not in known:  # of one group, those of one age have the same
            known[key] = each.scalars(first, step, steps)
        found.append(ParameterUpdate(each.parameter, first, known[key]))
    return found
