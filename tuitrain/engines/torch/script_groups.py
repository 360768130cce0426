# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false
"""The groups of a script: made from its optimizers, which keep the updates of unchanged groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import torch
from torch.nn import Parameter

from tuitrain.errors import RefusedError, StateMismatchError
from tuitrain_core.schedule import Constant

from ..grouping.groups import Group, GroupTable
from ..grouping.lr_owners import LrOwners
from ..loops.group_titles import group_titles
from .arrays import named_parameters
from .optimizers import TorchOptimizer, TorchRules, hidden_of
from .rules import RULES, Rule, rule_of, settings_of

TorchGroup: TypeAlias = Group[TorchOptimizer]
TorchTable: TypeAlias = GroupTable[Parameter, TorchOptimizer]

_LR: Final = "lr"


@dataclass(eq=False)
class Entry:
    """An entry of a script's ``param_groups``.

    Attributes
    ----------
    index : its place; the entry itself may be replaced by another dict
    members : the names of its parameters
    lr : the learning rate that the script gave it last
    """

    optimizer: torch.optim.Optimizer
    index: int
    rule: Rule
    members: frozenset[str]
    lr: float

    @property
    def values(self) -> dict[str, Any]:
        """The entry as it is now."""
        return self.optimizer.param_groups[self.index]


@dataclass(frozen=True, eq=False)
class Share:
    """The parameters that a script's optimizer updates.

    Attributes
    ----------
    members : the names of its parameters
    kept : its entries that have a group, each with the group
    lost : groups of its parameters that have optimizers of their own
    """

    members: frozenset[str]
    kept: Sequence[tuple[Entry, TorchGroup]]
    lost: Sequence[TorchGroup]


class ScriptGroups:
    """The groups of a script's optimizers.

    Each entry of ``param_groups`` that has parameters becomes a group, and the script's optimizer
    keeps its updates. An entry without parameters stays as it is.
    Its name is the entry's ``name``, or else the first part that the names of its parameters
    share, or else its number. A group that a command swaps or makes has an optimizer of its own,
    until it fits an entry again.

    Parameters
    ----------
    model : the network
    optimizers : of the script

    Attributes
    ----------
    parameters : the parameters that the optimizers have, by name
    table : the groups
    owners : whose the lr of each group is

    Raises
    ------
    RefusedError : an optimizer cannot be steered, or has parameters that the network does not; or
        there are no parameters
    """

    def __init__(self, model: torch.nn.Module, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        self.optimizers = tuple(optimizers)
        every, aliases = named_parameters(model)
        names = {id(item): name for name, item in every.items()}
        self.entries = [
            _entry(optimizer, index, names)
            for optimizer in optimizers
            for index in range(len(optimizer.param_groups))
        ]
        self._shares: dict[torch.optim.Optimizer, Share] = {}
        taken = frozenset[str]().union(*(entry.members for entry in self.entries))
        self.parameters: dict[str, Parameter] = {
            name: item for name, item in every.items() if name in taken
        }
        if not self.parameters:
            raise RefusedError(
                "watch takes an optimizer with parameters, but each of its param_groups is empty"
            )
        self._names = names
        scripts = {
            entry.rule.name: entry.rule for entry in self.entries if entry.rule.name not in RULES
        }
        rules = TorchRules(scripts, hidden_of(optimizers))
        self.table: TorchTable = GroupTable(
            rules, self.parameters, None, {name: aliases[name] for name in self.parameters}
        )
        titled = zip(self.entries, group_titles(self.entries), strict=True)
        self.table.reset([self._group(entry, title) for entry, title in titled if entry.members])
        self.owners = LrOwners(self.table, self.entries)

    def _group(self, entry: Entry, title: str) -> TorchGroup:
        """Return the group of an entry; the script's optimizer keeps its updates."""
        members = [name for name in self.parameters if name in entry.members]
        parameters = [self.parameters[name] for name in members]
        optimizer = TorchOptimizer(entry.rule, entry.optimizer, entry.index, parameters, entry.lr)
        return Group(title, tuple(members), entry.rule.name, optimizer, Constant(entry.lr))

    def name_of(self, parameter: Parameter) -> str | None:
        """Return the name of a parameter; None if the network does not have it."""
        return self._names.get(id(parameter))

    def share_of(self, optimizer: torch.optim.Optimizer) -> Share:
        """Return what a script's optimizer updates; the same until `settle`."""
        if optimizer not in self._shares:
            self._shares[optimizer] = self._find_share(optimizer)
        return self._shares[optimizer]

    def settle(self) -> None:
        """Give groups that fit an entry of the script's optimizers to that entry.

        A group fits an entry of the same rule that has all of its parameters, if no other group
        has that entry. Its settings and its state become those of the script's optimizer, which
        drops the state of parameters that other groups have. Called after every change of groups.
        """
        self._shares = {}
        free = {(id(e.optimizer), e.index): e for e in self.entries}
        groups = list(self.table)
        for group in groups:
            free.pop(_place(group), None)
        for group in groups:
            if not self.is_scripts(group):
                fitting = next((e for e in free.values() if _fits(group, e)), None)
                if fitting is not None:
                    del free[id(fitting.optimizer), fitting.index]
                    _bind(group, fitting)
        for entry in self.entries:
            for parameter in entry.values["params"]:
                name = self.name_of(parameter)
                group = self.table.group_of(name) if name in self.parameters else None
                if group is not None and group.optimizer.source is not entry.optimizer:
                    entry.optimizer.state.pop(parameter, None)

    def _find_share(self, optimizer: torch.optim.Optimizer) -> Share:
        own = [entry for entry in self.entries if entry.optimizer is optimizer]
        members = frozenset[str]().union(*(entry.members for entry in own))
        groups = {g.optimizer.index: g for g in self.table if g.optimizer.source is optimizer}
        kept = [(entry, groups[entry.index]) for entry in own if entry.index in groups]
        others = (group for group in self.table if not self.is_scripts(group))
        lost = [group for group in others if not members.isdisjoint(group.members)]
        return Share(members, kept, lost)

    def is_scripts(self, group: TorchGroup) -> bool:
        """Whether a script's optimizer takes the updates of a group."""
        return any(group.optimizer.source is optimizer for optimizer in self.optimizers)

    def follow_script(self) -> None:
        """Take over each lr that the script has set since the last call."""
        for entry in self.entries:
            lr = entry.values[_LR]
            if lr.__class__ is not float:
                lr = float(lr)
            if lr != entry.lr:
                entry.lr = lr
                self.owners.take_over(entry)

    def capture_settings(self) -> list[dict[str, Any]]:
        """Return the settings that the script's entries have, lr among them, as plain values."""
        self.follow_script()
        return [{_LR: entry.lr, **settings_of(entry.rule, entry.values)} for entry in self.entries]

    def restore_settings(self, saved: Sequence[Mapping[str, Any]]) -> None:
        """Give the script's entries captured settings, so that its schedulers continue from them.

        Raises
        ------
        StateMismatchError : they are of other entries; nothing was changed
        """
        if len(saved) != len(self.entries):
            raise StateMismatchError(
                f"the state has the settings of {len(saved)} parameter groups of a script that "
                f"has {len(self.entries)}"
            )
        for entry, settings in zip(self.entries, saved, strict=True):
            values = entry.values
            present = {_LR: float(values[_LR]), **settings_of(entry.rule, values)}
            for key, value in settings.items():
                plain: Any = tuple(value) if isinstance(value, list) else value
                if present.get(key) == plain:
                    continue
                old = values.get(key)
                is_tensor = isinstance(old, torch.Tensor)
                values[key] = torch.full_like(old, float(plain)) if is_tensor else plain
            entry.lr = float(values[_LR])


def _entry(optimizer: torch.optim.Optimizer, index: int, names: Mapping[int, str]) -> Entry:
    values = optimizer.param_groups[index]
    unknown = [item for item in values["params"] if id(item) not in names]
    if unknown:
        raise RefusedError(
            f"the optimizer has {len(unknown)} parameters that the network does not have; the "
            f"first is of shape {tuple(unknown[0].shape)}. Make the optimizer from the parameters "
            "of the network that watch is given"
        )
    members = frozenset(names[id(item)] for item in values["params"])
    return Entry(optimizer, index, rule_of(optimizer), members, float(values[_LR]))


def _place(group: TorchGroup) -> tuple[int, int]:
    return id(group.optimizer.source), group.optimizer.index


def _fits(group: TorchGroup, entry: Entry) -> bool:
    return group.rule == entry.rule.name and entry.members.issuperset(group.members)


def _bind(group: TorchGroup, entry: Entry) -> None:
    """Give a group with an optimizer of its own to an entry of a script's optimizer."""
    own, values = group.optimizer, entry.values
    wanted = settings_of(own.rule, own.entry)
    for key, value in settings_of(entry.rule, values).items():
        if value != wanted[key]:
            values[key] = wanted[key]
    for parameter in own.parameters:
        state = own.source.state.pop(parameter, None)
        entry.optimizer.state.pop(parameter, None)
        if state is not None:
            entry.optimizer.state[parameter] = state
    bound = TorchOptimizer(entry.rule, entry.optimizer, entry.index, own.parameters, own.lr)
    bound.updates, bound.statistics = own.updates, own.statistics
    group.optimizer = bound
