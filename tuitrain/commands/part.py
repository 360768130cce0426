"""The parts of a command's text: each reads words into fields, prints and suggests them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Protocol, TypeAlias

Fields: TypeAlias = dict[str, Any]
"""The values of a command's fields, by name."""


class Names(Enum):
    """Words that only a run knows, and that may complete a command."""

    GROUPS = "the names of groups"
    TARGETS = "the names of groups, or a glob"
    PARAMETER_TARGETS = "the names of groups and of parameters, or a glob"
    PARAMETERS = "the names of parameters"
    OPTIMIZERS = "the names of optimizers"
    SETTINGS = "the settings of the optimizer that the line names"
    PAST = "checkpoints and steps to go back to"
    BRANCHES = "the names of branches"
    METRICS = "the names of the metrics that are measured"


Suggestions: TypeAlias = tuple[str, ...] | Names


class MismatchError(Exception):
    """A word does not fit a form; another form may fit.

    Attributes
    ----------
    place : the index of the word
    expected : the fixed word that the form has there, if it has one
    """

    def __init__(self, place: int, expected: str = "") -> None:
        super().__init__(place, expected)
        self.place = place
        self.expected = expected


class Part(Protocol):
    """A piece of a form."""

    def read(self, name: str, words: Sequence[str], start: int, fields: Fields) -> int:
        """Read words from ``start`` into fields; return the index after the last one read.

        Raises
        ------
        MismatchError : the word at ``start`` is missing, or is of another form
        CommandError : it belongs here, and its value is not allowed
        """
        ...

    def write(self, fields: Mapping[str, Any]) -> str | None:
        """Print the part: "" where it can be left out, None if it cannot hold the value."""
        ...

    def suggest(self) -> Suggestions:
        """Return words that may be written here."""
        ...

    @property
    def usage(self) -> str:
        """How usage shows the part, such as ``TARGET``."""
        ...
