"""Groups that follow a run's commands without training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic

from tuitrain.commands import AnyCommand, Clip, Freeze

from ..factory import GroupSpec
from ..state import Array, read_only
from ..steerable import CommandResult
from ..views import GroupView, OptimizerChoice
from .command_handler import CommandHandler
from .description import describe_group
from .freezing import FrozenParameters
from .groups import GroupTable
from .rules import Opt, Param, ParameterArrays


class TableSimulator(Generic[Param, Opt]):
    """Follows the commands of a run; see `GroupSimulator`.

    Updates, gradients and the integrity of frozen parameters are not known.

    Parameters
    ----------
    table : the groups at the first step; no other may change them
    arrays : the parameters that are grouped; their values are not read
    specs : say which of the groups are frozen
    steps_per_epoch : the length of an epoch, for schedules
    """

    def __init__(
        self,
        table: GroupTable[Param, Opt],
        arrays: ParameterArrays,
        specs: Sequence[GroupSpec],
        steps_per_epoch: int,
    ) -> None:
        self._table, self._arrays = table, arrays
        self._frozen = FrozenParameters(arrays)
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
            describe_group(group, self._table, self._arrays, self._frozen, step)
            for group in self._table
        )
        return tuple(replace(view, frozen_intact=None) for view in views)

    def optimizer_choices(self) -> tuple[OptimizerChoice, ...]:
        """List the optimizers that a group can be given."""
        return self._table.rules.choices()

    def group_of(self, parameter: str) -> str:
        """Return the name of the group that the parameter is in."""
        return self._table.group_of(parameter).name

    def parameters(self) -> Mapping[str, Array]:
        """Return the values of every parameter by name, read-only."""
        return {name: read_only(self._arrays.value(name)) for name in self._arrays.names}

    def frozen(self) -> Mapping[str, int]:
        """Return the step at which each frozen parameter was frozen."""
        return self._frozen.frozen_since()

    def records(self) -> tuple[Mapping[str, Any], ...]:
        """Return the groups as plain values, in order."""
        return tuple(self._table.to_record(group) for group in self._table)

    def load(self, records: Sequence[Mapping[str, Any]], frozen: Mapping[str, int]) -> None:
        """Restore groups that `records` returned and parameters that `frozen` returned."""
        self._table.reset([self._table.from_record(record) for record in records])
        self._frozen.reset(frozen)
