"""The statements that have the effect of a command in a program.

The effect is the difference of the engine's states before and after the command; the command itself
decides the form of the statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from tuitrain.commands import (
    AnyCommand,
    Clip,
    Decay,
    Freeze,
    Regroup,
    ScaleLr,
    SetLr,
    SetSchedule,
    SwapOptimizer,
    Thaw,
)
from tuitrain.engines.state import EngineState
from tuitrain.engines.targets import resolve_groups
from tuitrain_core.optimizer import default_policy

from .codegen_groups import (
    GroupRecord,
    for_each,
    is_scheduled,
    lr_expression,
    new_optimizer,
    optimizer_expression,
    schedule_expression,
)
from .codegen_network import Network, members_by_group
from .codegen_source import Call, ForEach, Statement, call, literal

Lines: TypeAlias = Statement | ForEach

CLIP_VARIABLES = {"norm": "max_norm", "value": "max_value"}
"""The program's variable for each way of clipping; infinity means no clipping."""


@dataclass(frozen=True, slots=True)
class CommandEffect:
    """A command, with the engine's state before and after it."""

    command: AnyCommand
    before: EngineState
    after: EngineState

    def changed_groups(self) -> Iterator[tuple[GroupRecord, GroupRecord]]:
        """Yield the changed groups, each before and after the command."""
        was = {group["name"]: group for group in self.before.groups}
        for group in self.after.groups:
            if group["name"] in was and group != was[group["name"]]:
                yield was[group["name"]], group


def command_statements(effect: CommandEffect, network: Network) -> Iterator[Lines]:
    """Yield the statements that have the effect of a command of kind ``group``."""
    match effect.command:
        case Freeze(target=target):
            yield from freeze_statements(effect.before, effect.after, network, target)
        case Thaw():
            yield from _thawed(effect.command, effect, network)
        case SetLr() | ScaleLr() | Decay() | SetSchedule():
            count = len(effect.after.groups)
            write = partial(_rescheduled, effect.command)
            yield from for_each(effect.changed_groups(), count, write)
        case Clip():
            yield from _clipped(effect)
        case SwapOptimizer():
            yield from _swapped(effect.command, effect, network)
        case Regroup():
            yield from _regrouped(effect.command, effect, network)


def freeze_statements(
    before: EngineState, after: EngineState, network: Network, target: str = ""
) -> Iterator[Statement]:
    """Yield the statements that freeze the newly frozen parameters."""
    fresh = after.frozen.keys() - before.frozen.keys()
    for parameters in _parameters(fresh, after, network, target):
        yield Statement("", call("gm.detach", parameters))
    yield from _norms(before, after, network)


def _thawed(command: Thaw, effect: CommandEffect, network: Network) -> Iterator[Statement]:
    before, after = effect.before, effect.after
    thawed = before.frozen.keys() - after.frozen.keys()
    for parameters in _parameters(thawed, after, network, command.target):
        yield Statement("", call("gm.attach", parameters))
    yield from _norms(before, after, network)
    if command.state == "reset":
        inside = members_by_group(thawed, after.groups)
        for group in after.groups:
            members = inside.get(group["name"], [])
            if len(members) == len(group["members"]):
                yield Statement("", call(f"{optimizer_expression(group)}.reset_state"))
            elif members:
                chosen = network.select_expression(members, (command.target,))
                yield Statement("", call(f"{optimizer_expression(group)}.reset_state", chosen))


def _parameters(
    names: set[str], state: EngineState, network: Network, target: str
) -> Iterator[Call]:
    """Yield expressions that together select these parameters: whole groups, then the rest."""
    if names and len(names) == len(network.parameters):
        yield network.select_expression(names)
        return
    rest = set(names)
    for group in state.groups:
        if rest.issuperset(group["members"]):
            rest -= set(group["members"])
            yield call(f"{optimizer_expression(group)}.parameters")
    if rest:
        yield network.select_expression(rest, (target,))


def _norms(before: EngineState, after: EngineState, network: Network) -> Iterator[Statement]:
    """Freeze the running statistics of newly frozen norm layers, and thaw those of thawed ones."""
    was = network.frozen_norms(before.frozen)
    for path, still in network.frozen_norms(after.frozen).items():
        if still != was[path]:
            yield Statement(f"{path}.frozen = ", literal(still))


def _clipped(effect: CommandEffect) -> Iterator[Statement]:
    (was, _), (by, limit) = effect.before.clip, effect.after.clip
    if was in CLIP_VARIABLES and was != by:
        yield Statement(f"{CLIP_VARIABLES[was]} = ", "math.inf")
    if by in CLIP_VARIABLES:
        yield Statement(f"{CLIP_VARIABLES[by]} = ", literal(float(limit)))


def _rescheduled(command: AnyCommand, was: GroupRecord, _: GroupRecord) -> Iterator[Statement]:
    lr, follows = f"{optimizer_expression(was)}.lr", schedule_expression(was)
    match command:
        case SetLr(lr=value):
            if is_scheduled(was):
                yield Statement("del ", follows)
            yield Statement(f"{lr} = ", literal(float(value)))
        case ScaleLr(factor=factor) if is_scheduled(was):
            yield Statement(f"{follows} = ", call(f"{follows}.scaled", literal(float(factor))))
        case ScaleLr(factor=factor):
            yield Statement(f"{lr} *= ", literal(float(factor)))
        case Decay(over=over, unit=unit):
            unit_steps = _unit_steps(unit)
            falls = call(
                "schedule.LinearDecay", lr_expression(was), "now", duration=str(over), **unit_steps
            )
            yield Statement(f"{follows} = ", falls)
        case SetSchedule():
            yield Statement(f"{follows} = ", _schedule(command, lr_expression(was)))


def _unit_steps(unit: str) -> dict[str, str]:
    return {"unit_steps": "len(loader)"} if unit == "epochs" else {}


def _schedule(command: SetSchedule, lr: str) -> Call:
    """Return the expression of the schedule; see the engine's `make_schedule`."""
    value, over, unit_steps = literal(command.value), str(command.over), _unit_steps(command.unit)
    match command.kind:
        case "linear":
            made = call("schedule.Linear", lr, value, "now", duration=over, **unit_steps)
        case "cosine":
            made = call("schedule.Cosine", lr, value, "now", duration=over, **unit_steps)
        case "exponential":
            made = call("schedule.Exponential", lr, value, "now", **unit_steps)
        case "milestones":
            at = literal(command.at)
            made = call("schedule.Milestones", lr, value, at, "now", **unit_steps)
        case "one-cycle":
            steps = f"{over} * len(loader)" if unit_steps else over
            made = call("schedule.OneCycle", lr, value, lr, "now", duration=steps)
    return (
        call("schedule.WarmUp", made, "now", duration=str(command.warmup))
        if command.warmup
        else made
    )


def _swapped(command: SwapOptimizer, effect: CommandEffect, network: Network) -> Iterator[Lines]:
    was = {group["name"]: group for group in effect.before.groups}
    now = {group["name"]: group for group in effect.after.groups}
    changed = [group["name"] for _, group in effect.changed_groups()]
    named = resolve_groups(command.target, list(was), network.parameters)
    pairs = [(was[name], now[name]) for name in named]
    swapped = [
        (before, after)
        for before, after in pairs
        if after["name"] in changed or not _carries(command, before)
    ]
    yield from for_each(swapped, len(now), lambda *pair: _swapped_one(command, *pair))


def _carries(command: SwapOptimizer, was: GroupRecord) -> bool:
    return (command.state or default_policy(was["rule"], command.name)) == "carry"


def _swapped_one(
    command: SwapOptimizer, was: GroupRecord, group: GroupRecord
) -> Iterator[Statement]:
    old, follows, new_lr = (
        optimizer_expression(was),
        schedule_expression(was),
        command.settings.get("lr"),
    )
    lr = f"{old}.lr" if new_lr is None else literal(new_lr)
    fresh = new_optimizer(group, call(f"{old}.parameters"), lr)
    carried = call("optimizer.transfer_optimizer", old, fresh)
    yield Statement(f"{old} = ", carried if _carries(command, was) else fresh)
    continues = is_scheduled(was) and new_lr is None
    rises = group["schedule"]["kind"] == "warm-up" and not (
        continues and group["schedule"] == was["schedule"]  # an lr of 0 does not rise
    )
    if rises:
        inner = follows if continues else call("schedule.Constant", f"{old}.lr")
        ramp = call("schedule.WarmUp", inner, "now", duration=str(command.ramp))
        yield Statement(f"{follows} = ", ramp)
    elif is_scheduled(was) and not continues:
        yield Statement("del ", follows)


def _regrouped(command: Regroup, effect: CommandEffect, network: Network) -> Iterator[Statement]:
    was = {group["name"]: group for group in effect.before.groups}
    now = {group["name"]: group for group in effect.after.groups}
    target, grown = was.get(command.name), now[command.name]
    inside = target["members"] if target else ()
    moved = [name for name in grown["members"] if name not in inside]
    donors = [was[name] for name in members_by_group(moved, effect.before.groups)]
    model = target or next(record for record in donors if moved[0] in record["members"])
    yield _grown([target, *donors] if target else donors, model, grown, command, network)
    if target is None and is_scheduled(model):
        yield Statement(f"{schedule_expression(grown)} = ", schedule_expression(model))
    for donor in donors:
        if donor["name"] in now:
            taken = call(f"{optimizer_expression(grown)}.parameters")
            yield Statement("", call(f"{optimizer_expression(donor)}.remove", taken))
        else:
            yield Statement("del ", optimizer_expression(donor))
            if is_scheduled(donor):
                yield Statement("del ", schedule_expression(donor))


def _grown(
    sources: list[GroupRecord],
    model: GroupRecord,
    grown: GroupRecord,
    command: Regroup,
    network: Network,
) -> Statement:
    """Make a new optimizer for more parameters, and transfer their state to it."""
    names = [optimizer_expression(record) for record in sources]
    old = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
    members = network.select_expression(grown["members"], command.patterns)
    fresh = call(f"{optimizer_expression(model)}.clone_for", members)
    return Statement(
        f"{optimizer_expression(grown)} = ", call("optimizer.transfer_optimizer", old, fresh)
    )
