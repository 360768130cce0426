"""How the commands that move a run are written: pause and step, go back, keep, branch, try."""

from __future__ import annotations

from .command import number_text
from .command_spec import CommandSpec
from .forms import Form
from .part import Names
from .parts import Listed, Value, Word
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
from .tokens import any_word, count, non_negative

_PACE = Value(
    "steps_per_second",
    non_negative("number of steps a second"),
    number_text,
    shape=r"[-+.0-9]",
    suggestions=("150",),
    placeholder="N",
)

FLOW_SPECS: tuple[CommandSpec, ...] = (
    CommandSpec("flow", "pause", "Pause at the next step boundary.", ("pause",), (Form(Pause),)),
    CommandSpec("flow", "resume", "Continue after a pause.", ("resume",), (Form(Resume),)),
    CommandSpec(
        "flow",
        "step",
        "Take N steps (default 1), then pause.",
        ("step", "step 10"),
        (Form(Step, (Value("count", count(), placeholder="N"),)), Form(Step)),
    ),
    CommandSpec(
        "flow",
        "speed",
        "Take at most N steps a second while a screen shows the run, or as many as it can. "
        "It changes no result.",
        ("speed 150", "speed max"),
        (
            Form(SetPace, (Word("max"),), {"steps_per_second": None}),
            Form(SetPace, (_PACE,)),
        ),
    ),
    CommandSpec("end", "stop", "End the run at the next step boundary.", ("stop",), (Form(Stop),)),
)

HISTORY_SPECS: tuple[CommandSpec, ...] = (
    CommandSpec(
        "history",
        "rewind",
        "Go back to a past step, by a number of steps or to a checkpoint, exactly; what followed "
        "is kept as a branch.",
        ("rewind 400", "rewind by 200", "rewind before-swap"),
        (
            Form(Rewind, (Value("step", count(0), shape=r"[-+0-9]", suggestions=Names.PAST),)),
            Form(RewindToCheckpoint, (Value("name", any_word, shape=r"[^-+0-9]"),)),
            Form(RewindBy, (Word("by"), Value("count", count(), placeholder="N"))),
        ),
    ),
    CommandSpec(
        "checkpoint",
        "checkpoint",
        "Save all state of the run under a name, to rewind to it or to resume from it.",
        ("checkpoint before-swap",),
        (Form(Checkpoint, (Value("name", any_word),)),),
    ),
    CommandSpec(
        "history",
        "undo",
        "Take back the last command, and train again up to now.",
        ("undo",),
        (Form(Undo),),
    ),
    CommandSpec(
        "history",
        "redo",
        "Put back the command that the last undo took, and train again up to now.",
        ("redo",),
        (Form(Redo),),
    ),
    CommandSpec(
        "history",
        "branch",
        "Return to the end of a branch that was left.",
        ("branch main",),
        (Form(Branch, (Value("name", any_word, suggestions=Names.BRANCHES),)),),
    ),
    CommandSpec(
        "sweep",
        "try",
        "Train from here with each learning rate, on the same batches, and come back: each is left "
        "as a branch, to compare, and to adopt with `branch NAME`.",
        ("try lr fc x0.1, x1, x10 for 200 steps",),
        (
            Form(
                TryLr,
                (
                    Word("lr"),
                    Value("target", any_word, suggestions=Names.TARGETS),
                    Listed("values", "for", "VALUE|xFACTOR"),
                    Value("steps", count(), placeholder="N"),
                    Word("steps", also="step"),
                ),
            ),
        ),
    ),
)
