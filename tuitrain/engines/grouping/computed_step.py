"""A step between its backward pass and its update, as breakpoints read it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Generic

from ..views import LayerUnits
from .groups import GroupTable
from .rules import Opt, Param


class ComputedStep(ABC, Generic[Param, Opt]):
    """Loss and gradients before the update; see `PendingStep`. Engines say how both are read.

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
        table: GroupTable[Param, Opt],
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
            if not self._is_finite(parameter):
                return name
        return ""

    def grad_norm(self, group: str) -> float:
        """Return the norm of a group's gradient; 0.0 if it has none, or there is no such group."""
        match = self._table.get(group)
        members = match.members if match is not None else ()
        return self._norm(self._table.parameters[name] for name in members)

    def count_dead_units(self) -> Sequence[LayerUnits]:
        """Count the dead units of each layer in this step's batch; see `PendingStep`."""
        if self._units is None:
            self._units = self._count_units()
        return self._units

    @abstractmethod
    def _is_finite(self, parameter: Param) -> bool:
        """Whether the gradient of a parameter is finite, or there is none."""

    @abstractmethod
    def _norm(self, parameters: Iterable[Param]) -> float:
        """Return the norm of the gradients of parameters; 0.0 if there are none."""
