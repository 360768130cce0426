"""How each command is written: the lowest module, since every error repeats it."""

from __future__ import annotations

from typing import Final

from tuitrain.errors import CommandError

USAGE: Final = {
    "pause": "pause",
    "resume": "resume",
    "step": "step [N]",
    "stop": "stop",
    "freeze": "freeze TARGET",
    "thaw": "thaw TARGET [keep|reset]",
    "lr": "lr TARGET VALUE | xFACTOR",
    "decay": "decay TARGET over N epochs|steps",
    "schedule": (
        "schedule TARGET linear|cosine|one-cycle to LR over N epochs|steps [warmup=STEPS], or "
        "exponential xFACTOR per epoch|step, or milestones xFACTOR at N,N,... epochs|steps"
    ),
    "clip": "clip norm|value LIMIT | off",
    "optimizer": "optimizer TARGET NAME [KEY=VALUE...] [state=carry|reset] [ramp=STEPS]",
    "group": "group NAME = GLOB [GLOB...]",
    "rewind": "rewind STEP|NAME",
    "checkpoint": "checkpoint NAME",
    "undo": "undo",
    "redo": "redo",
    "branch": "branch NAME",
    "try": "try lr TARGET VALUE|xFACTOR, ... for N steps",
    "preview": "preview COMMAND",
    "break": (
        "break when nan | loss > xFACTOR | grad_norm GROUP > VALUE | dead units of GROUP > SHARE% "
        "| METRIC >=|<= VALUE, or break off [CONDITION]"
    ),
}


def usage_error(name: str, problem: str) -> CommandError:
    """Return the error for a command that is used wrongly.

    Parameters
    ----------
    name : the command's first word
    problem : what is wrong, as the rest of a sentence that begins with the name
    """
    return CommandError(f"{name} {problem} (write: {USAGE[name]})")
