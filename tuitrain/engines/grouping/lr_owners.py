"""Whose the learning rate of a group is: the script's, or that of commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Generic, Protocol

from tuitrain.commands import (
    AnyCommand,
    AutoLr,
    Decay,
    Regroup,
    ScaleLr,
    SetLr,
    SetSchedule,
    SwapOptimizer,
)
from tuitrain.errors import RefusedError
from tuitrain_core.schedule import Constant

from ..steerable import CommandResult
from ..views import SCRIPT_SCHEDULE, GroupView
from .command_handler import CommandHandler
from .groups import Group, GroupTable
from .rules import Opt, Param

_KEY: Final = "lr_is_ours"
"""The entry of a group's record that says that a command has set its lr."""


class RateEntry(Protocol):
    """An entry of a script's ``param_groups``."""

    @property
    def members(self) -> frozenset[str]:
        """The names of its parameters."""
        ...

    @property
    def lr(self) -> float:
        """The learning rate that the script gave it last."""
        ...


class LrOwners(Generic[Param, Opt]):
    """Keeps which groups have an lr that commands have set.

    A command that sets the lr of a group takes it from the script; `AutoLr` gives it back.

    Parameters
    ----------
    table : the groups
    entries : of the script; none without one, and then every lr is that of commands

    Attributes
    ----------
    owned : the names of groups whose lr a command has set; the script's edits do not count
    """

    def __init__(self, table: GroupTable[Param, Opt], entries: Sequence[RateEntry]) -> None:
        self.owned: set[str] = set()
        self._table, self._entries = table, entries

    def apply(
        self, command: AnyCommand, step: int, commands: CommandHandler[Param, Opt]
    ) -> CommandResult:
        """Apply a command to the groups before step ``step``, and note whose each lr then is.

        Raises
        ------
        RefusedError : see `CommandHandler.apply`
        """
        if not self._entries:
            return commands.apply(command, step)
        if isinstance(command, AutoLr):
            return self._release(command)
        owned, before = frozenset(self.owned), {g.name: g.schedule for g in self._table}
        result = commands.apply(command, step)
        match command:
            case SetLr() | ScaleLr() | Decay() | SetSchedule():
                self.owned.update(group.name for group in self._table.resolve(command.target))
            case SwapOptimizer():
                changed = (g.name for g in self._table if g.schedule != before.get(g.name))
                self.owned.update(changed)
            case Regroup() if result.changed and owned:
                self.owned.update(self._table.names)
            case _:
                pass
        if frozenset(self.owned) == owned or isinstance(command, Regroup):
            return result
        return CommandResult(True, f"{result.message}; the script no longer sets it")

    def take_over(self, entry: RateEntry) -> None:
        """Give the groups of an entry the lr that the script has set, unless it is owned."""
        for group in self._table:
            if group.name not in self.owned and not entry.members.isdisjoint(group.members):
                group.schedule = Constant(float(entry.lr))

    def describe(self, group: GroupView) -> GroupView:
        """Return a group's view, whose schedule says that the script sets the lr."""
        if not self._entries or group.name in self.owned:
            return group
        return replace(group, schedule=SCRIPT_SCHEDULE)

    def mark(self, records: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
        """Return the records of groups, with whose lr commands have set."""
        return tuple(
            {**record, _KEY: True} if record["name"] in self.owned else record for record in records
        )

    def restore(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Take the owners of the lr from records."""
        self.owned.clear()
        self.owned.update(record["name"] for record in records if record.get(_KEY))

    def _release(self, command: AutoLr) -> CommandResult:
        groups = [g for g in self._table.resolve(command.target) if g.name in self.owned]
        entries = [(group, self._entry_of(group)) for group in groups]
        for group, entry in entries:
            self.owned.discard(group.name)
            group.schedule = Constant(float(entry.lr))
        messages = [
            f"{group.name}: lr {entry.lr:g}, set by the script from here on"
            for group, entry in entries
        ]
        already = f"the script sets the lr of {self._table.describe_target(command.target)} already"
        return CommandResult(bool(messages), "; ".join(messages) or already)

    def _entry_of(self, group: Group[Opt]) -> RateEntry:
        """Return the entry that has the parameters of a group.

        Raises
        ------
        RefusedError : several have them
        """
        entries = [e for e in self._entries if not e.members.isdisjoint(group.members)]
        if len(entries) != 1:
            raise RefusedError(
                f"the parameters of {group.name} are in {len(entries)} param_groups of the script, "
                "so no lr of the script is that of the whole group"
            )
        return entries[0]
