"""Errors of the core. All derive from `CoreError`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class CoreError(ValueError):
    """An invalid argument: a shape, a name, a hyper-parameter, a data file."""


class ShapeError(CoreError):
    """Shapes that do not fit together."""


class StateError(CoreError):
    """A state dictionary that does not fit the module or optimizer."""


class DataError(CoreError):
    """A data file that cannot be read, or whose content is invalid."""


def describe_unknown(name: Any, known: Iterable[str]) -> str:
    """Return "NAME is unknown", with the known names and the nearest match."""
    names = list(known)
    text = f"{name!r} is unknown; known are {', '.join(names)}"
    near = difflib.get_close_matches(str(name), names, n=1)
    return f"{text}; did you mean {near[0]!r}?" if near else text
