"""How each command is written, for errors: filled in by the declarations of the commands.

This is the lowest module of the package, because every check of a value repeats the usage.
"""

from __future__ import annotations

from tuitrain.errors import CommandError

_USAGE: dict[str, str] = {}


def declare_usage(name: str, usage: str) -> None:
    """Keep how a command is written, under its first word."""
    _USAGE[name] = usage


def usage_of(name: str) -> str:
    """Return how a command is written, in one line."""
    return _USAGE[name]


def usage_error(name: str, problem: str) -> CommandError:
    """Return the error for a command that is used wrongly.

    Parameters
    ----------
    name : the command's first word
    problem : what is wrong, as the rest of a sentence that begins with the name
    """
    return CommandError(f"{name} {problem} (write: {usage_of(name)})")
