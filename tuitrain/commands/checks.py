"""Checks of a command's values, made when the command is made.

Every command can be printed, and its text reads back to an equal command. So the checks refuse
values that text cannot express, with the same messages as the parser.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any, cast

from tuitrain.errors import did_you_mean, join_or

from .usage import usage_error

MAX_COUNT = 999_999_999_999
"""The largest count that a command takes."""

AUTO_CHECKPOINT = "auto"
"""The name of the checkpoint that a run makes automatically."""

_TARGET = re.compile(r"[\w.*?\[\]!-]+")
_NAME = re.compile(r"[^\W\d][\w.-]*")
_CHECKPOINT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_NOT_SETTINGS = ("state", "ramp")
_PLAIN = (bool, int, float, str, tuple, list, dict, type(None))
"""Types whose values have a truth value; an array, for example, has none."""

_LONGEST = 80
"""Characters of a value that an error repeats."""


def shown(value: Any) -> str:
    """Return the text of any value for an error message, shortened."""
    try:
        text = repr(value)
    except Exception:  # a number with thousands of digits, or an object with a broken __repr__
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def target(name: str, value: Any) -> None:
    """Check a group's name or a glob."""
    if not isinstance(value, str) or not _TARGET.fullmatch(_without_marks(value)):
        raise usage_error(name, f"takes a group's name or a glob, but was given {shown(value)}")


def is_name(value: Any) -> bool:
    """Whether a value can be the name of a group."""
    return isinstance(value, str) and bool(_NAME.fullmatch(_without_marks(value)))


def _without_marks(text: str) -> str:
    r"""Return a string without combining marks after letters, which ``\w`` does not match.

    Many scripts use them, and so does decomposed text (NFD) in any script.
    """
    if text.isascii():
        return text
    first, rest = text[:1], text[1:]
    return first + "".join(char for char in rest if not unicodedata.category(char).startswith("M"))


def word(name: str, what: str, value: Any) -> None:
    """Check the name of a new group, a branch, an optimizer or a setting."""
    if not is_name(value):
        raise usage_error(
            name, f"takes {what} of letters, digits, '_', '.' and '-', but was given {shown(value)}"
        )


def checkpoint(name: str, value: Any) -> None:
    """Check a checkpoint's name, which is also a file's name on any system."""
    if not isinstance(value, str) or not _CHECKPOINT.fullmatch(value):
        raise usage_error(
            name,
            "takes a name of at most 64 characters, of A to Z, a to z, digits, '_', '.' and '-', "
            f"that begins with a letter or '_', but was given {shown(value)}",
        )
    if value == AUTO_CHECKPOINT:
        raise usage_error(
            name,
            f"cannot take {AUTO_CHECKPOINT!r}: the run uses this name for its automatic checkpoint",
        )


def one_of(name: str, what: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Check that a value is one of the allowed words."""
    if not isinstance(value, str) or value not in allowed:
        hint = did_you_mean(value, allowed) if isinstance(value, str) else ""
        raise usage_error(
            name, f"takes {join_or(allowed)} as its {what}, but was given {shown(value)}{hint}"
        )


def count(name: str, value: Any, minimum: int = 1, what: str = "") -> int:
    """Return a whole number from ``minimum`` up."""
    whole = isinstance(value, Integral) and not _is_bool(value)
    if not (whole and minimum <= int(value) <= MAX_COUNT):
        purpose = f" as its {what}" if what else ""
        raise usage_error(
            name, f"takes a whole number from {minimum} up{purpose}, but was given {shown(value)}"
        )
    return int(value)


def number(name: str, what: str, value: Any) -> float:
    """Return a finite number."""
    if not isinstance(value, Real) or _is_bool(value):
        raise usage_error(name, f"takes a number as its {what}, but was given {shown(value)}")
    finite = _as_float(value)
    if not math.isfinite(finite):
        raise usage_error(name, f"takes a finite {what}, but was given {shown(value)}")
    return finite + 0.0  # -0.0 becomes 0.0: what is printed reads back to the same bits


def non_negative(name: str, what: str, value: Any) -> float:
    """Return a finite number of 0 or more."""
    finite = number(name, what, value)
    if finite < 0:
        raise usage_error(name, f"takes a {what} of 0 or more, but was given {shown(value)}")
    return finite


def setting(key: Any, value: Any) -> Any:
    """Return a hyper-parameter's value: a boolean, a number, or a pair of numbers."""
    word("optimizer", "names of settings", key)
    if key in _NOT_SETTINGS:
        raise usage_error("optimizer", f"takes {key} as an argument, not as a setting")
    if isinstance(value, bool):
        return value
    if isinstance(value, tuple | list):
        pair = cast("Sequence[Any]", value)
        if len(pair) != 2:
            raise usage_error(
                "optimizer", f"takes one or two numbers for {key}, but was given {shown(value)}"
            )
        return tuple(number("optimizer", key, part) for part in pair)
    return number("optimizer", key, value)


def settings(value: Any) -> dict[str, Any]:
    """Return hyper-parameters by name, as a new dictionary."""
    if not isinstance(value, Mapping):
        raise usage_error("optimizer", f"takes its settings by name, but was given {shown(value)}")
    items = cast("Mapping[Any, Any]", value)
    return {key: setting(key, item) for key, item in items.items()}


def several(name: str, what: str, value: Any) -> tuple[Any, ...]:
    """Return a non-empty sequence as a tuple; a string is refused, not split into characters."""
    if not isinstance(value, tuple | list) or not value:
        raise usage_error(name, f"takes one or more {what}, but was given {shown(value)}")
    return tuple(cast("Sequence[Any]", value))


def unused(name: str, kind: str, **values: Any) -> None:
    """Check that fields which this kind of command does not use are empty."""
    for key, value in values.items():
        if not isinstance(value, _PLAIN) or value:
            raise usage_error(
                name, f"does not take {key} with {kind}, but was given {shown(value)}"
            )


def _is_bool(value: object) -> bool:
    """Whether a value is a boolean: Python counts it among the numbers, type checkers do not."""
    return isinstance(value, bool)


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except (OverflowError, ValueError, TypeError):  # too large, or no number after all
        return math.inf
