"""The vocabulary: everything that a user, a script or a scenario can ask of a run.

A key, a palette entry, the ``:`` line, a scenario entry and a Python call all make the same typed
command, and every command prints back to the text that makes it.
"""

from .break_spec import condition_text
from .breakpoints import AddBreakpoint, RemoveBreakpoint
from .checks import AUTO_CHECKPOINT, MAX_COUNT, is_name
from .command import Command, Setting, number_text, setting_text
from .command_spec import CommandKind, CommandSpec
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
from .part import Names, Suggestions
from .preview import Preview
from .rules import RULE_SPECS, AddRule, RemoveRule, rule_title
from .run_commands import (
    MIN_PACE,
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
from .vocabulary import (
    VOCABULARY,
    AnyCommand,
    command_kind,
    command_target,
    find_spec,
    parse,
    to_text,
)

__all__ = [
    "AUTO_CHECKPOINT",
    "MAX_COUNT",
    "MIN_PACE",
    "RULE_SPECS",
    "VOCABULARY",
    "AddBreakpoint",
    "AddRule",
    "AnyCommand",
    "AutoLr",
    "Branch",
    "Checkpoint",
    "Clip",
    "Command",
    "CommandKind",
    "CommandSpec",
    "Decay",
    "Freeze",
    "Names",
    "Pause",
    "Preview",
    "Redo",
    "Regroup",
    "RemoveBreakpoint",
    "RemoveRule",
    "Resume",
    "Rewind",
    "RewindBy",
    "RewindToCheckpoint",
    "ScaleLr",
    "SetLr",
    "SetPace",
    "SetSchedule",
    "Setting",
    "Step",
    "Stop",
    "Suggestions",
    "SwapOptimizer",
    "Thaw",
    "TryLr",
    "Undo",
    "command_kind",
    "command_target",
    "condition_text",
    "find_spec",
    "is_name",
    "number_text",
    "parse",
    "rule_title",
    "setting_text",
    "to_text",
]
