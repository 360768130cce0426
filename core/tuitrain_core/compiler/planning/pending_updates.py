"""The updates of coming steps, which a program makes in place of the optimizers."""

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
    group : the optimizer's group of the parameter
    schedule : gives the group's learning rate for each step; None: it is constant
    state : the optimizer's state of the parameter
    updates_before : how many updates the parameter had before the coming ones
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
        """Prepare the update number ``ahead``, counted from 1, of those from ``step`` on."""
        if self.schedule is not None:
            self.group["lr"] = self.schedule.lr(step + ahead - 1)
        self.set_taken(ahead)
        return self.optimizer.prepare_update(self.parameter.memory(), self.state, self.group)

    def set_taken(self, steps: int) -> None:
        """Count ``steps`` of the coming updates as made."""
        self.state.step = self.updates_before + steps

    def scalars(self, first: UpdateCall, step: int, steps: int) -> Array:
        """Return the scalars of every step as float32; one row if they are constant."""
        rows = [first.scalars]
        if not self.is_constant:
            rows += [self.prepare(step, ahead).scalars for ahead in range(2, steps + 1)]
        with np.errstate(over="ignore"):  # an lr beyond float32 shows in the weights
            return np.array(rows, np.float32)


def prepare_updates(
    pending: Sequence[PendingUpdate], step: int = 0, steps: int = 1
) -> list[ParameterUpdate] | None:
    """Prepare the updates of ``steps`` steps from ``step`` on.

    They count as made; call `PendingUpdate.set_taken` if fewer were made.

    Returns
    -------
    One for each parameter; None if one of them has no native kernel, and then none counts as made.
    """
    for update in pending:
        update.updates_before = update.state.step
    firsts = [update.prepare(step, 1) for update in pending]
    pairs = list(zip(pending, firsts, strict=True))
    if not all(has_kernel(update.parameter, first) for update, first in pairs):
        for update in pending:
            update.set_taken(0)
        return None
    scalars: dict[tuple[int, int], Array] = {}
    prepared = []
    for update, first in pairs:
        key = (
            id(update.group),
            update.updates_before,
        )  # a dict has no hash; it lives in its optimizer
        if key not in scalars:  # parameters of one group and one age share their scalars
            scalars[key] = update.scalars(first, step, steps)
        prepared.append(ParameterUpdate(update.parameter, first, scalars[key]))
    return prepared
