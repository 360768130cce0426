"""The groups of a script: made from its optimizers, and following its own edits of lr."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from tuitrain.commands import Setting
from tuitrain.errors import RefusedError, join_or
from tuitrain_core import Parameter
from tuitrain_core.module import Module
from tuitrain_core.optimizer import OPTIMIZERS, Optimizer

from ...factory import GroupSpec
from ...grouping.lr_owners import LrOwners
from ...loops.group_titles import group_titles
from ..optimizers import CoreGroup, CoreTable, make_table


@dataclass(eq=False)
class _Entry:
    """An entry of ``param_groups``: its parameters, and the lr that the script gave it last."""

    optimizer: Optimizer
    values: dict[str, Any]
    members: frozenset[str]
    lr: float


class ScriptGroups:
    """The groups of a script's optimizers.

    Each entry of ``param_groups`` becomes a group with its own optimizer, which takes over the
    state. Its name is the entry's ``name``, or else the first part that the names of its
    parameters share, or else its number.

    Parameters
    ----------
    net : the network
    optimizer : an optimizer, or an object whose ``opts`` are optimizers

    Attributes
    ----------
    parameters : the parameters that the optimizers have, by name
    table : the groups
    owners : whose the lr of each group is

    Raises
    ------
    RefusedError : the optimizer is of another kind, or has parameters that the network does not
    """

    def __init__(self, net: Module, optimizer: Any) -> None:
        self.optimizers = _optimizers_of(optimizer)
        names = {id(item): name for name, item in net.named_parameters()}
        entries: list[_Entry] = []
        for item in self.optimizers:
            for values in item.param_groups:
                members = _names_of(values["params"], names)
                entries.append(_Entry(item, values, frozenset(members), values["lr"]))
        self._entries = entries
        taken = frozenset[str]().union(*(entry.members for entry in entries))
        self.parameters: dict[str, Parameter] = {
            name: item for name, item in net.named_parameters() if name in taken
        }
        plans = [
            _plan(entry, title) for entry, title in zip(entries, group_titles(entries), strict=True)
        ]
        self.table = make_table(self.parameters, plans, net.aliases())
        self.owners = LrOwners(self.table, entries)
        for group, entry in zip(self.table, entries, strict=True):
            group.optimizer.state.update(
                {p: state for p, state in entry.optimizer.state.items() if p in _of(entry)}
            )

    def follow_script(self) -> None:
        """Take over each lr that the script has set since the last call."""
        for entry in self._entries:
            lr = entry.values["lr"]
            if lr != entry.lr:
                entry.lr = lr
                self.owners.take_over(entry)

    def share_state(self) -> None:
        """Show the script's optimizers the state of the groups that have the same rule."""
        for entry in self._entries:
            for group in self.table:
                if group.rule == entry.optimizer.rule and entry.members.issuperset(group.members):
                    entry.optimizer.state.update(group.optimizer.state)


def set_rates(table: CoreTable, step: int) -> list[CoreGroup]:
    """Set each group's lr for a step, and return the groups."""
    groups = list(table)
    for group in groups:
        group.set_lr(step)
    return groups


def _of(entry: _Entry) -> set[Parameter]:
    return set(entry.values["params"])


def _optimizers_of(optimizer: Any) -> Sequence[Optimizer]:
    items = (optimizer,) if isinstance(optimizer, Optimizer) else getattr(optimizer, "opts", None)
    if not items or not all(isinstance(item, Optimizer) for item in items):
        raise RefusedError(
            "watch takes an optimizer of tuitrain_core, or a MultipleOptimizer, but was given "
            f"{type(optimizer).__name__}"
        )
    for item in items:
        if OPTIMIZERS.get(item.rule) is not type(item):
            raise RefusedError(
                f"watch cannot steer {type(item).__name__} (it can steer: {join_or(OPTIMIZERS)})"
            )
    return tuple(items)


def _names_of(params: Sequence[Parameter], names: Mapping[int, str]) -> list[str]:
    unknown = [item for item in params if id(item) not in names]
    if unknown:
        raise RefusedError(
            f"the optimizer has {len(unknown)} parameters that the network does not have; the "
            f"first is of shape {unknown[0].shape}"
        )
    return [names[id(item)] for item in params]


def _plan(entry: _Entry, title: str) -> GroupSpec:
    settings = {key: cast(Setting, entry.values[key]) for key in entry.optimizer.hyper_parameters()}
    return GroupSpec(title, tuple(sorted(entry.members)), entry.optimizer.rule, settings)
