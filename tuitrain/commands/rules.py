"""Rules: commands that a run gives itself when a condition comes true."""

from __future__ import annotations

from typing import Any, Final, cast

from . import checks
from .break_spec import condition_text
from .breakpoints import AddBreakpoint
from .command import Command
from .command_spec import CommandSpec, read_command, write_command
from .group_specs import GROUP_SPECS
from .run_specs import FLOW_SPECS, HISTORY_SPECS
from .usage import usage_error

RULE_SPECS: Final[tuple[CommandSpec, ...]] = (
    *GROUP_SPECS,
    *(spec for spec in HISTORY_SPECS if spec.kind != "sweep"),
    *(spec for spec in FLOW_SPECS if spec.name in ("pause", "stop")),
)
"""The commands that a rule may give."""

MAX_COMMANDS: Final = 16
"""Maximum number of commands of a rule."""


class AddRule(Command, frozen=True, tag="when"):
    """Give commands when a condition comes true; a run has one rule for each condition.

    Attributes
    ----------
    condition : as that of a breakpoint
    commands : their texts, in order; at most `MAX_COMMANDS`
    times : how often the rule is used at most, in the whole run
    """

    condition: AddBreakpoint
    commands: tuple[str, ...]
    times: int = 1

    @property
    def key(self) -> AddRule:
        """The rule without its number of times: the key under which its uses are counted."""
        return AddRule(self.condition, self.commands)

    def actions(self) -> tuple[Command, ...]:
        """Return the commands, in order."""
        return tuple(read_command(RULE_SPECS, text) for text in self.commands)

    def __post_init__(self) -> None:
        _check_condition(self.condition)
        texts = checks.several("when", "commands", self.commands)
        if len(texts) > MAX_COMMANDS:
            raise usage_error(
                "when", f"takes at most {MAX_COMMANDS} commands, but was given {len(texts)}"
            )
        self._take(
            commands=tuple(map(_canonical, texts)),
            times=checks.count("when", self.times, what="number of times"),
        )


class RemoveRule(Command, frozen=True, tag="when-off"):
    """Remove the rule of a condition, or with None all rules; their uses stay counted."""

    condition: AddBreakpoint | None = None

    def __post_init__(self) -> None:
        if cast(object, self.condition) is not None:
            _check_condition(self.condition)


def rule_title(condition: AddBreakpoint) -> str:
    """Return how messages call the rule of a condition: ``when loss > x3``."""
    return f"when {condition_text(condition)}"


def _check_condition(condition: Any) -> None:
    if not isinstance(condition, AddBreakpoint):
        raise usage_error("when", f"takes a condition, but was given {checks.shown(condition)}")


def _canonical(text: Any) -> str:
    """Return the text of a command that a rule may give, in its shortest form."""
    if not isinstance(text, str) or ";" in text:
        raise usage_error(
            "when", f"takes the texts of commands, but was given {checks.shown(text)}"
        )
    first, *_ = text.split() or [""]
    checks.one_of("when", "command", first, tuple(spec.name for spec in RULE_SPECS))
    return write_command(RULE_SPECS, read_command(RULE_SPECS, text))
