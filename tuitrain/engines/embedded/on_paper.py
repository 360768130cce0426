"""The groups on paper: what commands make of them, without data and without a step trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tuitrain.commands import AnyCommand, Clip, Freeze
from tuitrain_core.module import Module

from ..views import GroupView
from .description import describe
from .freezing import FrozenParameters
from .groups import GroupPlan, GroupTable
from .steering import Steering


class GroupsOnPaper:
    """Follows the commands of a run.

    What only training tells is not known: updates, gradients, and whether what is frozen is intact.

    Parameters
    ----------
    model : whose parameters are grouped; their values are not looked at
    plans : the groups to begin with
    steps_per_epoch : what an epoch is to a schedule

    Raises
    ------
    RefusedError : the plans do not fit the model's parameters
    """

    def __init__(self, model: Module, plans: Sequence[GroupPlan], steps_per_epoch: int) -> None:
        self._parameters = dict(model.named_parameters())
        self._table = GroupTable(self._parameters, plans, model.aliases())
        self._frozen = FrozenParameters(self._parameters)
        self._steering = Steering(self._table, self._frozen, steps_per_epoch)
        for plan in plans:
            if plan.frozen:
                self._steering.apply(Freeze(plan.name), 0)

    def apply(self, command: AnyCommand, step: int) -> None:
        """Follow a command that was applied before step ``step``.

        Raises
        ------
        RefusedError : it cannot have been
        """
        if not isinstance(command, Clip):
            self._steering.apply(command, step)

    def groups(self, step: int) -> tuple[GroupView, ...]:
        """Describe the groups at the boundary before step ``step``, in order."""
        described = (
            describe(group, self._parameters, self._table.aliases, self._frozen, step)
            for group in self._table
        )
        return tuple(replace(each, frozen_intact=None) for each in described)
