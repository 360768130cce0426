"""Readers of single words, each with an error that says what is allowed.

A reader takes the command's name and the word. It only reads: the commands themselves check which
values are allowed. Errors show the word as it was written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from .checks import MAX_COUNT, one_of, shown
from .command import Setting, number_text
from .usage import usage_error


def any_word(name: str, word: str) -> str:
    """Read a word as it is."""
    del name
    return word


def unit(name: str, word: str) -> str:
    """Read a unit of time, in the singular or the plural, as the plural."""
    plural = {"epoch": "epochs", "step": "steps"}.get(word, word)
    one_of(name, "unit", plural, ("epochs", "steps"))
    return plural


def count(minimum: int = 1) -> Callable[[str, str], int]:
    """Return a reader of whole numbers from ``minimum`` up."""

    def read(name: str, word: str) -> int:
        if re.fullmatch(r"[0-9]{13,}", word):
            raise usage_error(name, f"takes a number up to {MAX_COUNT}, but was given {word!r:.60}")
        if not re.fullmatch(r"[0-9]{1,12}", word) or int(word) < minimum:
            raise usage_error(
                name, f"takes a whole number from {minimum} up, but was given {shown(word)}"
            )
        return int(word)

    return read


def counts(name: str, word: str) -> tuple[int, ...]:
    """Read whole numbers from 1 up, with commas between them."""
    return tuple(count()(name, number) for number in word.split(","))


def non_negative(what: str) -> Callable[[str, str], float]:
    """Return a reader of finite numbers of 0 or more; errors call them ``what``."""

    def read(name: str, word: str) -> float:
        value = _number(name, what, word)
        if value < 0:
            raise usage_error(name, f"takes a {what} of 0 or more, but was given {shown(word)}")
        return value + 0.0  # -0.0 becomes 0.0, so that the printed text reads back to the same bits

    return read


def number(what: str) -> Callable[[str, str], float]:
    """Return a reader of finite numbers; errors call them ``what``."""
    return lambda name, word: _number(name, what, word) + 0.0


def candidate(word: Any) -> str:
    """Read one learning rate to try (``0.01``, ``x0.1``), and write it in its shortest form."""
    if not isinstance(word, str):
        raise usage_error("try", f"takes learning rates as text, but was given {shown(word)}")
    scales = word.startswith("x")
    shortest = number_text(non_negative("learning rate")("try", word[scales:]))
    return f"x{shortest}" if scales else shortest


def setting(key: str, word: str) -> Setting:
    """Read a hyper-parameter's value: ``true``, ``false``, a number, or two with a comma."""
    if word in ("true", "false"):
        return word == "true"
    parts = word.split(",")
    if len(parts) > 2:
        raise usage_error(
            "optimizer", f"takes one or two numbers for {key}, but was given {shown(word)}"
        )
    numbers = [_number("optimizer", key, part) + 0.0 for part in parts]
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])


def _number(name: str, what: str, word: str) -> float:
    """Read a finite number, in ASCII digits without underscores."""
    try:
        value = float(word if word.isascii() and "_" not in word else "")
    except ValueError:
        raise usage_error(
            name, f"takes a number as its {what}, but was given {shown(word)}"
        ) from None
    if not math.isfinite(value):
        raise usage_error(name, f"takes a finite {what}, but was given {shown(word)}")
    return value
