"""The vocabulary: every command that a run takes, as it is written."""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import msgspec

from tuitrain.metric_info import RESERVED_NAMES

from .breakpoints import AddBreakpoint, RemoveBreakpoint
from .command import Command, number_text
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
from .parts import Fields, Listed, Names, Part, Rest, Value, Word
from .preview import Preview
from .run_commands import (
    Branch,
    Checkpoint,
    Pause,
    Redo,
    Resume,
    Rewind,
    RewindToCheckpoint,
    SetPace,
    Step,
    Stop,
    TryLr,
    Undo,
)
from .tokens import any_word, count, non_negative, number

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
    | RewindToCheckpoint
    | Checkpoint
    | Undo
    | Redo
    | Branch
    | TryLr
    | Preview
    | AddBreakpoint
    | RemoveBreakpoint
)


_PACE = Value(
    "steps_per_second",
    non_negative("number of steps a second"),
    number_text,
    shape=r"[-+.0-9]",
    suggestions=("150",),
    placeholder="N",
)

_FLOW_SPECS: tuple[CommandSpec, ...] = (
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

_HISTORY_SPECS: tuple[CommandSpec, ...] = (
    CommandSpec(
        "history",
        "rewind",
        "Go back to a past step or a checkpoint, exactly; what followed is kept as a branch.",
        ("rewind 400", "rewind before-swap"),
        (
            Form(Rewind, (Value("step", count(0), shape=r"[-+0-9]", suggestions=Names.PAST),)),
            Form(RewindToCheckpoint, (Value("name", any_word, shape=r"[^-+0-9]"),)),
        ),
    ),
    CommandSpec(
        "checkpoint",
        "checkpoint",
        "Keep all that decides the future: to rewind to, and in a file to resume from.",
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

_PREVIEW_SPEC = CommandSpec(
    "preview",
    "preview",
    "Say how far the next update would move each group after the command; change nothing.",
    ("preview optimizer fc adam lr=0.001",),
    (Form(Preview, (Rest("command", " ".join, str),)),),
)


def _limit(
    what: str, example: str, placeholder: str = "VALUE", before: str = "", after: str = ""
) -> Value:
    reads, examples = non_negative(what), (example,)
    return Value("limit", reads, number_text, before, after, "", examples, placeholder)


_GROUP = Value("group", any_word, suggestions=Names.GROUPS)

_METRIC = Value(
    "on",
    any_word,
    shape=rf"(?!(?:{'|'.join(RESERVED_NAMES)})\Z)[^\W\d]\w*\Z",
    suggestions=Names.METRICS,
    placeholder="METRIC",
)
_METRIC_LIMIT = Value(
    "limit", number("limit"), number_text, suggestions=("0.97",), placeholder="VALUE"
)
_SIGNS = ">=|<="

_CONDITIONS: tuple[tuple[dict[str, str], tuple[Part, ...]], ...] = (
    ({"on": "nan"}, (Word("nan"),)),
    ({"on": "loss"}, (Word("loss"), Word(">"), _limit("factor", "x1.5", "FACTOR", before="x"))),
    ({"on": "grad_norm"}, (Word("grad_norm"), _GROUP, Word(">"), _limit("norm", "10"))),
    (
        {"on": "dead_units"},
        (
            *(Word("dead"), Word("units"), Word("of"), _GROUP, Word(">")),
            _limit("share", "50%", "SHARE", after="%"),
        ),
    ),
    ({"sign": ">="}, (_METRIC, Word(">=", _SIGNS), _METRIC_LIMIT)),
    ({"sign": "<="}, (_METRIC, Word("<=", _SIGNS), _METRIC_LIMIT)),
)
"""How each condition of a breakpoint is written, after the fields that it fixes."""


def _remove(**condition: Any) -> RemoveBreakpoint:
    return RemoveBreakpoint(AddBreakpoint(**condition))


def _fields_of_condition(command: Command) -> Fields | None:
    condition = cast(RemoveBreakpoint, command).condition
    return None if condition is None else msgspec.structs.asdict(condition)


def _no_condition(command: Command) -> Fields | None:
    return {} if cast(RemoveBreakpoint, command).condition is None else None


_OFF = ("off", "[CONDITION]")

_BREAK_SPEC = CommandSpec(
    "breakpoint",
    "break",
    "Pause before an update is applied, when the loss or a gradient is not finite, the loss is "
    "above a multiple of its average, a gradient's norm above a value, or more of a layer's "
    "units than a share are 0 for the whole batch; or after an evaluation, when a metric reaches a "
    "value; off removes one breakpoint, or all.",
    (
        "break when nan",
        "break when loss > x1.5",
        "break when grad_norm conv > 10",
        "break when dead units of conv > 50%",
        "break when accuracy >= 0.97",
        "break when mae <= 0.15",
        "break off",
        "break off nan",
    ),
    (
        *(
            Form(AddBreakpoint, (Word("when"), *parts), constants)
            for constants, parts in _CONDITIONS
        ),
        Form(RemoveBreakpoint, (Word("off"),), split=_no_condition, usage=_OFF),
        *(
            Form(
                RemoveBreakpoint,
                (Word("off"), *parts),
                constants,
                make=_remove,
                split=_fields_of_condition,
                usage=_OFF,
            )
            for constants, parts in _CONDITIONS
        ),
    ),
)

VOCABULARY: tuple[CommandSpec, ...] = (
    *_FLOW_SPECS,
    *GROUP_SPECS,
    *_HISTORY_SPECS,
    _PREVIEW_SPEC,
    _BREAK_SPEC,
)


_KINDS: dict[type[Command], CommandKind] = {
    form.type: spec.kind for spec in VOCABULARY for form in spec.forms
}


def command_kind(command: Command) -> CommandKind:
    """Return what a command acts on."""
    return _KINDS[type(command)]


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
