"""Applying commands to the groups; a refused command changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Generic

from tuitrain.commands import (
    AnyCommand,
    AutoLr,
    Decay,
    Freeze,
    Regroup,
    ScaleLr,
    SetLr,
    SetSchedule,
    Setting,
    SwapOptimizer,
    Thaw,
    to_text,
)
from tuitrain.errors import RefusedError
from tuitrain_core.errors import CoreError
from tuitrain_core.schedule import Constant, Schedule, WarmUp

from ..schedules import reschedule
from ..steerable import CommandResult
from .freezing import FrozenParameters
from .groups import Group, GroupTable
from .optimizer_settings import transferable_settings
from .regrouping import regroup
from .rules import Opt, Param


class CommandHandler(Generic[Param, Opt]):
    """Applies commands to a group table.

    Parameters
    ----------
    table : the groups
    frozen : which parameters are frozen
    steps_per_epoch : the length of an epoch, for schedules
    """

    def __init__(
        self, table: GroupTable[Param, Opt], frozen: FrozenParameters, steps_per_epoch: int
    ) -> None:
        self._table = table
        self._frozen = frozen
        self._steps_per_epoch = steps_per_epoch

    def apply(self, command: AnyCommand, step: int) -> CommandResult:
        """Apply one command before step ``step`` (counted from 0).

        Raises
        ------
        RefusedError : names the group or the parameter, and what is allowed
        """
        match command:
            case Freeze(target=target):
                return self._freeze(target, step)
            case Thaw():
                return self._thaw(command)
            case SetLr():
                return self._set_lr(command)
            case ScaleLr():
                return self._scale_lr(command, step)
            case AutoLr():
                raise RefusedError(
                    f"{to_text(command)!r} gives the lr back to the script of a loop; the groups "
                    "of this run have no other owner"
                )
            case Decay():
                return self._decay(command, step)
            case SetSchedule():
                return self._follow(command, step)
            case SwapOptimizer():
                return self._swap(command, step)
            case Regroup():
                return regroup(self._table, command)
            case _:
                raise RefusedError(f"{to_text(command)!r} is not for the groups of a run")

    def _freeze(self, target: str, step: int) -> CommandResult:
        names, what = self._table.resolve_parameters(target), self._table.describe_target(target)
        fresh = [name for name in names if name not in self._frozen]
        if not fresh:
            return CommandResult(False, f"{what} {_be(what)} already frozen, {self._since(names)}")
        for name in fresh:
            self._frozen.freeze(name, step)
        before = f" ({len(names) - len(fresh)} were before)" if len(fresh) < len(names) else ""
        return CommandResult(True, f"{what} frozen: {self._table.describe(fresh)}{before}")

    def _thaw(self, command: Thaw) -> CommandResult:
        names = self._table.resolve_parameters(command.target)
        what = self._table.describe_target(command.target)
        frozen = [name for name in names if self._frozen.since(name) is not None]
        if not frozen:
            return CommandResult(False, f"{what} {_be(what)} not frozen")
        for name in frozen:
            self._frozen.thaw(name)
            if command.state == "reset":
                self._table.rules.reset(
                    self._table.group_of(name).optimizer, self._table.parameters[name]
                )
        state = "kept" if command.state == "keep" else "reset"
        return CommandResult(
            True,
            f"{what} thawed: {self._table.describe(frozen)}, optimizer state {state}",
        )

    def _set_lr(self, command: SetLr) -> CommandResult:
        rescheduled = self._reschedule(command, 0)
        messages = [
            f"{group.name}: lr {command.lr:g} from here on{_unless_constant(before, 'ends')}"
            for group, before in rescheduled
        ]
        what = self._table.describe_target(command.target)
        already = f"{what} already {_have(what)} a constant lr of {command.lr:g}"
        return _join(messages, already)

    def _scale_lr(self, command: ScaleLr, step: int) -> CommandResult:
        rescheduled = self._reschedule(command, step)
        messages = [
            f"{group.name}: lr {group.schedule.lr(step):g}{_unless_constant(before, 'goes on')}"
            for group, before in rescheduled
        ]
        what = self._table.describe_target(command.target)
        return _join(messages, f"x{command.factor:g} changes no lr of {what}")

    def _decay(self, command: Decay, step: int) -> CommandResult:
        rates = {g.name: g.schedule.lr(step) for g in self._table.resolve(command.target)}
        if not any(rates.values()):
            what = self._table.describe_target(command.target)
            return CommandResult(False, f"the lr of {what} is 0 already")
        rescheduled = self._reschedule(command, step)
        messages = [
            f"{group.name}: lr falls from {rates[group.name]:g} to 0" for group, _ in rescheduled
        ]
        change = _join(messages, f"{command.target} already decays so")
        over = f" over {command.over} {command.unit}" if change.changed else ""
        return replace(change, message=change.message + over)

    def _follow(self, command: SetSchedule, step: int) -> CommandResult:
        rescheduled = self._reschedule(command, step)
        messages = [
            f"{group.name}: lr {group.schedule.lr(step):g}, {group.schedule.label}"
            for group, _ in rescheduled
        ]
        already = f"{command.target} already follows that schedule, or stays at an lr of 0"
        return _join(messages, already)

    def _reschedule(
        self, command: SetLr | ScaleLr | Decay | SetSchedule, step: int
    ) -> list[tuple[Group[Opt], Schedule]]:
        """Give the groups the schedules of a command, all of them or none.

        Returns
        -------
        The groups whose schedule changed, each with its former schedule.

        Raises
        ------
        RefusedError : names the group whose schedule is impossible
        """
        made: list[tuple[Group[Opt], Schedule, Schedule]] = []
        for group in self._table.resolve(command.target):
            try:
                schedule = reschedule(command, group.schedule, step, self._steps_per_epoch)
            except CoreError as error:
                raise RefusedError(f"{group.name}: {error}") from None
            if schedule != group.schedule:
                made.append((group, group.schedule, schedule))
        for group, _, schedule in made:
            group.schedule = schedule
        return [(group, before) for group, before, _ in made]

    def _swap(self, command: SwapOptimizer, step: int) -> CommandResult:
        groups = self._table.resolve(command.target)
        swapped = [self._swapped(group, command, step) for group in groups]
        messages: list[str] = []
        for group, (fresh, state) in swapped:
            if fresh is not None:
                messages.append(f"{group.name}: {group.rule} → {fresh.rule}, {state}")
                self._table.replace([fresh])
        what = self._table.describe_target(command.target)
        return _join(messages, f"{what} already {_have(what)} {command.name} with these settings")

    def _swapped(
        self, group: Group[Opt], command: SwapOptimizer, step: int
    ) -> tuple[Group[Opt], tuple[Group[Opt] | None, str]]:
        """Make the group that replaces this one; ``group`` itself is not changed."""
        settings_given = dict(command.settings)
        lr = settings_given.pop("lr", None)
        settings = {**self._kept(group, command.name), **settings_given}
        rate = group.optimizer.lr if lr is None else lr
        optimizer = self._table.make_optimizer(
            command.name, group.members, {"lr": rate, **settings}
        )
        schedule = group.schedule if lr is None else Constant(float(optimizer.lr))
        if command.ramp and not schedule.stays_zero(step):
            schedule = WarmUp(schedule, step, command.ramp)
        fresh = replace(group, rule=command.name, optimizer=optimizer, schedule=schedule)
        policy = command.state or self._table.rules.default_policy(group.rule, fresh.rule)
        same = (fresh.rule, self._table.settings(fresh), schedule) == (
            group.rule,
            self._table.settings(group),
            group.schedule,
        )
        if same and policy == "carry":
            return group, (None, "")
        if policy == "carry":
            self._table.transfer(group, optimizer, group.members)
        done = "state carried" if policy == "carry" else "state reset"
        return group, (fresh, done + _lr_message(group.schedule, schedule, step))

    def _kept(self, group: Group[Opt], rule: str) -> dict[str, Setting]:
        """Return the group's settings that the other optimizer takes over."""
        rules = self._table.rules
        if rule not in rules.names:
            return {}
        return transferable_settings(
            self._table.settings(group), rules.defaults(group.rule), rules.defaults(rule)
        )

    def _since(self, names: list[str]) -> str:
        return f"since step {self._frozen.all_since(names)}"


def _join(messages: list[str], otherwise: str) -> CommandResult:
    """Join the groups' messages; return ``otherwise`` if nothing was changed."""
    return CommandResult(bool(messages), "; ".join(messages) if messages else otherwise)


def _be(what: str) -> str:
    return "are" if _is_several(what) else "is"


def _have(what: str) -> str:
    return "have" if _is_several(what) else "has"


def _is_several(what: str) -> bool:
    """Whether a described target is several groups or parameters."""
    return "," in what or what.endswith(" groups")


def _lr_message(before: Schedule, after: Schedule, step: int) -> str:
    """Describe how a swap changed the learning rate; "" if it did not."""
    if after == before:
        return ""
    rises = (
        f", rising over {after.duration} steps" if isinstance(after, WarmUp) else " from here on"
    )
    kept = isinstance(after, WarmUp) and after.inner == before
    ends = "" if kept else _unless_constant(before, "ends")
    return f", lr {after.lr(step):g}{rises}{ends}"


def _unless_constant(schedule: Schedule, does: str) -> str:
    """Describe what becomes of a schedule; "" for a constant one."""
    return "" if isinstance(schedule, Constant) else f", {schedule.label} {does}"
