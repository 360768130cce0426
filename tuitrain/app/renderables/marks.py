"""The interventions of a run, as marks for its charts."""

from __future__ import annotations

from collections.abc import Sequence

from tuitrain.commands import (
    AnyCommand,
    Decay,
    Freeze,
    Regroup,
    ScaleLr,
    SetLr,
    SwapOptimizer,
    Thaw,
    parse,
)
from tuitrain.errors import CommandError
from tuitrain.run.snapshot import GroupView, JournalEntry

from .plot import Mark
from .rows import group_role


def interventions(journal: Sequence[JournalEntry], groups: Sequence[GroupView]) -> tuple[Mark, ...]:
    """Return a mark for every applied command that changed how the network learns."""
    roles = {group.name: group_role(index) for index, group in enumerate(groups)}
    roles |= {
        parameter.name: roles[group.name] for group in groups for parameter in group.parameters
    }
    marks = []
    for entry in journal:
        if entry.outcome != "applied" or (command := _read(entry.command)) is None:
            continue
        if (words := _label(command)) is not None:
            label, short, target = words
            marks.append(Mark(entry.step, label, short, roles.get(target, "accent")))
    return tuple(marks)


def _read(text: str) -> AnyCommand | None:
    try:
        return parse(text)
    except CommandError:
        return None


def _label(command: AnyCommand) -> tuple[str, str, str] | None:
    """Return the label of a command, its short form, and whom it concerns."""
    match command:
        case Freeze(target=target):
            return f"❄{target}", "❄", target
        case Thaw(target=target):
            return f"☼{target}", "☼", target
        case SetLr(target=target) | ScaleLr(target=target):
            return f"lr {target}", "lr", target
        case Decay(target=target):
            return f"╲{target}", "╲", target
        case SwapOptimizer(target=target, name=name):
            return f"⇄{target} {name}", "⇄", target
        case Regroup(name=name):
            return f"⊞{name}", "⊞", name
    return None
