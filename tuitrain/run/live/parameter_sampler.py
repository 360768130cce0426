"""What is sampled of a parameter while somebody looks at it: statistics, values, histograms."""

from __future__ import annotations

from typing import Final

import numpy as np

from tuitrain.engines.array_statistics import BINS, describe_array
from tuitrain.engines.closeups import Course, Facet, SeeWeights, WeightsView
from tuitrain.engines.downsampling import downsample
from tuitrain.engines.engine import Engine
from tuitrain.engines.state import Array
from tuitrain.engines.views import ArrayStatistics, ParameterView

from ..line import Line

MAX_HISTOGRAMS: Final = 256
"""Histograms of a course at most; when there are so many, half of them stay, evenly spread."""


class HistogramHistory:
    """A course that grows."""

    def __init__(self) -> None:
        self._noted: list[tuple[int, float, float, tuple[int, ...]]] = []

    def add(self, step: int, view: ArrayStatistics | None) -> None:
        """Add a histogram, if none was noted at this step or later."""
        if view is None or not np.isfinite(view.low) or (self._noted and step <= self.last):
            return
        if len(self._noted) == MAX_HISTOGRAMS:
            even = np.linspace(self._noted[0][0], self.last, MAX_HISTOGRAMS // 2)
            steps = [each[0] for each in self._noted]
            self._noted = [self._noted[at] for at in np.unique(np.searchsorted(steps, even))]
        self._noted.append((step, view.low, view.high, view.counts))

    @property
    def last(self) -> int:
        """The step of the newest."""
        return self._noted[-1][0]

    def truncate(self, step: int) -> None:
        """Forget what was noted after a step."""
        self._noted = [each for each in self._noted if each[0] <= step]

    def view(self) -> Course:
        """Return what a face shows, read-only."""
        if not self._noted:
            return Course()
        steps, low, high, counts = zip(*self._noted, strict=True)
        arrays = (
            np.array(steps, np.int64),
            np.array(low),
            np.array(high),
            np.array(counts, np.int64).reshape(len(steps), BINS),
        )
        for each in arrays:
            each.flags.writeable = False
        return Course(*arrays)


class ParameterSampler:
    """Samples one parameter at a time, and remembers the courses of those it was shown.

    How a parameter was updated is what has changed since the look before.
    """

    def __init__(self) -> None:
        self._courses: dict[str, tuple[HistogramHistory, HistogramHistory, HistogramHistory]] = {}
        self._at = ("", 0)
        self._before: tuple[str, int, Array] | None = None
        self._update = Facet()
        self._update_steps = 0

    def sample(self, engine: Engine, line: Line, asked: SeeWeights) -> WeightsView | None:
        """Look at a parameter; None if there is none of that name."""
        view = engine.inspect(asked.parameter)
        if view is None:
            return None
        self.follow(line, engine.step)
        of_value, of_grad, of_update = self._courses.setdefault(
            view.name, (HistogramHistory(), HistogramHistory(), HistogramHistory())
        )
        values, grads = engine.parameters()[view.name], engine.gradient(view.name)
        self._difference(view, values)
        for course, now in zip(
            (of_value, of_grad, of_update), (view.value, view.grad, self._update.now), strict=True
        ):
            course.add(view.step, now)
        return WeightsView(
            asked=asked,
            step=view.step,
            name=view.name,
            shape=view.shape,
            group=view.group,
            frozen_since=view.frozen_since,
            value=Facet(view.value, *downsample(values), of_value.view()),
            grad=Facet(course=of_grad.view())
            if grads is None
            else Facet(view.grad, *downsample(grads), of_grad.view()),
            update=Facet(
                self._update.now, self._update.sample, self._update.block, of_update.view()
            ),
            update_steps=self._update_steps,
            update_ratio=_ratio(engine, view),
            aliases=view.aliases,
        )

    def follow(self, line: Line, step: int) -> None:
        """Keep of the courses what belongs to the line of history that the run is on.

        To be called while nobody looks, too: a line that is only passed on the way to another
        decides what those two have in common.
        """
        known, last = self._at
        self._at = line.name, step
        if line.name == known and step >= last:
            return
        common = step if line.name == known else min(line.fork, step)
        self._before, self._update, self._update_steps = None, Facet(), 0
        for courses in self._courses.values():
            for each in courses:
                each.truncate(common)

    def _difference(self, view: ParameterView, values: Array) -> None:
        """Compare with the look before, if that was at this parameter and at another step."""
        before = self._before
        if before is not None and before[:2] == (view.name, view.step):
            return
        if before is not None and before[0] == view.name:
            difference = values - before[2]
            self._update = Facet(describe_array(difference), *downsample(difference))
            self._update_steps = view.step - before[1]
        else:
            self._update, self._update_steps = Facet(), 0
        self._before = view.name, view.step, values.copy()


def _ratio(engine: Engine, view: ParameterView) -> float:
    rows = (row for group in engine.groups() for row in group.parameters)
    return next((row.update_ratio for row in rows if row.name == view.name), float("nan"))
