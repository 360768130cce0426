"""Reading the words of a command, each with an error that says what is allowed."""

from __future__ import annotations

import math
import re
from typing import Literal, cast

from tuitrain.errors import CommandError, listed, nearest

from .types import Setting
from .vocabulary import verb

_TARGET = re.compile(r"[\w.*?\[\]!-]+")
NAME = re.compile(r"[A-Za-z_][\w.-]*")


def exactly(name: str, words: list[str], count: int) -> list[str]:
    """Check that so many words follow the verb."""
    if len(words) != count:
        raise misused(name, f"was given {' '.join(words)!r}" if words else "was given nothing")
    return words


def target(name: str, word: str) -> str:
    """Read a group's name or a glob."""
    if not _TARGET.fullmatch(word):
        raise misused(name, f"takes a group's name or a glob, but was given {word!r}")
    return word


def one_of(name: str, what: str, word: str, allowed: tuple[str, ...]) -> str:
    """Read one of the allowed words."""
    if word not in allowed:
        hint = nearest(word, allowed)
        raise misused(name, f"takes {listed(allowed)} as its {what}, but was given {word!r}{hint}")
    return word


def unit(name: str, word: str) -> Literal["epochs", "steps"]:
    """Read a unit, in the singular or the plural."""
    plural = {"epoch": "epochs", "step": "steps"}.get(word, word)
    return cast(Literal["epochs", "steps"], one_of(name, "unit", plural, ("epochs", "steps")))


def count(name: str, word: str) -> int:
    """Read a whole number from 1 up."""
    if not re.fullmatch(r"[0-9]{1,12}", word) or int(word) < 1:
        raise misused(name, f"takes a whole number from 1 up, but was given {word!r}")
    return int(word)


def number(name: str, what: str, word: str) -> float:
    """Read a finite number."""
    try:
        value = float(word)
    except ValueError:
        raise misused(name, f"takes a number as its {what}, but was given {word!r}") from None
    if not math.isfinite(value):
        raise misused(name, f"takes a finite {what}, but was given {word!r}")
    return value


def not_negative(name: str, what: str, word: str) -> float:
    """Read a finite number of 0 or more."""
    value = number(name, what, word)
    if value < 0:
        raise misused(name, f"takes a {what} of 0 or more, but was given {word!r}")
    return value + 0.0  # -0.0 becomes 0.0, so that what is printed reads back to the same bits


def setting(key: str, word: str) -> Setting:
    """Read a hyper-parameter's value."""
    if word in ("true", "false"):
        return word == "true"
    parts = word.split(",")
    if len(parts) > 2:
        raise misused("optimizer", f"takes one or two numbers for {key}, but was given {word!r}")
    numbers = [number("optimizer", key, part) + 0.0 for part in parts]
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])


def misused(name: str, problem: str) -> CommandError:
    """Return the error of a verb that was written wrongly."""
    known = verb(name)
    assert known is not None
    return CommandError(f"{name} {problem} (write: {known.usage})")
