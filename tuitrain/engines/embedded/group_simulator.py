"""Groups that follow a run's commands without training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tuitrain.commands import AnyCommand, Clip, Freeze
from tuitrain_core.module import Module

from ..factory import GroupSpec
from ..state import Array, read_only
from ..steerable import CommandResult
from ..views import GroupView
from .command_handler import CommandHandler
from .description import describe_group
from .freezing import FrozenParameters
from .groups import GroupTable, from_record, to_record


class EmbeddedGroupSimulator:
    """Follows the commands of a run; see `GroupSimulator`.

    Updates, gradients and the integrity of frozen parameters are not known.

    Parameters
    ----------
    model : has the parameters that are grouped; their values are not read
    specs : the groups at the first step
    steps_per_epoch : the length of an epoch, for schedules

    Raises
    ------
    RefusedError : the specs do not fit the model's parameters
    """

    def __init__(self, model: Module, specs: Sequence[GroupSpec], steps_per_epoch: int) -> None:
        self._parameters = dict(model.named_parameters())
        self._table = GroupTable(self._parameters, specs, model.aliases())
        self._frozen = FrozenParameters(self._parameters)
        self._commands = CommandHandler(self._table, self._frozen, steps_per_epoch)
        for spec in specs:
            if spec.frozen:
                self._commands.apply(Freeze(spec.name), 0)

    def apply(self, command: AnyCommand, step: int) -> CommandResult:
        """Apply a command before step ``step``; see `GroupSimulator.apply`."""
        if isinstance(command, Clip):
            return CommandResult(True, "")
        return self._commands.apply(command, step)

    def groups(self, step: int) -> tuple[GroupView, ...]:
        """Describe the groups at the boundary before step ``step``, in order."""
        views = (
            describe_group(group, self._parameters, self._table.aliases, self._frozen, step)
            for group in self._table
        )
        return tuple(replace(view, frozen_intact=None) for view in views)

    def group_of(self, parameter: str) -> str:
        """Return the name of the group that the parameter is in."""
        return self._table.group_of(parameter).name

    def parameters(self) -> Mapping[str, Array]:
        """Return the values of every parameter by name, read-only."""
        return {name: read_only(item.memory()) for name, item in self._parameters.items()}

    def frozen(self) -> Mapping[str, int]:
        """Return the step at which each frozen parameter was frozen."""
        return self._frozen.frozen_since()

    def records(self) -> tuple[Mapping[str, Any], ...]:
        """Return the groups as plain values, in order."""
        return tuple(to_record(group) for group in self._table)

    def load(self, records: Sequence[Mapping[str, Any]], frozen: Mapping[str, int]) -> None:
        """Restore groups that `records` returned and parameters that `frozen` returned."""
        self._table.reset([from_record(record, self._parameters) for record in records])
        self._frozen.reset(frozen)
