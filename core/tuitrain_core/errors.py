"""The errors of the core, under one base class: a caller catches any mistake of a user as one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class CoreError(ValueError):
    """A mistake in what was asked of the core: a shape, a name, a hyper-parameter, a data file."""


class ShapeError(CoreError):
    """Arrays whose shapes do not fit together."""


class StateError(CoreError):
    """A state dictionary that does not fit the module or optimizer it was given to."""


class DataError(CoreError):
    """A data file that cannot be read, or does not hold what it should."""


def describe_unknown(given: Any, known: Iterable[str]) -> str:
    """Say that a name is unknown, which ones are known, and which one may have been meant."""
    names = list(known)
    text = f"{given!r} is unknown; known are {', '.join(names)}"
    near = difflib.get_close_matches(str(given), names, n=1)
    return f"{text}; did you mean {near[0]!r}?" if near else text
