"""The record of a run as snapshots, moment by moment, for the screens of live runs."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from msgspec import UNSET

from tuitrain.commands import AnyCommand, parse, to_text
from tuitrain.engines.inspection import (
    FailedInspection,
    Inspection,
    InspectionRequest,
    InspectNetwork,
)
from tuitrain.errors import RefusedError, TuitrainError
from tuitrain.metric_info import MetricInfo, info_of
from tuitrain.records.history import History, Moment, read_history
from tuitrain.records.network_file import read_network
from tuitrain.records.record_reader import HEADER
from tuitrain.run.logs.log_capture import LOG_NAME
from tuitrain.run.logs.log_file import read_log
from tuitrain.run.snapshot import Actor, BranchView, Intervention, Phase, Snapshot
from tuitrain.run.snapshot_builder import clip_text
from tuitrain.text import format_count

from ..build import make_run_info
from ..schema import Scenario
from ..verify import read_scenario
from .checkpoint_values import CheckpointValues
from .group_metrics import RecordedGroupMetrics, with_last_metrics
from .group_replay import GroupReplay
from .run_list import describe_run

MAX_PLAY_SECONDS: Final = 30.0
"""Seconds in which the longest record is played."""

MIN_MOMENTS_PER_SECOND: Final = 10.0
"""The lowest speed, in steps a second."""

LATER: Final = "later"
"""The name of the branch's part after the moment."""


NO_INSPECTION = "a record has no weights and no batches; the deck shows the values of checkpoints"
"""Why only the network can be inspected."""

NO_NETWORK = (
    "this record has no network: no viewer has opened it, or the run is from an older version"
)
"""Why the network cannot be shown."""


class RecordPlayer:
    """Gives the moments of a record as snapshots; takes no commands.

    Groups and learning rates follow from the scenario and the decisions. Metrics of groups are
    known at the recorded steps, values and gradients only at checkpoints. Moments are the steps in
    the order in which they were taken: after a rewind they continue at an earlier step of another
    branch.

    Parameters
    ----------
    folder : the folder of the run
    clock : returns monotonic seconds, for playing

    Raises
    ------
    TuitrainError : the folder has no run, or it cannot be read

    Attributes
    ----------
    place : the index of the moment shown, from 0
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        header, scenario = read_scenario(folder)
        self._history = read_history(folder)
        self._run = describe_run(folder)
        self._groups = GroupReplay(scenario, str(folder / HEADER))
        self._values = CheckpointValues(folder)
        self._group_metrics = RecordedGroupMetrics(folder)
        self._folder, self._log = folder, read_log(folder / LOG_NAME)
        per_epoch = self._groups.steps_per_epoch
        title = make_run_info(scenario, per_epoch, self._measured(scenario))
        self._title = title if header.seed is UNSET else replace(title, seed=header.seed)
        self._decisive = self._history.command_moments()
        self._clock = clock
        self._parameter: str | None = None
        self._requested: InspectionRequest | None = None
        self._played: tuple[float, int] | None = None
        self._version = 0
        self._shown: Snapshot | None = None
        self.place = self.last

    @property
    def last(self) -> int:
        """The last moment."""
        return len(self._history) - 1

    @property
    def playing(self) -> bool:
        """Whether moments advance with time."""
        return self._played is not None

    def snapshot(self) -> Snapshot:
        """Return the snapshot of the present moment, which advances while playing."""
        if self._played is not None:
            since, first = self._played
            pace = max(MIN_MOMENTS_PER_SECOND, len(self._history) / MAX_PLAY_SECONDS)
            self._show(min(self.last, first + int((self._clock() - since) * pace)))
            if self.place == self.last:
                self.pause()
        if self._shown is None:
            self._version += 1
            self._shown = self._snapshot()
        return self._shown

    def submit(self, command: AnyCommand, actor: Actor) -> int:
        """Refuse: a record cannot be steered.

        Raises
        ------
        RefusedError : always
        """
        del actor
        raise RefusedError(f"{to_text(command)!r} steers a run, and this is the record of one")

    def cancel(self, ticket: int, actor: Actor) -> None:
        """Do nothing: no command waits in a record."""

    def select_parameter(self, parameter: str | None) -> None:
        """Describe this parameter in snapshots, where a checkpoint has its values."""
        if parameter != self._parameter:
            self._parameter, self._shown = parameter, None

    def inspect(self, request: InspectionRequest | None) -> None:
        """Show the network, if it is in the record; else reply that nothing can be inspected."""
        if request != self._requested:
            self._requested, self._shown = request, None

    def on_resume(self) -> None:
        """Do nothing: a record has no throughput."""

    def preview(self, command: AnyCommand | None) -> None:
        """Do nothing: there is no next update."""

    def close(self) -> None:
        """Stop playing."""
        self.pause()

    def go(self, place: int) -> None:
        """Show another moment of the record, and stop playing."""
        self.pause()
        self._show(min(max(place, 0), self.last))

    def jump(self, direction: int) -> bool:
        """Go to the next moment with a command in a direction; return whether there is one."""
        at = bisect_right if direction > 0 else bisect_left
        next_one = at(self._decisive, self.place) - (direction < 0)
        exists = 0 <= next_one < len(self._decisive)
        if exists:
            self.go(self._decisive[next_one])
        return exists

    def play(self) -> None:
        """Play from here, or from the first moment at the end."""
        self._show(0 if self.place == self.last else self.place)
        self._played, self._shown = (self._clock(), self.place), None

    def pause(self) -> None:
        """Stop playing."""
        if self._played is not None:
            self._played, self._shown = None, None

    def _show(self, place: int) -> None:
        if place != self.place:
            self.place, self._shown = place, None

    def _snapshot(self) -> Snapshot:
        history, moment = self._history, self._history.moment(self.place)
        branch, step = history.segments[moment.segment].branch, moment.step
        decided = history.decisions_at(moment)
        commands = [(decision.step, decision.command) for decision in decided]
        traces = self._group_metrics.histories(
            branch, step, self._groups.lr_histories(step, decided)
        )
        groups = tuple(map(with_last_metrics, self._groups.at(step, decided), traces))
        watched = self._parameter
        return Snapshot(
            version=self._version,
            info=self._title,
            phase=Phase.PLAYED if self.playing else Phase.RECORDED,
            step=step,
            note=self._groups.problem or self._group_metrics.problem,
            loss=branch.loss_until(step),
            metrics=branch.metrics_until(step),
            groups=groups,
            histories=traces,
            parameter=self._values.at(watched, step, decided, groups) if watched else None,
            journal=history.entries[: history.known_entries(moment)],
            interventions=tuple(Intervention(*command) for command in commands),
            branch=branch.name,
            branches=(*_left(history, moment), *_ahead(history, moment)),
            checkpoints=self._values.names(),
            clip=clip_text(parse(text) for _, text in commands if text.startswith("clip ")),
            record_status=self._where(),
            log=self._log,
            inspection=self._inspect(self._requested, step) if self._requested else None,
        )

    def _inspect(self, request: InspectionRequest, step: int) -> Inspection:
        """Return the network as the run had it; a failure for everything else."""
        if not isinstance(request, InspectNetwork):
            return FailedInspection(request, step, NO_INSPECTION)
        try:
            view = read_network(self._folder)
        except TuitrainError as error:
            return FailedInspection(request, step, str(error))
        if view is None:
            return FailedInspection(request, step, NO_NETWORK)
        note = f"as it was at step {format_count(view.step)}"
        return replace(view, note=f"{note}; {view.note}" if view.note else note)

    def _measured(self, scenario: Scenario) -> tuple[MetricInfo, ...]:
        """Return the metrics of the record, where the scenario leaves the choice to its data."""
        if scenario.metrics:
            return ()
        branches = (segment.branch for segment in self._history.segments)
        return tuple(info_of(name) for name in next(branches).metrics.series())

    def _where(self) -> str:
        run = self._run
        return (
            f"moment {self.place} of {self.last}   {run.started_at:%Y-%m-%d %H:%M}   {run.ending}"
        )


def _left(history: History, moment: Moment) -> list[BranchView]:
    """Return the branches left before a moment, each up to the step at which the run left it."""
    here = history.segments[moment.segment].branch
    before = {
        segment.branch.name: segment
        for segment in history.segments[: moment.segment]
        if segment.branch is not here
    }
    return [
        BranchView(
            segment.branch.name,
            segment.branch.fork,
            segment.last,
            segment.branch.loss_until(segment.last),
            segment.branch.metrics_until(segment.last),
        )
        for segment in before.values()
    ]


def _ahead(history: History, moment: Moment) -> list[BranchView]:
    """Return the part of the branch after a moment, as a ghost."""
    segment = history.segments[moment.segment]
    if moment.step >= segment.last:
        return []
    branch, last = segment.branch, segment.last
    loss, metrics = branch.loss_until(last), branch.metrics_until(last)
    return [BranchView(LATER, moment.step, last, loss, metrics)]
