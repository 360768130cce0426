"""The statements that do in a script what a command did in a run.

What a command did is seen by comparing the engine's state before and after it; the command says how
it is meant.
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

from .groups import (
    Record,
    for_each,
    is_scheduled,
    new_optimizer,
    optimizer_of,
    present_lr,
    schedule_of,
)
from .network import Network, members_by_group
from .source import Call, ForEach, Statement, call, literal

Lines: TypeAlias = Statement | ForEach

CLIPPED = {"norm": "max_norm", "value": "max_value"}
"""The script's variable for each way of clipping; it is infinite while nothing is clipped so."""


WRITTEN = (
    Freeze, Thaw, SetLr, ScaleLr, Decay, SetSchedule, Clip, SwapOptimizer, Regroup,
)  # fmt: skip
"""The commands that there are statements for: those that act on what is trained."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A command, and the state of the engine before and after it."""

    command: AnyCommand
    before: EngineState
    after: EngineState

    def changed(self) -> Iterator[tuple[Record, Record]]:
        """Give the groups that are another record than before, as they were and as they are."""
        was = {group["name"]: group for group in self.before.groups}
        for group in self.after.groups:
            if group["name"] in was and group != was[group["name"]]:
                yield was[group["name"]], group


def statements(decision: Decision, network: Network) -> Iterator[Lines]:
    """Give the statements that do what a command, one of `WRITTEN`, did; none if it did nothing."""
    match decision.command:
        case Freeze(target=target):
            yield from frozen(decision.before, decision.after, network, target)
        case Thaw():
            yield from _thawed(decision.command, decision, network)
        case SetLr() | ScaleLr() | Decay() | SetSchedule():
            count = len(decision.after.groups)
            write = partial(_rescheduled, decision.command)
            yield from for_each(decision.changed(), count, write)
        case Clip():
            yield from _clipped(decision)
        case SwapOptimizer():
            yield from _swapped(decision.command, decision, network)
        case Regroup():
            yield from _regrouped(decision.command, decision, network)


def frozen(
    before: EngineState, after: EngineState, network: Network, target: str = ""
) -> Iterator[Statement]:
    """Give the statements that freeze what is frozen after and was not before."""
    fresh = after.frozen.keys() - before.frozen.keys()
    for parameters in _parameters(fresh, after, network, target):
        yield Statement("", call("gm.detach", parameters))
    yield from _norms(before, after, network)


def _thawed(command: Thaw, decision: Decision, network: Network) -> Iterator[Statement]:
    before, after = decision.before, decision.after
    thawed = before.frozen.keys() - after.frozen.keys()
    for parameters in _parameters(thawed, after, network, command.target):
        yield Statement("", call("gm.attach", parameters))
    yield from _norms(before, after, network)
    if command.state == "reset":
        inside = members_by_group(thawed, after.groups)
        for group in after.groups:
            members = inside.get(group["name"], [])
            if len(members) == len(group["members"]):
                yield Statement("", call(f"{optimizer_of(group)}.reset_state"))
            elif members:
                chosen = network.selected(members, (command.target,))
                yield Statement("", call(f"{optimizer_of(group)}.reset_state", chosen))


def _parameters(
    names: set[str], state: EngineState, network: Network, target: str
) -> Iterator[Call]:
    """Give expressions that together mean these parameters: whole groups first, then the rest."""
    if names and len(names) == len(network.parameters):
        yield network.selected(names)
        return
    rest = set(names)
    for group in state.groups:
        if rest.issuperset(group["members"]):
            rest -= set(group["members"])
            yield call(f"{optimizer_of(group)}.parameters")
    if rest:
        yield network.selected(rest, (target,))


def _norms(before: EngineState, after: EngineState, network: Network) -> Iterator[Statement]:
    """Freeze the running statistics of norm layers that are frozen now, thaw those that are not."""
    was = network.frozen_norms(before.frozen)
    for path, still in network.frozen_norms(after.frozen).items():
        if still != was[path]:
            yield Statement(f"{path}.frozen = ", literal(still))


def _clipped(decision: Decision) -> Iterator[Statement]:
    (was, _), (by, limit) = decision.before.clip, decision.after.clip
    if was in CLIPPED and was != by:
        yield Statement(f"{CLIPPED[was]} = ", "math.inf")
    if by in CLIPPED:
        yield Statement(f"{CLIPPED[by]} = ", literal(float(limit)))


def _rescheduled(command: AnyCommand, was: Record, _: Record) -> Iterator[Statement]:
    lr, follows = f"{optimizer_of(was)}.lr", schedule_of(was)
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
            stairs = _stairs(unit)
            falls = call(
                "schedule.LinearDecay", present_lr(was), "now", duration=str(over), **stairs
            )
            yield Statement(f"{follows} = ", falls)
        case SetSchedule():
            yield Statement(f"{follows} = ", _schedule(command, present_lr(was)))


def _stairs(unit: str) -> dict[str, str]:
    return {"unit_steps": "len(loader)"} if unit == "epochs" else {}


def _schedule(command: SetSchedule, lr: str) -> Call:
    """Return the expression that makes the schedule; see the engine's `make_schedule`."""
    value, over, stairs = literal(command.value), str(command.over), _stairs(command.unit)
    match command.kind:
        case "linear":
            made = call("schedule.Linear", lr, value, "now", duration=over, **stairs)
        case "cosine":
            made = call("schedule.Cosine", lr, value, "now", duration=over, **stairs)
        case "exponential":
            made = call("schedule.Exponential", lr, value, "now", **stairs)
        case "milestones":
            at = literal(command.at)
            made = call("schedule.Milestones", lr, value, at, "now", **stairs)
        case "one-cycle":
            steps = f"{over} * len(loader)" if stairs else over
            made = call("schedule.OneCycle", lr, value, lr, "now", duration=steps)
    return (
        call("schedule.WarmUp", made, "now", duration=str(command.warmup))
        if command.warmup
        else made
    )


def _swapped(command: SwapOptimizer, decision: Decision, network: Network) -> Iterator[Lines]:
    was = {group["name"]: group for group in decision.before.groups}
    now = {group["name"]: group for group in decision.after.groups}
    changed = [group["name"] for _, group in decision.changed()]
    named = resolve_groups(command.target, list(was), network.parameters)
    pairs = [(was[name], now[name]) for name in named]
    swapped = [
        (before, after)
        for before, after in pairs
        if after["name"] in changed or not _carries(command, before)
    ]
    yield from for_each(swapped, len(now), lambda *pair: _swapped_one(command, *pair))


def _carries(command: SwapOptimizer, was: Record) -> bool:
    return (command.state or default_policy(was["rule"], command.name)) == "carry"


def _swapped_one(command: SwapOptimizer, was: Record, group: Record) -> Iterator[Statement]:
    old, follows, given = optimizer_of(was), schedule_of(was), command.settings.get("lr")
    lr = f"{old}.lr" if given is None else literal(given)
    fresh = new_optimizer(group, call(f"{old}.parameters"), lr)
    carried = call("optimizer.transfer_optimizer", old, fresh)
    yield Statement(f"{old} = ", carried if _carries(command, was) else fresh)
    goes_on = is_scheduled(was) and given is None
    rises = group["schedule"]["kind"] == "warm-up" and not (
        goes_on and group["schedule"] == was["schedule"]  # an lr of 0 does not rise
    )
    if rises:
        inner = follows if goes_on else call("schedule.Constant", f"{old}.lr")
        ramp = call("schedule.WarmUp", inner, "now", duration=str(command.ramp))
        yield Statement(f"{follows} = ", ramp)
    elif is_scheduled(was) and not goes_on:
        yield Statement("del ", follows)


def _regrouped(command: Regroup, decision: Decision, network: Network) -> Iterator[Statement]:
    was = {group["name"]: group for group in decision.before.groups}
    now = {group["name"]: group for group in decision.after.groups}
    target, grown = was.get(command.name), now[command.name]
    inside = target["members"] if target else ()
    moved = [name for name in grown["members"] if name not in inside]
    donors = [was[name] for name in members_by_group(moved, decision.before.groups)]
    model = target or next(each for each in donors if moved[0] in each["members"])
    yield _grown([target, *donors] if target else donors, model, grown, command, network)
    if target is None and is_scheduled(model):
        yield Statement(f"{schedule_of(grown)} = ", schedule_of(model))
    for donor in donors:
        if donor["name"] in now:
            taken = call(f"{optimizer_of(grown)}.parameters")
            yield Statement("", call(f"{optimizer_of(donor)}.remove", taken))
        else:
            yield Statement("del ", optimizer_of(donor))
            if is_scheduled(donor):
                yield Statement("del ", schedule_of(donor))


def _grown(
    sources: list[Record], model: Record, grown: Record, command: Regroup, network: Network
) -> Statement:
    """Make a group's optimizer anew, for more parameters; what was known of them goes along."""
    names = [optimizer_of(each) for each in sources]
    old = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
    members = network.selected(grown["members"], command.patterns)
    fresh = call(f"{optimizer_of(model)}.clone_for", members)
    return Statement(f"{optimizer_of(grown)} = ", call("optimizer.transfer_optimizer", old, fresh))
