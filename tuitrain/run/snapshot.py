"""What a face is shown: one immutable value that everything on the screen derives from.

A live run, a recorded run and a test's fake all give the same value, so they are drawn by the same
code. Arrays in it are read-only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tuitrain.engines.closeups import Seen
from tuitrain.engines.views import (
    ArrayStatistics,
    GroupView,
    OptimizerChoice,
    ParameterRow,
    ParameterView,
)

from .batches import EQUAL_BATCHES, Batches
from .logs.log_capture import LogLine, LogSnapshot

__all__ = [
    "Actor",
    "ArrayStatistics",
    "BranchView",
    "LrCandidate",
    "EndReason",
    "GroupHistory",
    "GroupView",
    "Intervention",
    "JournalEntry",
    "LogLine",
    "OptimizerChoice",
    "Outcome",
    "ParameterRow",
    "ParameterView",
    "Phase",
    "LogSnapshot",
    "Series",
    "Snapshot",
    "RunInfo",
    "LrSweep",
    "UpdatePreview",
]

Actor: TypeAlias = Literal["key", "command", "palette", "scenario", "api", "breakpoint"]
"""Who asked: a key or its dialog, the ``:`` line, the palette, a scenario entry, a Python call, or
a breakpoint that was reached."""

Outcome: TypeAlias = Literal["applied", "unchanged", "refused", "met", "not met"]
"""What became of a command, or whether an expectation of the scenario was met."""

EndReason: TypeAlias = Literal["finished", "stopped", "left", "interrupted", "failed"]
"""Why a run ends: its last step is taken, a ``stop``, its app was closed, a signal, an error."""


class Phase(Enum):
    """What the run is doing."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    RECORDED = "recorded"
    PLAYED = "played"

    @property
    def ended(self) -> bool:
        """Whether no further step can be taken."""
        return self in (Phase.FINISHED, Phase.STOPPED, Phase.FAILED) or self.is_record

    @property
    def is_record(self) -> bool:
        """Whether this is no run but the record of one: a moment of it, or played on from there."""
        return self in (Phase.RECORDED, Phase.PLAYED)


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What is being trained: fixed for the life of a run."""

    name: str
    model: str
    data: str
    seed: int
    batch_size: int
    steps_per_epoch: int
    total_steps: int


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A curve: values at steps, both read-only and of one length; steps ascend.

    A value belongs to the number of steps taken when it was known: the loss of the first step
    stands at 1.
    """

    steps: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    values: NDArray[np.float64] = field(default_factory=lambda: np.empty(0, np.float64))

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True, slots=True, eq=False)
class GroupHistory:
    """The course of one group: at the moments it was looked at, at most some hundreds of points.

    Each value is as `GroupView` has it at that step.
    """

    name: str
    lr: Series = field(default_factory=Series)
    grad_norm: Series = field(default_factory=Series)
    update_ratio: Series = field(default_factory=Series)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One command, and what became of it; or an expectation, and whether it was met.

    Attributes
    ----------
    ticket : the number that `submit` answered, by which a face finds the answer to its command
    step : the number of steps taken when it was decided
    command : its text form, or ``expect …``
    message : what happened, why it was refused, or what was found: one sentence
    """

    ticket: int
    step: int
    command: str
    actor: Actor
    outcome: Outcome
    message: str


@dataclass(frozen=True, slots=True)
class Intervention:
    """A command that changed the training, on the line that is shown."""

    step: int
    command: str


@dataclass(frozen=True, slots=True, eq=False)
class BranchView:
    """A line of history that was left, and can be returned to.

    Attributes
    ----------
    fork : the step up to which it is the line that it was made from
    tip : the step at which it was left
    parent : the line that it was made from; "" of the first
    """

    name: str
    fork: int
    tip: int
    loss: Series
    accuracy: Series
    parent: str = ""


@dataclass(frozen=True, slots=True)
class LrCandidate:
    """One learning rate that was tried.

    Attributes
    ----------
    value : as it was given: ``0.01``, ``x0.1``
    branch : the line that it was tried on
    as_is : whether it changed nothing, so that the line is how the run would have gone on
    """

    value: str
    branch: str
    is_unchanged: bool


@dataclass(frozen=True, slots=True)
class LrSweep:
    """Learning rates that were tried side by side, from one boundary.

    Attributes
    ----------
    step : the step they were tried from
    steps : how many steps each was tried for
    lr : the learning rate that the factors scale; NaN where the target's groups differ in it
    batches : by which the steps count in a mean loss; by default all count the same
    """

    target: str
    step: int
    steps: int
    lr: float
    candidates: tuple[LrCandidate, ...]
    batches: Batches = EQUAL_BATCHES


@dataclass(frozen=True, slots=True)
class UpdatePreview:
    """How far the next update would go after a command that nobody has given yet.

    Attributes
    ----------
    command : its text form
    ratios : for each group that there would be |Δw|/|w|, as things are and after the command; NaN
        where there is no such group or no update
    problem : why it would be refused, or ""
    """

    command: str
    ratios: tuple[tuple[str, float, float], ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The state of a run at one moment.

    Attributes
    ----------
    version : grows with every new snapshot of a run; equal versions are equal snapshots
    step : steps taken
    note : while starting, what is being waited for; after a failure, the reason
    ready : while starting, how much of that is done, from 0 to 1; None if it is not known
    samples_per_second : over about the last second; 0.0 while standing
    eta : seconds to the end at that speed; None where it cannot be said
    eager : why steps are taken slowly, operation by operation; "" if they are not
    overhead : the share of the last seconds in which the run's thread did not train, from 0 to 1;
        None where it cannot be said
    loss : training loss of each step
    accuracy : accuracy on the test set, from 0 to 1, measured at the end of each epoch
    traces : the course of each group on the line that is shown
    journal : the commands, oldest first, on whichever line they were given
    interventions : those that led to this state
    branch : the name of the line that is shown
    parent : the line that it was made from; "" of the first
    fork : the step up to which it is that line
    branches : the lines that were left
    kept : the steps of this line whose states are kept: going back there takes no training
    checkpoints : what can be gone back to by name, oldest first
    breakpoints : the conditions on which the run will pause, as commands
    optimizers : what a group's optimizer can be swapped to
    clip : what gradients are clipped by, ``norm 1``; "" if they are not
    trial : the learning rates that were tried last
    said : what the training code has printed, logged and warned of
    preview : the answer to what was last asked for; see `LiveRun.preview`
    seen : what is looked at closely; see `LiveRun.see`
    recorded : of a record, where in it this is, and how the run ended
    """

    version: int
    info: RunInfo
    phase: Phase
    step: int = 0
    note: str = ""
    progress: float | None = None
    samples_per_second: float = 0.0
    eta: float | None = None
    fallback_reason: str = ""
    overhead: float | None = None
    loss: Series = field(default_factory=Series)
    accuracy: Series = field(default_factory=Series)
    groups: tuple[GroupView, ...] = ()
    histories: tuple[GroupHistory, ...] = ()
    parameter: ParameterView | None = None
    journal: tuple[JournalEntry, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    branch: str = "main"
    parent: str = ""
    fork: int = 0
    branches: tuple[BranchView, ...] = ()
    cached_steps: tuple[int, ...] = ()
    checkpoints: tuple[str, ...] = ()
    breakpoints: tuple[str, ...] = ()
    optimizers: tuple[OptimizerChoice, ...] = ()
    clip: str = ""
    lr_sweep: LrSweep | None = None
    log: LogSnapshot = field(default_factory=LogSnapshot)
    preview: UpdatePreview | None = None
    inspection: Seen | None = None
    record_status: str = ""

    @property
    def epoch(self) -> float:
        """Epochs taken, with the fraction of the present one."""
        return self.step / self.info.steps_per_epoch if self.info.steps_per_epoch else 0.0
