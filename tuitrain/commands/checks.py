"""What the values of a command may be: checked when it is made, whoever makes it.

A command that exists can be printed, and what is printed reads back to an equal one. So a value
that text could not have said is refused here, in the same words, before anything happens.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from tuitrain.errors import CommandError, did_you_mean, join_or

from .vocabulary import find_spec

MAX_COUNT = 999_999_999_999
"""The largest count that a command takes."""

AUTO_CHECKPOINT = "auto"
"""The name of the checkpoint that a run keeps by itself."""

_TARGET = re.compile(r"[\w.*?\[\]!-]+")
_NAME = re.compile(r"[^\W\d][\w.-]*")
_CHECKPOINT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_NOT_SETTINGS = ("state", "ramp")
_PLAIN = (bool, int, float, str, tuple, list, dict, type(None))
"""What can be asked whether it is empty; an array, for one, cannot."""

_LONGEST = 80
"""Characters of a value that an error repeats."""


def shown(value: Any) -> str:
    """Return a value as an error shows it: short, and whatever it is."""
    try:
        text = repr(value)
    except Exception:  # a number of thousands of digits, or an object of the caller's own
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def usage_error(name: str, problem: str) -> CommandError:
    """Return the error of a verb that was used wrongly."""
    known = find_spec(name)
    assert known is not None
    return CommandError(f"{name} {problem} (write: {known.usage})")


def target(name: str, value: Any) -> None:
    """Check a group's name or a glob."""
    if not isinstance(value, str) or not _TARGET.fullmatch(_without_marks(value)):
        raise usage_error(name, f"takes a group's name or a glob, but was given {shown(value)}")


def is_name(value: Any) -> bool:
    """Whether this can be the name of a group: a command can be given to it."""
    return isinstance(value, str) and bool(_NAME.fullmatch(_without_marks(value)))


def _without_marks(text: str) -> str:
    r"""Return a text without the accents and vowel signs that belong to a letter before them.

    Many scripts write with them, and so does decomposed text (NFD) in any; ``\w`` knows none.
    """
    if text.isascii():
        return text
    first, rest = text[:1], text[1:]
    return first + "".join(each for each in rest if not unicodedata.category(each).startswith("M"))


def word(name: str, what: str, value: Any) -> None:
    """Check a name: of a new group, a branch, an optimizer, a setting."""
    if not is_name(value):
        raise usage_error(
            name, f"takes {what} of letters, digits, '_', '.' and '-', but was given {shown(value)}"
        )


def checkpoint(name: str, value: Any) -> None:
    """Check a checkpoint's name, which is one for a file on any system too."""
    if not isinstance(value, str) or not _CHECKPOINT.fullmatch(value):
        raise usage_error(
            name,
            "takes a name of at most 64 characters, of A to Z, a to z, digits, '_', '.' and '-', "
            f"that begins with a letter or '_', but was given {shown(value)}",
        )
    if value == AUTO_CHECKPOINT:
        raise usage_error(
            name, f"cannot take {AUTO_CHECKPOINT!r}: that is the one which the run keeps by itself"
        )


def one_of(name: str, what: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Check one of the allowed words."""
    if not isinstance(value, str) or value not in allowed:
        hint = did_you_mean(value, allowed) if isinstance(value, str) else ""
        raise usage_error(
            name, f"takes {join_or(allowed)} as its {what}, but was given {shown(value)}{hint}"
        )


def count(name: str, value: Any, minimum: int = 1, what: str = "") -> int:
    """Return a whole number from ``least`` up."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not (whole and minimum <= int(value) <= MAX_COUNT):
        named = f" as its {what}" if what else ""
        raise usage_error(
            name, f"takes a whole number from {minimum} up{named}, but was given {shown(value)}"
        )
    return int(value)


def number(name: str, what: str, value: Any) -> float:
    """Return a finite number."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise usage_error(name, f"takes a number as its {what}, but was given {shown(value)}")
    finite = _as_float(value)
    if not math.isfinite(finite):
        raise usage_error(name, f"takes a finite {what}, but was given {shown(value)}")
    return finite + 0.0  # -0.0 becomes 0.0: what is printed reads back to the same bits


def not_negative(name: str, what: str, value: Any) -> float:
    """Return a finite number of 0 or more."""
    finite = number(name, what, value)
    if finite < 0:
        raise usage_error(name, f"takes a {what} of 0 or more, but was given {shown(value)}")
    return finite


def setting(key: Any, value: Any) -> Any:
    """Return a hyper-parameter's value: yes or no, a number, or a pair of them."""
    word("optimizer", "names of settings", key)
    if key in _NOT_SETTINGS:
        raise usage_error("optimizer", f"has {key} beside its settings, and not among them")
    if isinstance(value, bool):
        return value
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise usage_error(
                "optimizer", f"takes one or two numbers for {key}, but was given {shown(value)}"
            )
        return tuple(number("optimizer", key, part) for part in value)
    return number("optimizer", key, value)


def settings(value: Any) -> dict[str, Any]:
    """Return hyper-parameters by name, as a dictionary of their own."""
    if not isinstance(value, Mapping):
        raise usage_error("optimizer", f"takes its settings by name, but was given {shown(value)}")
    return {key: setting(key, each) for key, each in value.items()}


def several(name: str, what: str, value: Any) -> tuple[Any, ...]:
    """Return a sequence that is not empty, and not a text that was meant as its only element."""
    if not isinstance(value, tuple | list) or not value:
        raise usage_error(name, f"takes one or more {what}, but was given {shown(value)}")
    return tuple(value)


def unused(name: str, kind: str, **values: Any) -> None:
    """Check that nothing was given that this kind of command has no use for."""
    for key, value in values.items():
        if not isinstance(value, _PLAIN) or value:
            raise usage_error(
                name, f"has no use for {key} with {kind}, but was given {shown(value)}"
            )


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except (OverflowError, ValueError, TypeError):  # too large, or no number after all
        return math.inf
