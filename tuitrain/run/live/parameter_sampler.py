"""The inspection of one parameter: statistics, downsampled values, histograms by step."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

import numpy as np

from tuitrain.engines.array_statistics import BINS, describe_array
from tuitrain.engines.downsampling import downsample
from tuitrain.engines.engine import Engine
from tuitrain.engines.inspection import HistogramSeries, InspectWeights, TensorSummary, WeightsView
from tuitrain.engines.state import Array
from tuitrain.engines.views import ArrayStatistics, ParameterView

from ..history.branch import Branch

MAX_HISTOGRAMS: Final = 256
"""Maximum number of histograms in a series; when it is reached, every second one is dropped."""


class _Histogram(NamedTuple):
    step: int
    low: float
    high: float
    counts: tuple[int, ...]


class HistogramHistory:
    """Histograms of an array at ascending steps."""

    def __init__(self) -> None:
        self._histograms: list[_Histogram] = []

    def add(self, step: int, statistics: ArrayStatistics | None) -> None:
        """Add a histogram, unless this step or a later one has one already."""
        if statistics is None or not np.isfinite(statistics.low):
            return
        if self._histograms and step <= self.last_step:
            return
        if len(self._histograms) == MAX_HISTOGRAMS:
            self._thin_out()
        self._histograms.append(
            _Histogram(step, statistics.low, statistics.high, statistics.counts)
        )

    @property
    def last_step(self) -> int:
        """The step of the newest histogram."""
        return self._histograms[-1].step

    def truncate(self, step: int) -> None:
        """Remove the histograms of later steps."""
        self._histograms = [entry for entry in self._histograms if entry.step <= step]

    def view(self) -> HistogramSeries:
        """Return the histograms as read-only arrays."""
        if not self._histograms:
            return HistogramSeries()
        steps, low, high, counts = zip(*self._histograms, strict=True)
        arrays = (
            np.array(steps, np.int64),
            np.array(low),
            np.array(high),
            np.array(counts, np.int64).reshape(len(steps), BINS),
        )
        for array in arrays:
            array.flags.writeable = False
        return HistogramSeries(*arrays)

    def _thin_out(self) -> None:
        steps = [entry.step for entry in self._histograms]
        even = np.linspace(steps[0], steps[-1], MAX_HISTOGRAMS // 2)
        self._histograms = [self._histograms[i] for i in np.unique(np.searchsorted(steps, even))]


class _Sample(NamedTuple):
    """The last sample of a parameter, and its difference from the one before."""

    step: int
    values: Array
    update: TensorSummary = TensorSummary()
    update_steps: int = 0


class _Histories(NamedTuple):
    value: HistogramHistory
    grad: HistogramHistory
    update: HistogramHistory


class ParameterSampler:
    """Samples parameters, and keeps the histograms of all sampled parameters.

    The update of a parameter is the difference from its sample before.
    """

    def __init__(self) -> None:
        self._histories: dict[str, _Histories] = {}
        self._position = ("", 0)
        self._samples: dict[str, _Sample] = {}
        self._last = ""

    def sample(self, engine: Engine, branch: Branch, request: InspectWeights) -> WeightsView | None:
        """Sample a parameter; return None if no parameter has that name."""
        view = engine.inspect_parameter(request.parameter)
        if view is None:
            return None
        self.follow(branch, engine.step)
        values, grads = engine.parameters()[view.name], engine.gradient(view.name)
        sample = self._add_sample(request.parameter, view, values)
        histories = self._add_histograms(view, sample.update)
        return WeightsView(
            request=request,
            step=view.step,
            name=view.name,
            shape=view.shape,
            group=view.group,
            frozen_since=view.frozen_since,
            value=_summary(view.value, values, histories.value),
            grad=_summary(view.grad, grads, histories.grad),
            update=TensorSummary(
                sample.update.statistics,
                sample.update.sample,
                sample.update.block,
                histories.update.view(),
            ),
            update_steps=sample.update_steps,
            update_ratio=_update_ratio(engine, view),
            aliases=view.aliases,
        )

    def keep(self, parameters: Collection[str]) -> None:
        """Forget the values of all but these parameters and the one sampled last."""
        kept = {*parameters, self._last}
        self._samples = {name: own for name, own in self._samples.items() if name in kept}

    def follow(self, branch: Branch, step: int) -> None:
        """Keep only the histograms that belong to the present branch.

        Call it at every boundary where a snapshot is built, even without an inspection: every
        branch that the run passes decides which steps the branches before and after it share.
        """
        name, last = self._position
        self._position = branch.name, step
        if branch.name == name and step >= last:
            return
        common = step if branch.name == name else min(branch.fork, step)
        self._samples.clear()
        for histories in self._histories.values():
            for history in histories:
                history.truncate(common)

    def _add_histograms(self, view: ParameterView, update: TensorSummary) -> _Histories:
        empty = _Histories(HistogramHistory(), HistogramHistory(), HistogramHistory())
        histories = self._histories.setdefault(view.name, empty)
        histories.value.add(view.step, view.value)
        histories.grad.add(view.step, view.grad)
        histories.update.add(view.step, update.statistics)
        return histories

    def _add_sample(self, parameter: str, view: ParameterView, values: Array) -> _Sample:
        """Return the sample of this step; its update, if there is a sample of an earlier step."""
        before = self._samples.get(parameter)
        self._last = parameter
        if before is not None and before.step == view.step:
            return before
        sample = _Sample(view.step, values.copy())
        if before is not None:
            difference = values - before.values
            update = TensorSummary(describe_array(difference), *downsample(difference))
            sample = sample._replace(update=update, update_steps=view.step - before.step)
        self._samples[parameter] = sample
        return sample


def _summary(
    statistics: ArrayStatistics | None, values: Array | None, history: HistogramHistory
) -> TensorSummary:
    if values is None:
        return TensorSummary(histograms=history.view())
    return TensorSummary(statistics, *downsample(values), history.view())


def _update_ratio(engine: Engine, view: ParameterView) -> float:
    rows = (row for group in engine.groups() for row in group.parameters)
    return next((row.update_ratio for row in rows if row.name == view.name), float("nan"))
