"""The one vocabulary: what can be asked of a run, whoever asks.

A key, a palette entry, the ``:`` line, a scenario entry and a Python call all make the same typed
command, and every command prints back to the text that makes it.
"""

from .text import number_text, parse, setting_text, to_text
from .types import (
    AnyCommand,
    Command,
    Decay,
    Freeze,
    Pause,
    Regroup,
    Resume,
    ScaleLr,
    SetLr,
    Setting,
    Step,
    Stop,
    SwapOptimizer,
    Thaw,
)
from .vocabulary import VOCABULARY, Verb

__all__ = [
    "VOCABULARY",
    "AnyCommand",
    "Command",
    "Decay",
    "Freeze",
    "Pause",
    "Regroup",
    "Resume",
    "ScaleLr",
    "SetLr",
    "Setting",
    "Step",
    "Stop",
    "SwapOptimizer",
    "Thaw",
    "Verb",
    "number_text",
    "parse",
    "setting_text",
    "to_text",
]
