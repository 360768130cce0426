"""The interventions of a run as marks in its charts."""

from __future__ import annotations

from collections.abc import Sequence

from tuitrain.commands import (
    AnyCommand,
    AutoLr,
    Clip,
    Decay,
    Freeze,
    Regroup,
    ScaleLr,
    SetLr,
    SetSchedule,
    SwapOptimizer,
    Thaw,
    number_text,
    parse,
)
from tuitrain.errors import CommandError
from tuitrain.run.snapshot import GroupView, Intervention

from ..rows import group_role
from .plot import Mark


def intervention_marks(
    interventions: Sequence[Intervention], groups: Sequence[GroupView]
) -> tuple[Mark, ...]:
    """Return a mark for every command that changed the training."""
    roles = {group.name: group_role(index) for index, group in enumerate(groups)}
    roles |= {
        parameter.name: roles[group.name] for group in groups for parameter in group.parameters
    }
    marks = []
    for intervention in interventions:
        command = _parse(intervention.command)
        if command is not None and (texts := _label(command)) is not None:
            label, short, target = texts
            marks.append(Mark(intervention.step, label, short, roles.get(target, "accent")))
    return tuple(marks)


def _parse(text: str) -> AnyCommand | None:
    try:
        return parse(text)
    except CommandError:
        return None


def _label(command: AnyCommand) -> tuple[str, str, str] | None:
    """Return the label of a command, its short form, and its target; None for no mark."""
    match command:
        case Freeze(target=target):
            return f"❄{target}", "❄", target
        case Thaw(target=target):
            return f"☼{target}", "☼", target
        case SetLr(target=target) | ScaleLr(target=target) | AutoLr(target=target):
            return f"lr {target}", "lr", target
        case Decay(target=target):
            return f"╲{target}", "╲", target
        case SetSchedule(target=target, kind=kind):
            return f"∿{target} {kind}", "∿", target
        case Clip(by=by, limit=limit):
            return (f"⊓{by}" if by == "off" else f"⊓{by} {number_text(limit)}"), "⊓", ""
        case SwapOptimizer(target=target, name=name):
            return f"⇄{target} {name}", "⇄", target
        case Regroup(name=name):
            return f"⊞{name}", "⊞", name
    return None
