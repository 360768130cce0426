"""The one vocabulary: what can be asked of a run, whoever asks.

A key, a palette entry, the ``:`` line, a scenario entry and a Python call all make the same typed
command, and every command prints back to the text that makes it.
"""

from .breakpoints import AddBreakpoint, RemoveBreakpoint
from .checks import is_name
from .command import Command, Setting, number_text, setting_text
from .parsing import parse
from .printing import to_text
from .types import (
    AnyCommand,
    Branch,
    Checkpoint,
    Clip,
    Decay,
    Freeze,
    Pause,
    Preview,
    Redo,
    Regroup,
    Resume,
    Rewind,
    RewindToCheckpoint,
    ScaleLr,
    SetLr,
    SetSchedule,
    Step,
    Stop,
    SwapOptimizer,
    Thaw,
    TryLr,
    Undo,
)
from .vocabulary import VOCABULARY, CommandSpec

__all__ = [
    "VOCABULARY",
    "AnyCommand",
    "Branch",
    "RemoveBreakpoint",
    "AddBreakpoint",
    "Checkpoint",
    "Clip",
    "Command",
    "Decay",
    "SetSchedule",
    "Freeze",
    "Pause",
    "Preview",
    "Redo",
    "Regroup",
    "Resume",
    "Rewind",
    "RewindToCheckpoint",
    "ScaleLr",
    "SetLr",
    "Setting",
    "Step",
    "Stop",
    "SwapOptimizer",
    "Thaw",
    "TryLr",
    "Undo",
    "CommandSpec",
    "is_name",
    "number_text",
    "parse",
    "setting_text",
    "to_text",
]
