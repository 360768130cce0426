"""Whether a command keeps within the limits of a run, and the checkpoint before it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias, cast

from tuitrain.commands import (
    AddRule,
    AnyCommand,
    Checkpoint,
    Clip,
    CommandKind,
    Regroup,
    ScaleLr,
    SetLr,
    SetSchedule,
    SwapOptimizer,
    TryLr,
    command_kind,
    command_target,
    find_spec,
    parse,
    to_text,
)
from tuitrain.engines.engine import Engine
from tuitrain.engines.targets import match_names, match_parameters
from tuitrain.errors import join_or

from ..context import RunContext
from ..journal_entry import JournalEntry
from ..limits import WINDOW_STEPS, Limits
from ..snapshot import Actor

_UNCOUNTED: Final[tuple[CommandKind, ...]] = ("flow", "end", "preview")
"""Kinds of commands that do not change the training, and are not counted."""

_CHANGING: Final[tuple[CommandKind, ...]] = ("group", "history", "sweep")
"""Kinds of commands before which a checkpoint is kept."""


def limit_problem(
    context: RunContext, command: AnyCommand, actor: Actor, counts: bool = True
) -> str:
    """Return why the limits of the run do not allow a command, or "".

    The limits also apply to the commands of a rule, when it is set and when it is used. A rule
    counts as all commands that it may give.

    Parameters
    ----------
    counts : whether the number of commands is limited; those of a rule were counted before
    """
    limits = context.limits
    if limits is None or not limits.hold_for(actor) or is_kept_before(limits, command, actor):
        return ""
    kind = actor.partition("@")[0]
    parts = command.actions() if isinstance(command, AddRule) else ()
    for problem in (
        *(
            problem
            for part in (command, *cast("tuple[AnyCommand, ...]", parts))
            for problem in _problems(limits, part, kind, context.engine)
        ),
        *(_count_problems(limits, command, kind, context) if counts else ()),
    ):
        return f"the limits of this run {problem}"
    return ""


def _problems(limits: Limits, command: AnyCommand, kind: str, engine: Engine) -> Iterator[str]:
    yield from _command_problems(limits, command, kind)
    yield from _group_problems(limits, command, kind, engine)
    yield from _lr_problems(limits, command, kind, engine)


def checkpoint_before(context: RunContext, command: AnyCommand, actor: Actor) -> Checkpoint | None:
    """Return the checkpoint that the limits want before a command; None if none is due.

    It is not due if the checkpoint of this boundary exists: a repeated run makes it as a command.
    """
    limits = context.limits
    if limits is None or not (limits.checkpoint and limits.hold_for(actor)):
        return None
    if command_kind(command) not in _CHANGING:
        return None
    name = _checkpoint_name(actor)
    ref, decisions = context.checkpoints.refs.get(name), tuple(context.timeline.branch.decisions)
    is_kept = ref is not None and (ref.step, ref.decisions) == (context.step, decisions)
    return None if is_kept else Checkpoint(name)


def is_kept_before(limits: Limits, command: AnyCommand, actor: Actor) -> bool:
    """Whether a command is the checkpoint that the limits want before another one."""
    return limits.checkpoint and command == Checkpoint(_checkpoint_name(actor))


def _checkpoint_name(actor: Actor) -> str:
    return f"before-{actor.partition('@')[0]}"


def _command_problems(limits: Limits, command: AnyCommand, kind: str) -> Iterator[str]:
    name = to_text(command).partition(" ")[0]
    if limits.commands is not None and name not in limits.commands:
        yield f"allow {kind} the commands {join_or(limits.commands)}, and this one is {name}"


def _group_problems(
    limits: Limits, command: AnyCommand, kind: str, engine: Engine
) -> Iterator[str]:
    if limits.groups is None:
        return
    for name in _changed_groups(command, engine):
        if not any(match_names(pattern, [name]) for pattern in limits.groups):
            allowed = join_or(limits.groups)
            yield f"allow {kind} to change {allowed}, and {to_text(command)!r} changes {name}"


def _changed_groups(command: AnyCommand, engine: Engine) -> list[str]:
    """Return the names of the groups that a command changes; none if it names none."""
    names = [group.name for group in engine.groups()]
    if isinstance(command, Clip):
        return names
    if isinstance(command, Regroup):
        return [command.name, *_owners(command.patterns, engine)]
    target = command_target(command)
    if target is None:
        return []
    return match_names(target, names) or _owners([target], engine)


def _owners(patterns: Sequence[str], engine: Engine) -> list[str]:
    """Return the groups of the parameters that match any of the globs."""
    aliases = {row.name: row.aliases for group in engine.groups() for row in group.parameters}
    inside = match_parameters(patterns, aliases)
    return list(dict.fromkeys(engine.group_of(name) for name in inside))


def _lr_problems(limits: Limits, command: AnyCommand, kind: str, engine: Engine) -> Iterator[str]:
    largest = limits.lr_factor
    if largest is None:
        return
    for name, before, after, factor in _lr_changes(command, engine):
        if factor > largest * (1 + 1e-9):
            yield (
                f"allow {kind} a factor of {largest:g} for a learning rate at once, and "
                f"{to_text(command)!r} takes {name} from {before:g} to {after:g}"
                + (f", x{after / before:.3g}" if before > 0 else "")
            )


_LrChange: TypeAlias = tuple[str, float, float, float]
"""A group, its learning rate before and after a command, and the factor, up or down."""


def _lr_changes(command: AnyCommand, engine: Engine) -> Iterator[_LrChange]:
    """Yield the groups whose learning rate a command changes."""
    if isinstance(command, TryLr):
        for candidate in command.candidates():
            yield from _lr_changes(candidate, engine)
        return
    target = command_target(command) or ""
    for group in engine.groups():
        if match_names(target, [group.name]) and (change := _new_lr(command, group.lr)):
            yield group.name, group.lr, *change


def _new_lr(command: AnyCommand, lr: float) -> tuple[float, float] | None:
    """Return a learning rate after a command, and the factor; None if it does not change.

    The factor of a schedule counts only upwards: a schedule does not jump.
    """
    match command:
        case SetLr(lr=value):
            return value, _factor(lr, value)
        case SwapOptimizer(settings={"lr": value}):
            after = float(cast(float, value))
            return after, _factor(lr, after)
        case ScaleLr(factor=times):  # of a schedule that is at 0 now, too
            return lr * times, _factor(1.0, times)
        case SetSchedule(kind=("exponential" | "milestones"), value=times):
            return lr * times, times
        case SetSchedule(value=peak):
            return peak, peak / lr if lr else _factor(lr, peak)
        case _:
            return None


def _factor(before: float, after: float) -> float:
    """Return by what factor a rate changes, up or down; infinity from or to 0."""
    if before == after:
        return 1.0
    return max(after / before, before / after) if before > 0 and after > 0 else math.inf


def _count_problems(
    limits: Limits, command: AnyCommand, kind: str, context: RunContext
) -> Iterator[str]:
    allowed = limits.per_thousand_steps
    if allowed is None or command_kind(command) in _UNCOUNTED:
        return
    count = sum(_count(limits, entry, context.step) for entry in context.journal.entries())
    if count + _weight(command) > allowed:
        yield (
            f"allow {kind} {allowed} command{'s' if allowed != 1 else ''} in {WINDOW_STEPS} steps, "
            f"and {count} {'was' if count == 1 else 'were'} applied in the last {WINDOW_STEPS}"
        )


def _weight(command: AnyCommand) -> int:
    """Return how many commands a command may give."""
    return command.times * len(command.commands) if isinstance(command, AddRule) else 1


def _count(limits: Limits, entry: JournalEntry, step: int) -> int:
    """Return how many commands an entry counts as; after a rewind, those of later steps do, too."""
    if entry.outcome != "applied" or not limits.hold_for(entry.actor):
        return 0
    spec = find_spec(entry.command.partition(" ")[0])
    is_kept = entry.command == to_text(Checkpoint(_checkpoint_name(entry.actor)))
    counts = spec is not None and spec.kind not in _UNCOUNTED
    if entry.step <= step - WINDOW_STEPS or not counts or (limits.checkpoint and is_kept):
        return 0
    return _weight(parse(entry.command))
