"""The snapshot of a run: one immutable value that everything on the screen derives from.

Live runs, recorded runs and the fakes of tests give this value, so one code draws them all. Its
arrays are read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias

from tuitrain.engines.inspection import Inspection
from tuitrain.engines.views import (
    ArrayStatistics,
    FrozenCache,
    GroupView,
    LrSpan,
    OptimizerChoice,
    ParameterRow,
    ParameterView,
    RankView,
)
from tuitrain.metric_info import ACCURACY, MetricInfo

from .authorship import Actor
from .curve_views import BranchView, GroupHistory, LrCandidate, LrSweep, Series, UpdatePreview
from .journal_entry import Intervention, JournalEntry, Outcome, RuleView, ScheduledCommand
from .logs.log_capture import LogLine, LogSnapshot

__all__ = [
    "Actor",
    "ArrayStatistics",
    "Attachment",
    "BranchView",
    "EndReason",
    "GroupHistory",
    "FrozenCache",
    "GroupView",
    "Intervention",
    "JournalEntry",
    "LogLine",
    "LogSnapshot",
    "LrCandidate",
    "LrSpan",
    "LrSweep",
    "OptimizerChoice",
    "Outcome",
    "ParameterRow",
    "ParameterView",
    "Phase",
    "RuleView",
    "RunInfo",
    "ScheduledCommand",
    "Series",
    "Snapshot",
    "UpdatePreview",
]

EndReason: TypeAlias = Literal["finished", "stopped", "left", "interrupted", "failed"]
"""Why a run ends: its last step, a ``stop``, the end of the app, a signal, an error."""


class Phase(Enum):
    """The phase of a run; ``LOST`` is that of a screen whose connection cannot be made again."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    LOST = "lost"
    RECORDED = "recorded"
    PLAYED = "played"

    @property
    def ended(self) -> bool:
        """Whether no further step can be taken."""
        return self in (Phase.FINISHED, Phase.STOPPED) or self.is_broken or self.is_record

    @property
    def is_broken(self) -> bool:
        """Whether the run takes no further command, not even one that changes its history."""
        return self in (Phase.FAILED, Phase.LOST)

    @property
    def is_record(self) -> bool:
        """Whether the snapshot shows a moment of a record, and no run."""
        return self in (Phase.RECORDED, Phase.PLAYED)


OPEN_END = 1_000_000_000
"""The steps of a run of unknown length: a script's loop that does not declare it."""

OPEN_EPOCH = 1000
"""The steps of an epoch of such a loop, if it does not declare them, either."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The model, the data, the length and the metrics of a run, which do not change.

    Attributes
    ----------
    seed : of a scenario, or the one that a script has set; None where none is known
    metrics : the metrics of the test set, at least one; screens show the first
    evaluate_every : steps between measurements; 0 for once an epoch
    reports_metrics : whether the loop of a script reports the metrics, when it likes
    """

    name: str
    model: str
    data: str
    seed: int | None
    batch_size: int
    steps_per_epoch: int
    total_steps: int
    metrics: tuple[MetricInfo, ...] = (ACCURACY,)
    evaluate_every: int = 0
    reports_metrics: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the length of the run is not known."""
        return self.total_steps == OPEN_END

    @property
    def has_epochs(self) -> bool:
        """Whether the length of an epoch is known.

        A script that gives the steps of its run alone has no epochs: one would be the whole run.
        """
        is_unknown = self.is_open and self.steps_per_epoch == OPEN_EPOCH
        is_whole = self.reports_metrics and self.steps_per_epoch == self.total_steps
        return self.steps_per_epoch > 0 and not (is_unknown or is_whole)

    @property
    def speed_unit(self) -> Literal["samples", "steps"]:
        """The unit of the throughput: steps, if the size of a batch is not known."""
        return "samples" if self.batch_size > 1 else "steps"

    @property
    def main_metric(self) -> MetricInfo:
        """The metric that screens show."""
        return self.metrics[0]

    @property
    def evaluation_interval(self) -> int:
        """Steps between measurements on the test set."""
        return self.evaluate_every or self.steps_per_epoch


@dataclass(frozen=True, slots=True)
class Attachment:
    """Who watches a run, who steers it, and how a screen in another process is connected to it.

    Attributes
    ----------
    viewers : the number of screens that show the run
    pen : the name of the viewer who steers; "" for none
    holds_pen : whether this screen does
    asked_by : the viewer who asks the holder for the pen; "" for none
    seconds_left : seconds until the pen goes to that viewer; 0 if none asks
    delay : seconds by which the screen is late; None if it is not
    problem : the fault of the connection, such as ``the connection was lost``; or ""
    is_asking : whether this screen asks for the pen
    """

    viewers: int = 1
    pen: str = ""
    holds_pen: bool = True
    asked_by: str = ""
    seconds_left: int = 0
    delay: float | None = None
    problem: str = ""
    is_asking: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The state of a run at one moment.

    Attributes
    ----------
    version : grows with every new snapshot of a run; equal versions mean equal snapshots
    step : steps taken
    note : while starting, the work in progress; after a failure, the reason
    progress : while starting, the share of that work that is done, from 0 to 1; None if unknown
    samples_per_second : over about the last second; 0.0 while paused; steps if the size of a batch
        is not known, see `RunInfo.speed_unit`
    eta : seconds to the end at that throughput; None while it is unknown
    fallback_reason : why steps are computed operation by operation, slowly; "" if they are not
    pace : maximum steps per second while a screen shows the run; None for no limit
    frozen_cache : the cached outputs of the frozen bottom, if any; see `FrozenCache`
    overhead : the share of the last seconds in which the run's thread did not train, from 0 to 1;
        None while it is unknown
    loss : training loss of each step
    metrics : the metrics of the test set, by name: a value for each measurement
    histories : the metrics of each group on the branch that is shown
    journal : the commands, oldest first, on whichever branch they were applied
    scheduled : the submitted commands that wait for a step, by step
    interventions : the commands that led to this state, oldest first
    branch : the name of the branch that is shown
    parent : the branch that it was made from; "" for the first
    fork : the last step that it shares with its parent
    branches : the other branches
    cached_steps : the steps of this branch with cached states: going back there needs no training
    checkpoints : the names of the checkpoints, oldest first
    breakpoints : the conditions at which the run pauses, as commands
    rules : the conditions at which the run gives itself commands, oldest first
    optimizers : the optimizers that groups can be given
    limits : for programs that steer, in one line; "" for no limits
    clip : how gradients are clipped, such as ``norm 1``; "" if they are not
    lr_sweep : the last sweep of learning rates
    no_way_back : why the run cannot go back to an earlier step; "" if it can
    no_lr_sweep : why no learning rates can be tried; "" if they can
    log : the training code's prints, log records and warnings
    preview : the last requested preview; see `LiveRun.preview`
    inspection : the requested inspection; see `LiveRun.inspect`
    record_status : for a record, the moment shown, and how the run ended
    ranks : the processes of a training in several; empty in a training of one
    attachment : who watches and who steers; None where this screen is the only one
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
    frozen_cache: FrozenCache | None = None
    overhead: float | None = None
    loss: Series = field(default_factory=Series)
    metrics: Mapping[str, Series] = field(default_factory=dict[str, Series])
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
    rules: tuple[RuleView, ...] = ()
    optimizers: tuple[OptimizerChoice, ...] = ()
    limits: str = ""
    clip: str = ""
    lr_sweep: LrSweep | None = None
    no_way_back: str = ""
    no_lr_sweep: str = ""
    log: LogSnapshot = field(default_factory=LogSnapshot)
    preview: UpdatePreview | None = None
    inspection: Inspection | None = None
    record_status: str = ""
    scheduled: tuple[ScheduledCommand, ...] = ()
    pace: float | None = None
    ranks: tuple[RankView, ...] = ()
    attachment: Attachment | None = None

    @property
    def main_series(self) -> Series:
        """The values of the metric that screens show; see `RunInfo.main_metric`."""
        return self.metrics.get(self.info.main_metric.name, Series())

    @property
    def reported_metrics(self) -> tuple[MetricInfo, ...]:
        """The metrics that have values, and those that the run measures by itself."""
        infos = self.info.metrics
        if not self.info.reports_metrics:
            return infos
        return tuple(info for info in infos if len(self.metrics.get(info.name, Series())))

    @property
    def epoch(self) -> float:
        """Epochs done, with the fraction of the present one."""
        return self.step / self.info.steps_per_epoch if self.info.steps_per_epoch else 0.0
