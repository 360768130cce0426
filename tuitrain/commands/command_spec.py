"""The specification of a command: its name, its forms and its effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tuitrain.errors import CommandError, did_you_mean, join_or

from .command import Command
from .forms import Form, read_forms, write_forms, write_usage
from .usage import declare_usage, usage_of

CommandKind: TypeAlias = Literal[
    "flow", "end", "group", "history", "sweep", "checkpoint", "preview", "breakpoint", "rule"
]
"""The object of a command.

``flow``: when the run pauses; ``end``: the end of the run; ``group``: what is trained, and how;
``history``: where the run is in its history; ``sweep``: branches that are trained and left;
``checkpoint``, ``breakpoint``, ``rule``: those of the run; ``preview``: nothing.
"""


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command of the vocabulary: the source of its help, its parser, printer and completion.

    Attributes
    ----------
    kind : what it acts on
    name : the first word of its text
    summary : what it does
    examples : texts that can be read
    forms : the ways to write it
    """

    kind: CommandKind
    name: str
    summary: str
    examples: tuple[str, ...]
    forms: tuple[Form, ...] = field(repr=False)

    def __post_init__(self) -> None:
        declare_usage(self.name, write_usage(self.name, self.forms))

    @property
    def usage(self) -> str:
        """How it is written, in one line."""
        return usage_of(self.name)


def read_command(specs: Sequence[CommandSpec], text: str) -> Command:
    """Read one command of those specified.

    Raises
    ------
    CommandError : names what was given, what is allowed and the nearest match
    """
    words = text.split()
    names = [spec.name for spec in specs]
    if not words:
        raise CommandError(f"no command given; one of {join_or(names)} is expected")
    for spec in specs:
        if spec.name == words[0]:
            return read_forms(spec.name, spec.forms, words[1:])
    hint = did_you_mean(words[0], names)
    raise CommandError(f"unknown command {words[0]!r}{hint} (known: {', '.join(names)})")


def write_command(specs: Sequence[CommandSpec], command: Command) -> str:
    """Print a command as the text that `read_command` reads back to an equal one.

    Raises
    ------
    TypeError : it is none of those specified
    """
    for spec in specs:
        if any(form.type is type(command) for form in spec.forms):
            return write_forms(spec.name, spec.forms, command)
    raise TypeError(f"not a command: {command!r}")
