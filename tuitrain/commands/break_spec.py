"""How conditions are written, and the command that pauses a run on them."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from tuitrain.metric_info import RESERVED_NAMES

from .breakpoints import SIGNS, AddBreakpoint, RemoveBreakpoint
from .command import Command, number_text
from .command_spec import CommandSpec, write_command
from .forms import Form
from .part import Fields, Names, Part
from .parts import Value, Word
from .tokens import any_word, non_negative, number


def _limit(
    what: str, example: str, placeholder: str = "VALUE", before: str = "", after: str = ""
) -> Value:
    reads, examples = non_negative(what), (example,)
    return Value(
        "limit", reads, number_text, before, after, "", examples, placeholder, either_side=True
    )


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
_SIGNS = "|".join(SIGNS)

CONDITIONS: tuple[tuple[dict[str, str], tuple[Part, ...]], ...] = (
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
    *(({"sign": sign}, (_METRIC, Word(sign, _SIGNS), _METRIC_LIMIT)) for sign in SIGNS),
)
"""How each condition is written, after the fields that it fixes."""


def condition_text(condition: AddBreakpoint) -> str:
    """Return a condition as it is written after ``when``."""
    return write_command((BREAK_SPEC,), condition).removeprefix("break when ")


def _remove(**condition: Any) -> RemoveBreakpoint:
    return RemoveBreakpoint(AddBreakpoint(**condition))


def _fields_of_condition(command: Command) -> Fields | None:
    condition = cast(RemoveBreakpoint, command).condition
    return None if condition is None else msgspec.structs.asdict(condition)


def _no_condition(command: Command) -> Fields | None:
    return {} if cast(RemoveBreakpoint, command).condition is None else None


_OFF = ("off", "[CONDITION]")

BREAK_SPEC = CommandSpec(
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
            for constants, parts in CONDITIONS
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
            for constants, parts in CONDITIONS
        ),
    ),
)
