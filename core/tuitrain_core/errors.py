"""Errors of the core. All derive from `CoreError`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class CoreError(ValueError):
    """An invalid argument: a shape, a name, a hyper-parameter, a data file."""


class ShapeError(CoreError, RuntimeError):
    """Shapes that do not fit together."""


class RecordingError(CoreError, RuntimeError):
    """A backward pass without its forward pass."""


class IndexRangeError(CoreError, IndexError):
    """An index that does not fit a tensor."""


class UnknownTypeError(CoreError, TypeError):
    """An argument of a type that is not allowed."""


class StateError(CoreError):
    """A state dictionary that does not fit the module or optimizer."""


class StateKeyError(StateError, KeyError):
    """A state dictionary whose names are not those of the module."""

    def __str__(self) -> str:
        return str(self.args[0])


class DataError(CoreError):
    """A data file that cannot be read, or whose content is invalid."""


def describe_unknown(name: Any, known: Iterable[str]) -> str:
    """Return "NAME is unknown", with the known names and the nearest match."""
    names = list(known)
    text = f"{name!r} is unknown; known are {', '.join(names)}"
    near = difflib.get_close_matches(str(name), names, n=1)
    return f"{text}; did you mean {near[0]!r}?" if near else text
