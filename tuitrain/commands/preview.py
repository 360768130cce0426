"""The command that previews another one, which it holds as text."""

from __future__ import annotations

from typing import Any

from . import checks
from .command import Command
from .command_spec import read_command, write_command
from .group_specs import GROUP_SPECS
from .usage import usage_error


class Preview(Command, frozen=True, tag="preview"):
    """Say how far the next update would move each group after a command, and change nothing.

    Attributes
    ----------
    command : the text of the command to preview, which is one that changes groups
    """

    command: str

    def __post_init__(self) -> None:
        self._take(command=_canonical(self.command))


def _canonical(text: Any) -> str:
    if not isinstance(text, str):
        raise usage_error("preview", f"takes a command's text, but was given {checks.shown(text)}")
    first, *_ = text.split() or [""]
    checks.one_of("preview", "command", first, tuple(spec.name for spec in GROUP_SPECS))
    return write_command(GROUP_SPECS, read_command(GROUP_SPECS, text))
