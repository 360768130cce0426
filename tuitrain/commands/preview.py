"""The command that previews another one, which it holds as text."""

from __future__ import annotations

from typing import Any, Final

from . import checks
from .break_spec import BREAK_SPEC
from .breakpoints import RemoveBreakpoint
from .command import Command
from .command_spec import read_command, write_command
from .group_specs import GROUP_SPECS
from .rule_spec import RULE_SPEC
from .rules import RemoveRule
from .usage import usage_error

_SPECS: Final = (*GROUP_SPECS, BREAK_SPEC, RULE_SPEC)
"""The commands that can be previewed."""


class Preview(Command, frozen=True, tag="preview"):
    """Say how far the next update would move each group after a command, and change nothing.

    For a breakpoint or a rule, say whether it would pause the run or act now.

    Attributes
    ----------
    command : the text of the command to preview, which is one that changes groups, or one that
        sets a breakpoint or a rule
    """

    command: str

    def __post_init__(self) -> None:
        self._take(command=_canonical(self.command))


def _canonical(text: Any) -> str:
    if not isinstance(text, str):
        raise usage_error("preview", f"takes a command's text, but was given {checks.shown(text)}")
    first, *_ = text.split() or [""]
    checks.one_of("preview", "command", first, tuple(spec.name for spec in _SPECS))
    command = read_command(_SPECS, text)
    if isinstance(command, RemoveBreakpoint | RemoveRule):
        raise usage_error(
            "preview", f"takes a condition to set, but was given {checks.shown(text)}"
        )
    return write_command(_SPECS, command)
