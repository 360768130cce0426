"""The rows of a log: numbers, texts and histograms at steps, the same for every format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

LOSS: Final = "loss"
"""The name of the loss of a step."""

LR, GRAD_NORM, UPDATE_RATIO = "lr", "grad_norm", "update_ratio"
"""The names of a group's values: the learning rate of the next step, the norm of its gradient, and
|Δw|/|w|."""

COMMAND, BRANCH = "command", "branch"
"""The names of texts: a command with its outcome, and where a branch begins."""

PARAMETER, GRADIENT = "parameter", "gradient"
"""The names of histograms: of the values of a parameter, and of its gradient."""

BINS: Final = 64
"""Bins of a histogram, of equal width between the smallest and the largest finite value."""


class Scalar(NamedTuple):
    """A number. ``group`` is the parameter group that it belongs to, or ""."""

    step: int
    name: str
    group: str
    value: float


class Text(NamedTuple):
    """A text of one line or several."""

    step: int
    name: str
    text: str


class Histogram(NamedTuple):
    """The number of finite values of an array in each bin.

    Attributes
    ----------
    name : `PARAMETER` or `GRADIENT`
    parameter : the parameter's name
    edges : of the bins, one more than there are bins
    counts : of the values in each bin
    """

    step: int
    name: str
    parameter: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]


Row: TypeAlias = Scalar | Text | Histogram


@dataclass(frozen=True, slots=True)
class BranchStart:
    """A new branch of a run.

    Attributes
    ----------
    name : ``main``, ``b1``, …
    parent : the branch up to whose step ``fork`` it is the same; "" for the first
    """

    name: str
    parent: str = ""
    fork: int = 0


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What formats with a place for it say of a run.

    Attributes
    ----------
    name : of the scenario or the script
    label : tells runs of one name apart: the name of the record's folder
    key : tells all runs apart; the same for each log of a run
    scenario : as the record's header has it
    """

    name: str
    label: str
    key: str = ""
    scenario: Mapping[str, Any] = field(default_factory=dict[str, Any])


class RowWriter(Protocol):
    """Writes the rows of one run in a format.

    Rows of a branch come with ascending steps, apart from those of one step. A new branch is
    followed by the rows that it shares with its parent, so each branch is whole by itself.
    """

    def begin(self, branch: BranchStart) -> None:
        """Begin a branch.

        Raises
        ------
        OSError : it cannot be written
        """
        ...

    def write(self, branch: str, row: Row, time: float) -> None:
        """Write a row of a branch that was begun.

        Parameters
        ----------
        time : seconds since 1970, for formats that have a time

        Raises
        ------
        OSError : it cannot be written
        """
        ...

    def flush(self) -> None:
        """Hand all rows to the system, so that readers see them.

        Raises
        ------
        OSError : they cannot be written
        """
        ...

    def close(self) -> None:
        """Write what is left, and close the files.

        Raises
        ------
        OSError : it cannot be written
        """
        ...


def make_histogram(step: int, name: str, parameter: str, values: NDArray[Any]) -> Histogram | None:
    """Return the histogram of an array's finite values; None if there is none."""
    numbers = np.asarray(values, np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return None
    counts, edges = np.histogram(numbers, BINS)
    return Histogram(step, name, parameter, tuple(edges.tolist()), tuple(counts.tolist()))
