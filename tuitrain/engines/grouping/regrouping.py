"""Moving parameters between groups, with the state that their optimizers hold."""

from __future__ import annotations

from dataclasses import replace

from tuitrain.commands import Regroup
from tuitrain.errors import RefusedError

from ..steerable import CommandResult
from ..targets import resolve_patterns
from .groups import Group, GroupTable
from .rules import Opt, Param


def regroup(table: GroupTable[Param, Opt], command: Regroup) -> CommandResult:
    """Move parameters to another group or a new one, with their state.

    Raises
    ------
    RefusedError : names the group or the parameter, and what is allowed; nothing was moved
    """
    names = resolve_patterns(command.patterns, table.aliases)
    target = table.get(command.name)
    members = [*names, *(target.members if target else ())]
    table.check_name(command.name, members)
    moved = [name for name in names if target is None or name not in target.members]
    if not moved:
        return CommandResult(False, f"{command.name} already holds {table.describe(names)}")
    _check_left(table, moved)
    model = target or table.group_of(moved[0])
    emptied = _move(table, moved, command.name, model)
    one = len(emptied) == 1
    goes = "is left empty and goes" if one else "are left empty and go"
    gone = f"; {' and '.join(emptied)} {goes}" if emptied else ""
    settings = "" if target else f", with the optimizer and lr of {model.name}"
    return CommandResult(True, f"{table.describe(moved)} moved to {command.name}{settings}{gone}")


def _check_left(table: GroupTable[Param, Opt], moved: list[str]) -> None:
    """Check that no remaining group has the name of a parameter that moves out of it.

    Raises
    ------
    RefusedError : a group would; a target of that name would then mean the group
    """
    for name in moved:
        donor = table.group_of(name)
        if table.canonical_name(donor.name) == name and not set(donor.members) <= set(moved):
            raise RefusedError(
                f"{name} cannot leave the group that has its name: what is left there would be "
                "taken for it; move all of the group, or first the rest"
            )


def _move(
    table: GroupTable[Param, Opt], moved: list[str], name: str, model: Group[Opt]
) -> list[str]:
    """Move parameters with their state into the group ``name``, made like ``model``."""
    donors = {table.group_of(item).name: table.group_of(item) for item in moved}
    existing = table.get(name)
    inside = existing.members if existing else ()
    members = [item for item in table.parameters if item in inside or item in moved]
    grown = _rebuilt(table, model, name, members)
    for item in moved:
        table.transfer(table.group_of(item), grown.optimizer, [item])
    shrunk = [
        _rebuilt(table, donor, donor.name, [item for item in donor.members if item not in moved])
        for donor in donors.values()
    ]
    table.replace([*shrunk, grown])
    return [group.name for group in shrunk if not group.members]


def _rebuilt(
    table: GroupTable[Param, Opt], group: Group[Opt], name: str, members: list[str]
) -> Group[Opt]:
    """Return a copy of the group with another name and other members, with their state."""
    if not members:
        return replace(group, members=())
    kept = [member for member in members if member in group.members]
    settings = {"lr": group.optimizer.lr, **table.settings(group)}
    optimizer = table.make_optimizer(group.rule, members, settings)
    table.transfer(group, optimizer, kept)
    return Group(name, tuple(members), group.rule, optimizer, group.schedule)
