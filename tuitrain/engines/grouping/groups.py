"""The groups: every parameter in exactly one, each group with an optimizer and a schedule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, cast

from tuitrain.commands import Setting, is_name
from tuitrain.errors import RefusedError
from tuitrain_core import schedule
from tuitrain_core.optimizer import ParameterState
from tuitrain_core.schedule import Constant, Schedule

from ..factory import GroupSpec
from ..targets import (
    ParameterAliases,
    match_names,
    match_parameters,
    name_with_aliases,
    resolve_groups,
    resolve_patterns,
    unknown_target,
)
from .rules import Opt, OptimizerRules, Param

MAX_NAMED: Final = 3
"""Maximum number of groups or parameters that a message names one by one."""


@dataclass(eq=False)
class Group(Generic[Opt]):
    """One group. Its optimizer belongs to it alone."""

    name: str
    members: tuple[str, ...]
    rule: str
    optimizer: Opt
    schedule: Schedule

    def set_lr(self, step: int) -> None:
        """Set the optimizer's lr to the schedule's value at this step."""
        self.optimizer.lr = self.schedule.lr(step)


class GroupTable(Generic[Param, Opt]):
    """All groups, in order, over all parameters of a model.

    Parameters
    ----------
    rules : the update rules of the engine
    parameters : every parameter by name
    specs : the groups at the first step; None if `reset` sets them
    aliases : the other names of tied parameters

    Raises
    ------
    RefusedError : a name is invalid or used twice, a glob matches nothing, a group is empty, a
        parameter is in no group, an optimizer or a setting is unknown or out of range
    """

    def __init__(
        self,
        rules: OptimizerRules[Param, Opt],
        parameters: Mapping[str, Param],
        specs: Sequence[GroupSpec] | None,
        aliases: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.rules = rules
        self.parameters = parameters
        self.aliases: ParameterAliases = {name: aliases.get(name, ()) for name in parameters}
        self._groups: dict[str, Group[Opt]] = {}
        if specs is None:
            return
        left = list(parameters)
        for spec in specs:
            group = self._planned(spec, left)
            left = [name for name in left if name not in group.members]
            self._groups[spec.name] = group
        if left:
            names = ", ".join(map(self.display_name, left))
            raise RefusedError(f"no group takes {names}; end with a group whose params are ['*']")

    def __iter__(self) -> Iterator[Group[Opt]]:
        return iter(self._groups.values())

    def get(self, name: str) -> Group[Opt] | None:
        """Return the group of that name, or None."""
        return self._groups.get(name)

    @property
    def names(self) -> list[str]:
        """The groups' names, in order."""
        return list(self._groups)

    def resolve(self, target: str) -> list[Group[Opt]]:
        """Return the groups that a target names; raise `RefusedError` if there are none."""
        matches = resolve_groups(target, self.names, self.aliases)
        return [self._groups[name] for name in matches]

    def resolve_parameters(self, target: str) -> list[str]:
        """Return the parameters that a target names, or else those that it matches."""
        groups = [target] if target in self._groups else match_names(target, self._groups)
        if groups:
            return [name for group in groups for name in self._groups[group].members]
        matches = match_parameters([target], self.aliases)
        if not matches:
            raise unknown_target(target, self.names, self.aliases)
        return matches

    def describe_target(self, target: str) -> str:
        """Return a target for messages: what a pattern matches, by name if it is little.

        Raises
        ------
        RefusedError : it matches nothing
        """
        if target in self._groups:
            return target
        groups = match_names(target, self._groups)
        names = groups or self.resolve_parameters(target)
        if groups and len(groups) > MAX_NAMED:
            return f"{len(groups)} groups"
        is_short = len(names) <= MAX_NAMED and (groups or len(names) > 1)
        return ", ".join(names) if is_short else target

    def display_name(self, parameter: str) -> str:
        """Return a parameter's name for messages, with its other names, if it has any."""
        return name_with_aliases(parameter, self.aliases)

    def describe(self, parameters: Sequence[str]) -> str:
        """Return the name of one parameter for messages, or how many there are."""
        if len(parameters) == 1:
            return self.display_name(parameters[0])
        return f"{len(parameters)} parameters"

    def check_name(self, name: str, members: Iterable[str]) -> None:
        """Check that a group's name is not the name of a parameter that it does not hold.

        Raises
        ------
        RefusedError : it is; a target of that name would then mean the group
        """
        namesake = self.canonical_name(name)
        if namesake in self.parameters and namesake not in members:
            raise RefusedError(
                f"{name} is a parameter, and a group of that name that does not hold it would be "
                "taken for it; choose another name"
            )

    def canonical_name(self, name: str) -> str:
        """Return the first name of a parameter, given any of its names."""
        return next((first for first, others in self.aliases.items() if name in others), name)

    def group_of(self, parameter: str) -> Group[Opt]:
        """Return the group that a parameter is in."""
        return next(group for group in self if parameter in group.members)

    def optimizer_states(self) -> dict[str, ParameterState]:
        """Return the optimizers' state by parameter, without parameters that were never updated."""
        owners = {name: group for group in self for name in group.members}
        return {
            name: state
            for name, parameter in self.parameters.items()
            if (state := self.rules.state_of(owners[name].optimizer, parameter)) is not None
            # A held step may have allocated state without an update.
            and (state.step or any(slot.any() for slot in state.slots.values()))
        }

    def replace(self, groups: Iterable[Group[Opt]]) -> None:
        """Replace the groups of the same names; append new ones.

        Groups without members are dropped.
        """
        for group in groups:
            self._groups[group.name] = group
        self._groups = {name: group for name, group in self._groups.items() if group.members}

    def reset(self, groups: Iterable[Group[Opt]]) -> None:
        """Replace all groups."""
        self._groups = {group.name: group for group in groups}

    def settings(self, group: Group[Opt]) -> dict[str, Setting]:
        """Return the hyper-parameters of a group besides lr."""
        return self.rules.settings(group.optimizer)

    def make_optimizer(
        self, rule: str, members: Iterable[str], settings: Mapping[str, Setting]
    ) -> Opt:
        """Make an optimizer without state for some parameters; see `OptimizerRules.make`."""
        return self.rules.make(rule, [self.parameters[name] for name in members], settings)

    def transfer(self, group: Group[Opt], optimizer: Opt, members: Iterable[str]) -> None:
        """Give another optimizer the state that a group's holds for some of its members."""
        parameters = [self.parameters[name] for name in members]
        self.rules.transfer(group.optimizer, optimizer, parameters)

    def to_record(self, group: Group[Opt]) -> dict[str, Any]:
        """Return a group as plain values, without the state of its parameters."""
        return {
            "name": group.name,
            "members": list(group.members),
            "rule": group.rule,
            "settings": {"lr": group.optimizer.lr, **self.settings(group)},
            "schedule": schedule.to_record(group.schedule),
        }

    def from_record(self, record: Mapping[str, Any]) -> Group[Opt]:
        """Make the group of a record of `to_record`, with an optimizer without state.

        Raises
        ------
        RefusedError, CoreError, KeyError : it is not such a record
        """
        recorded: Mapping[str, Any] = record["settings"]
        settings: dict[str, Setting] = {
            key: cast(
                Setting, tuple(cast(list[float], value)) if isinstance(value, list) else value
            )
            for key, value in recorded.items()
        }
        members, rule = tuple(record["members"]), record["rule"]
        optimizer = self.make_optimizer(rule, members, settings)
        follows = schedule.from_record(record["schedule"])
        return Group(record["name"], members, rule, optimizer, follows)

    def _planned(self, spec: GroupSpec, left: Sequence[str]) -> Group[Opt]:
        if not is_name(spec.name):
            raise RefusedError(
                f"group {spec.name!r}: a name is made of letters, digits, '_', '.' and '-'"
            )
        if spec.name in self._groups:
            raise RefusedError(f"a second group is called {spec.name!r}")
        try:
            members = self._claim(spec, left)
            self.check_name(spec.name, members)
            optimizer = self.make_optimizer(spec.optimizer, members, spec.settings)
        except RefusedError as refusal:
            raise RefusedError(f"group {spec.name!r}: {refusal}") from None
        return Group(spec.name, members, spec.optimizer, optimizer, Constant(float(optimizer.lr)))

    def _claim(self, spec: GroupSpec, left: Sequence[str]) -> tuple[str, ...]:
        wanted = resolve_patterns(spec.patterns, self.aliases)
        members = tuple(name for name in wanted if name in left)
        if not members:
            tied = [self.display_name(name) for name in wanted if self.aliases[name]]
            raise RefusedError(
                f"it is left with nothing: earlier groups have taken all that "
                f"{' '.join(spec.patterns)} matches{': ' if tied else ''}{', '.join(tied)}"
            )
        return members
