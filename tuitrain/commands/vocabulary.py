"""The vocabulary: every command that a run takes, as it is written."""

from __future__ import annotations

from typing import TypeAlias, cast

from .break_spec import BREAK_SPEC
from .breakpoints import AddBreakpoint, RemoveBreakpoint
from .command import Command
from .command_spec import CommandKind, CommandSpec, read_command, write_command
from .forms import Form
from .group_commands import (
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
)
from .group_specs import GROUP_SPECS
from .parts import Rest
from .preview import Preview
from .rule_spec import RULE_SPEC
from .rules import AddRule, RemoveRule
from .run_commands import (
    Branch,
    Checkpoint,
    Pause,
    Redo,
    Resume,
    Rewind,
    RewindBy,
    RewindToCheckpoint,
    SetPace,
    Step,
    Stop,
    TryLr,
    Undo,
)
from .run_specs import FLOW_SPECS, HISTORY_SPECS

AnyCommand: TypeAlias = (
    Pause
    | Resume
    | Step
    | SetPace
    | Stop
    | Freeze
    | Thaw
    | SetLr
    | ScaleLr
    | AutoLr
    | Decay
    | SetSchedule
    | Clip
    | SwapOptimizer
    | Regroup
    | Rewind
    | RewindBy
    | RewindToCheckpoint
    | Checkpoint
    | Undo
    | Redo
    | Branch
    | TryLr
    | Preview
    | AddBreakpoint
    | RemoveBreakpoint
    | AddRule
    | RemoveRule
)

_PREVIEW_SPEC = CommandSpec(
    "preview",
    "preview",
    "Say how far the next update would move each group after the command; change nothing. For a "
    "breakpoint or a rule, say whether it would pause the run or act now.",
    ("preview optimizer fc adam lr=0.001", "preview when loss > x3 do lr * x0.5"),
    (Form(Preview, (Rest("command", " ".join, str),)),),
)


VOCABULARY: tuple[CommandSpec, ...] = (
    *FLOW_SPECS,
    *GROUP_SPECS,
    *HISTORY_SPECS,
    _PREVIEW_SPEC,
    BREAK_SPEC,
    RULE_SPEC,
)


_KINDS: dict[type[Command], CommandKind] = {
    form.type: spec.kind for spec in VOCABULARY for form in spec.forms
}


def command_kind(command: Command) -> CommandKind:
    """Return what a command acts on."""
    return _KINDS[type(command)]


def command_target(command: Command) -> str | None:
    """Return the name or glob that a command acts on; None for one that names no group so."""
    match command:
        case Freeze() | Thaw() | SetLr() | ScaleLr() | AutoLr() | Decay() | SetSchedule():
            return command.target
        case SwapOptimizer() | TryLr():
            return command.target
        case _:
            return None


def find_spec(name: str) -> CommandSpec | None:
    """Return the specification of the command of that name, or None."""
    return next((spec for spec in VOCABULARY if spec.name == name), None)


def parse(text: str) -> AnyCommand:
    """Read one command, as in ``"lr fc 0.01"``.

    Raises
    ------
    CommandError : names what was given, what is allowed and the nearest match
    """
    return cast(AnyCommand, read_command(VOCABULARY, text))


def to_text(command: Command) -> str:
    """Print a command as the text that `parse` reads back to an equal command."""
    return write_command(VOCABULARY, command)
