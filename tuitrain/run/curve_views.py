"""Immutable views of the curves of a run, its groups, its branches and tried learning rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tuitrain.engines.views import LrSpan

from .batches import EQUAL_BATCHES, Batches


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A curve: values at ascending steps, as two read-only arrays of one length.

    The step of a value is the number of steps taken by then: the loss of the first step is at 1.
    """

    steps: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    values: NDArray[np.float64] = field(default_factory=lambda: np.empty(0, np.float64))

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def last(self) -> float | None:
        """The last value, or None."""
        return float(self.values[-1]) if len(self) else None

    @property
    def lows(self) -> NDArray[np.float64]:
        """The lowest value of those that each point summarizes."""
        return self.values

    @property
    def highs(self) -> NDArray[np.float64]:
        """The highest value of those that each point summarizes."""
        return self.values

    @property
    def counts(self) -> NDArray[np.int64]:
        """The number of finite values that each point summarizes."""
        return np.isfinite(self.values).astype(np.int64)

    def part(self, places: slice) -> Series:
        """Return a part of the points."""
        return Series(self.steps[places], self.values[places])

    def mapped(self, function: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Series:
        """Return the curve with an ascending function of its values."""
        return Series(self.steps, function(self.values))


@dataclass(frozen=True, slots=True, eq=False)
class GroupHistory:
    """The metrics of one group, a few hundred points of each. The values are those of `GroupView`.

    Attributes
    ----------
    lr : the learning rate of the step that follows, at steps between which it is linear
    grad_norm, update_ratio : at the steps of snapshots
    lr_spans : from which the learning rate of every step follows; empty if that is not known
    """

    name: str
    lr: Series = field(default_factory=Series)
    grad_norm: Series = field(default_factory=Series)
    update_ratio: Series = field(default_factory=Series)
    lr_spans: tuple[LrSpan, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class BranchView:
    """A branch that the run has left and can return to.

    Attributes
    ----------
    fork : the last step that it shares with its parent
    tip : the step at which the run left it
    metrics : the measured metrics of the test set, by name
    parent : the branch that it was made from; "" for the first
    """

    name: str
    fork: int
    tip: int
    loss: Series
    metrics: Mapping[str, Series]
    parent: str = ""


@dataclass(frozen=True, slots=True)
class LrCandidate:
    """One learning rate of a sweep.

    Attributes
    ----------
    value : as in the command: ``0.01``, ``x0.1``
    branch : the branch that was trained with it
    is_unchanged : whether it changed nothing, so that the branch equals the unchanged run
    """

    value: str
    branch: str
    is_unchanged: bool


@dataclass(frozen=True, slots=True)
class LrSweep:
    """Learning rates tried from one boundary.

    Attributes
    ----------
    step : the step from which they were tried
    steps : the number of steps that each was tried for
    lr : the learning rate that factors scale; NaN where the target's groups differ
    batches : the weights of the steps in a mean loss (default: equal weights)
    """

    target: str
    step: int
    steps: int
    lr: float
    candidates: tuple[LrCandidate, ...]
    batches: Batches = EQUAL_BATCHES


@dataclass(frozen=True, slots=True)
class UpdatePreview:
    """The size of the next update after a command that is not applied yet.

    Attributes
    ----------
    command : its text form
    ratios : for each group before or after the command, its name, the present |Δw|/|w| and the one
        after the command; NaN where the group does not exist or has no update
    problem : why the command would be refused, or ""
    effect : for a breakpoint or a rule, whether it would pause the run or act now; else ""
    is_possible : whether the engine can preview; if it cannot, ``problem`` says why, and the
        command may still be applied
    """

    command: str
    ratios: tuple[tuple[str, float, float], ...] = ()
    problem: str = ""
    effect: str = ""
    is_possible: bool = True
