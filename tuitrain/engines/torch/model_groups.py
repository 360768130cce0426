# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The groups of a model that no script trains: each has an optimizer of its own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import Parameter

from ..factory import GroupSpec
from ..grouping.group_simulator import TableSimulator
from ..grouping.groups import GroupTable
from ..grouping.lr_owners import LrOwners
from .arrays import TorchArrays, named_parameters
from .optimizers import TorchOptimizer, TorchRules


class ModelGroups:
    """The groups of a scenario; see `ScriptGroups` for the members.

    Parameters
    ----------
    model : the network
    specs : the groups at the first step

    Raises
    ------
    RefusedError : the groups do not fit the model's parameters
    """

    optimizers: tuple[torch.optim.Optimizer, ...] = ()

    def __init__(self, model: torch.nn.Module, specs: Sequence[GroupSpec]) -> None:
        self.parameters, aliases = named_parameters(model)
        self.table: GroupTable[Parameter, TorchOptimizer] = GroupTable(
            TorchRules(), self.parameters, specs, aliases
        )
        self.owners = LrOwners(self.table, ())

    def is_scripts(self, group: object) -> bool:
        """Whether a script's optimizer takes the updates of a group: never."""
        del group
        return False

    def settle(self) -> None:
        """Do nothing: no script has an optimizer."""

    def follow_script(self) -> None:
        """Do nothing: no script sets an lr."""


def simulate_groups(
    model: torch.nn.Module, specs: Sequence[GroupSpec], steps_per_epoch: int
) -> TableSimulator[Parameter, TorchOptimizer]:
    """Make groups that follow commands without training; see `EngineFactory.simulate_groups`."""
    groups = ModelGroups(model, specs)
    return TableSimulator(groups.table, TorchArrays(groups.parameters), specs, steps_per_epoch)
