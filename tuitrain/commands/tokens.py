"""Reading the words of a command, each with an error that says what is allowed.

What a value may be is checked by the commands themselves; here it is only read, so that errors show
what was written.
"""

from __future__ import annotations

import math
import re
from typing import Any, Literal, cast

from .checks import one_of, shown, usage_error
from .command import Setting, number_text


def exactly(name: str, words: list[str], count: int) -> list[str]:
    """Check that so many words follow the verb."""
    if len(words) != count:
        raise usage_error(name, f"was given {' '.join(words)!r}" if words else "was given nothing")
    return words


def unit(name: str, word: str) -> Literal["epochs", "steps"]:
    """Read a unit, in the singular or the plural."""
    plural = {"epoch": "epochs", "step": "steps"}.get(word, word)
    one_of(name, "unit", plural, ("epochs", "steps"))
    return cast(Literal["epochs", "steps"], plural)


def count(name: str, word: str, minimum: int = 1) -> int:
    """Read a whole number from ``least`` up."""
    if not re.fullmatch(r"[0-9]{1,12}", word) or int(word) < minimum:
        raise usage_error(name, f"takes a whole number from {minimum} up, but was given {word!r}")
    return int(word)


def number(name: str, what: str, word: str) -> float:
    """Read a finite number."""
    try:
        value = float(word if word.isascii() and "_" not in word else "")  # Python reads more
    except ValueError:
        raise usage_error(name, f"takes a number as its {what}, but was given {word!r}") from None
    if not math.isfinite(value):
        raise usage_error(name, f"takes a finite {what}, but was given {word!r}")
    return value


def not_negative(name: str, what: str, word: str) -> float:
    """Read a finite number of 0 or more."""
    value = number(name, what, word)
    if value < 0:
        raise usage_error(name, f"takes a {what} of 0 or more, but was given {word!r}")
    return value + 0.0  # -0.0 becomes 0.0, so that what is printed reads back to the same bits


def candidate(word: Any) -> str:
    """Read one learning rate to try (``0.01``, ``x0.1``), and write it in its shortest form."""
    if not isinstance(word, str):
        raise usage_error("try", f"takes learning rates as text, but was given {shown(word)}")
    scales = word.startswith("x")
    shortest = number_text(not_negative("try", "learning rate", word[scales:]))
    return f"x{shortest}" if scales else shortest


def setting(key: str, word: str) -> Setting:
    """Read a hyper-parameter's value."""
    if word in ("true", "false"):
        return word == "true"
    parts = word.split(",")
    if len(parts) > 2:
        raise usage_error(
            "optimizer", f"takes one or two numbers for {key}, but was given {word!r}"
        )
    numbers = [number("optimizer", key, part) + 0.0 for part in parts]
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])
