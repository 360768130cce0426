"""A step between its gradients and its update."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ..views import LayerUnits
from .groups import Group, GroupTable


class ComputedStep:
    """Loss and gradients between the backward pass and the update; see `PendingStep`.

    Parameters
    ----------
    loss : of the batch
    before : the losses of the earlier steps of this run
    table : the groups, whose parameters have gradients
    count_units : counts the dead units in the batch; called once, on demand
    """

    def __init__(
        self,
        loss: float,
        before: Sequence[float],
        table: GroupTable,
        count_units: Callable[[], Sequence[LayerUnits]],
    ) -> None:
        self.loss = loss
        self.previous_losses = before
        self._table = table
        self._count_units = count_units
        self._units: Sequence[LayerUnits] | None = None

    @property
    def group_names(self) -> Sequence[str]:
        """The groups' names, in order."""
        return self._table.names

    def find_non_finite(self) -> str:
        """Return the first parameter whose gradient has a NaN or an infinity, or ""."""
        for name, parameter in self._table.parameters.items():
            if parameter.grad is not None and not np.isfinite(parameter.grad.memory()).all():
                return name
        return ""

    def grad_norm(self, group: str) -> float:
        """Return the norm of a group's gradient; 0.0 if it has none, or there is no such group."""
        members = self._table.get(group)
        return self._norm(members) if members else 0.0

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Count the dead units of each layer in this step's batch; see `PendingStep`."""
        if self._units is None:
            self._units = self._count_units()
        return self._units

    def _norm(self, group: Group) -> float:
        grads = (self._table.parameters[name].grad for name in group.members)
        squares = (np.square(g.memory(), dtype=np.float64).sum() for g in grads if g is not None)
        return math.sqrt(sum(map(float, squares)))
