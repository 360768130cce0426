"""The groups on paper: what commands make of them, without data and without a step trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tuitrain.commands import AnyCommand, Clip, Freeze
from tuitrain_core.module import Module

from ..engine import Array, CommandResult, read_only
from ..views import GroupView
from .command_handler import CommandHandler
from .description import describe_group
from .freezing import FrozenParameters
from .groups import GroupPlan, GroupTable, from_record, to_record


class GroupSimulator:
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
        self._steering = CommandHandler(self._table, self._frozen, steps_per_epoch)
        for plan in plans:
            if plan.frozen:
                self._steering.apply(Freeze(plan.name), 0)

    def apply(self, command: AnyCommand, step: int) -> CommandResult:
        """Follow a command that is applied before step ``step``.

        Raises
        ------
        RefusedError : it cannot be applied; nothing was changed
        """
        if isinstance(command, Clip):
            return CommandResult(True, "")
        return self._steering.apply(command, step)

    def group_of(self, parameter: str) -> str:
        """Return the name of the group that the parameter is in."""
        return self._table.group_of(parameter).name

    def parameters(self) -> Mapping[str, Array]:
        """Return the values of every parameter by name, read-only."""
        return {name: read_only(each.numpy()) for name, each in self._parameters.items()}

    def frozen(self) -> Mapping[str, int]:
        """Return for each frozen parameter the step since which it is."""
        return self._frozen.frozen_since()

    def records(self) -> tuple[Mapping[str, Any], ...]:
        """Return the groups as plain values, in order."""
        return tuple(to_record(group) for group in self._table)

    def reset(self, records: Sequence[Mapping[str, Any]], frozen: Mapping[str, int]) -> None:
        """Go back to groups that `records` and parameters that `frozen` returned."""
        self._table.reset([from_record(each, self._parameters) for each in records])
        self._frozen.reset(frozen)

    def groups(self, step: int) -> tuple[GroupView, ...]:
        """Describe the groups at the boundary before step ``step``, in order."""
        described = (
            describe_group(group, self._parameters, self._table.aliases, self._frozen, step)
            for group in self._table
        )
        return tuple(replace(each, frozen_intact=None) for each in described)
