"""How rules are written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from tuitrain.errors import CommandError

from .break_spec import CONDITIONS
from .breakpoints import AddBreakpoint
from .command import Command
from .command_spec import CommandSpec
from .forms import Form
from .part import Fields, MismatchError
from .parts import Word
from .rules import RULE_SPECS, AddRule, RemoveRule
from .tokens import count
from .usage import usage_error

_CONDITION_FIELDS = tuple(field.name for field in msgspec.structs.fields(AddBreakpoint))


@dataclass(frozen=True, slots=True)
class CommandList:
    """Commands with semicolons between them, and after them how often they are given at most."""

    def read(self, name: str, words: Sequence[str], start: int, fields: Fields) -> int:
        """Read all words that are left into ``commands`` and ``times``."""
        pieces = [piece.strip() for piece in " ".join(words[start:]).split(";")]
        if pieces == [""]:
            raise MismatchError(start)
        if match := re.fullmatch(r"at most (\S+) times?", " ".join(pieces[-1].split())):
            fields["times"] = count()(name, match[1])
            pieces.pop()
            if not pieces:
                raise usage_error(name, f"takes a command before `{match[0]}`, but was given none")
        if bad := next((piece for piece in pieces if piece.startswith("at most")), ""):
            raise usage_error(name, f"ends with `at most N times`, but was given {bad!r:.80}")
        if not all(pieces):
            raise usage_error(name, "takes commands with a ; between them, but was given none")
        fields["commands"] = tuple(pieces)
        return len(words)

    def write(self, fields: Mapping[str, Any]) -> str:
        """Print the commands, and how often they are given if that is not once."""
        times = fields["times"]
        most = [f"at most {times} times"] if times != 1 else []
        return "; ".join([*fields["commands"], *most])

    def suggest(self) -> tuple[str, ...]:
        """Suggest the commands that a rule may give."""
        return tuple(spec.name for spec in RULE_SPECS)

    @property
    def usage(self) -> str:
        """How commands are written."""
        return "COMMAND; COMMAND[; at most N times]"


def _add(**fields: Any) -> AddRule:
    condition = {key: fields.pop(key) for key in _CONDITION_FIELDS if key in fields}
    return AddRule(_condition(condition), **fields)


def _remove(**condition: Any) -> RemoveRule:
    return RemoveRule(_condition(condition))


def _condition(fields: Fields) -> AddBreakpoint:
    """Return the condition; an error of its values names ``when``."""
    try:
        return AddBreakpoint(**fields)
    except CommandError as error:
        problem = str(error).removeprefix("break ").partition(" (write: ")[0]
        raise usage_error("when", problem) from None


def _fields_of_rule(command: Command) -> Fields | None:
    rule = cast(AddRule, command)
    own: Fields = {"commands": rule.commands, "times": rule.times}
    return msgspec.structs.asdict(rule.condition) | own


def _fields_of_condition(command: Command) -> Fields | None:
    condition = cast(RemoveRule, command).condition
    return None if condition is None else msgspec.structs.asdict(condition)


def _no_condition(command: Command) -> Fields | None:
    return {} if cast(RemoveRule, command).condition is None else None


_ON = ("CONDITION", "do", "COMMAND; COMMAND[; at most N times]")
_OFF = ("off", "[CONDITION]")

RULE_SPEC = CommandSpec(
    "rule",
    "when",
    "Give commands, in order, when a condition of a breakpoint comes true: before an update is "
    "applied, or after an evaluation; at most N times in the whole run (default 1), then it pauses "
    "the run; off removes one rule, or all.",
    (
        "when loss > x3 do rewind by 200; lr * x0.5; at most 3 times",
        "when nan do rewind before-swap; optimizer * adam lr=0.001",
        "when grad_norm conv > 10 do clip norm 1",
        "when accuracy >= 0.97 do checkpoint good; stop",
        "when off",
        "when off nan",
    ),
    (
        *(
            Form(
                AddRule,
                (*parts, Word("do"), CommandList()),
                constants,
                make=_add,
                split=_fields_of_rule,
                usage=_ON,
            )
            for constants, parts in CONDITIONS
        ),
        Form(RemoveRule, (Word("off"),), split=_no_condition, usage=_OFF),
        *(
            Form(
                RemoveRule,
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
