"""The learning rates of a group as a curve: a schedule gives that of any step.

The curve has a point at every step of a short run. In a long one its points are thinned out, but
both ends of a jump stay, so that no line crosses learning rates that were not used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tuitrain.engines.views import GroupView, LrSpan

from ..snapshot import Series
from .common_length import common_length

MAX_POINTS: Final = 512
"""Maximum number of points of a span of steps, besides those at jumps."""

TOLERANCE: Final = 0.005
"""How far a line between two points may be from the learning rate between them, as a share."""

Points = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Steps and learning rates."""


class LrSpans:
    """The spans of each group, from the groups where a schedule may have changed."""

    def __init__(self) -> None:
        self._spans: dict[str, list[LrSpan]] = {}

    def add(self, step: int, groups: Sequence[GroupView]) -> None:
        """Add the schedules of the groups from ``step`` on; steps ascend."""
        for group in groups:
            spans = self._spans.setdefault(group.name, [])
            if spans and spans[-1].first == step:
                spans.pop()
            if not spans or schedule_of(spans[-1]) != schedule_of(group):
                spans.append(LrSpan(step, group.lr, group.schedule_record))

    def of(self, group: str) -> tuple[LrSpan, ...]:
        """Return the spans of a group, oldest first."""
        return tuple(self._spans.get(group, ()))


class LrCurve:
    """The curve of consecutive spans; it grows with the run, and keeps its points.

    Parameters
    ----------
    spans : oldest first
    previous : an earlier curve of the group, whose points are kept where the spans are the same
    """

    def __init__(self, spans: Sequence[LrSpan], previous: LrCurve | None = None) -> None:
        self.spans = tuple(spans)
        known: list[_SpanCurve] = previous._curves if previous else []
        keep = common_length(previous.spans, self.spans) if previous else 0
        self._curves = [*known[:keep], *map(_SpanCurve, self.spans[keep:])]
        self._past = _PastPoints()
        if previous and keep:
            self._past = previous._past.until(keep - 1, self.spans)

    def until(self, step: int) -> Series:
        """Return the learning rates up to and including ``step``."""
        if not self.spans:
            return Series()
        last = self._curves[-1]
        if last.first <= step:
            return _joined([*self._ended_spans(), last.until(step)])
        ends = [span.first - 1 for span in self.spans[1:]]
        curves = zip(self._curves, ends, strict=False)
        return _joined([c.until(min(end, step)) for c, end in curves if c.first <= step])

    def _ended_spans(self) -> tuple[Points, ...]:
        """Return the points of all spans but the last, joined."""
        first, count = self._past.spans, len(self.spans) - 1
        if first < count:
            parts = [
                self._curves[index].until(self.spans[index + 1].first - 1)
                for index in range(first, count)
            ]
            series = _joined([*self._past.points, *parts])
            self._past = _PastPoints(count, ((series.steps, series.values),))
        return self._past.points


@lru_cache(maxsize=16)
def spread_steps(first: int, end: int) -> NDArray[np.int64]:
    """Return all steps from ``first`` to ``end``, or `MAX_POINTS` evenly spaced ones; read-only."""
    count = min(MAX_POINTS, end - first + 1)
    steps = first + np.arange(count, dtype=np.int64) * (end - first) // max(count - 1, 1)
    steps.flags.writeable = False
    return steps


def every_rate(spans: Sequence[LrSpan], last: int) -> Series:
    """Return the learning rate of every step from the first span's first up to ``last``."""
    ends = [span.first - 1 for span in spans[1:]] + [last]
    parts: list[Points] = []
    for span, end in zip(spans, ends, strict=True):
        steps = np.arange(span.first, min(end, last) + 1)
        parts.append((steps, _rates(span, steps)))
    return _joined(parts)


def rate_at(spans: Sequence[LrSpan], step: int) -> float | None:
    """Return the learning rate of a step; None before the first span."""
    span = next((span for span in reversed(spans) if span.first <= step), None)
    if span is None or is_constant(span):
        return None if span is None else span.lr
    return lr_function(span)(step)


def lr_function(span: LrSpan) -> Callable[[int], float]:
    """Return the learning rate as a function of the step."""
    # Importing the core loads the compiler, which would delay the first screen.
    from tuitrain_core.schedule import Constant, from_record

    record = dict(span.schedule_record)
    return (from_record(record) if record else Constant(span.lr)).lr


def is_constant(span: LrSpan) -> bool:
    """Whether the learning rate is the same at all steps of a span."""
    return span.schedule_record.get("kind", "constant") == "constant"


def schedule_of(item: LrSpan | GroupView) -> tuple[object, ...]:
    """Return a value that determines the learning rates of all steps, for comparisons."""
    record = dict(item.schedule_record)
    return (record,) if record else (item.lr,)


class _PastPoints(NamedTuple):
    """The joined points of the first spans of a curve; empty, or one pair of arrays."""

    spans: int = 0
    points: tuple[Points, ...] = ()

    def until(self, count: int, spans: Sequence[LrSpan]) -> _PastPoints:
        """Return the points of the first ``count`` spans; ``spans`` has at least one more."""
        if count >= self.spans:
            return self
        cut = [np.searchsorted(steps, spans[count].first) for steps, _ in self.points]
        points = zip(self.points, cut, strict=True)
        return _PastPoints(
            count, tuple((steps[:end], rates[:end]) for (steps, rates), end in points)
        )


class _SpanCurve:
    """The points of one span: every ``stride`` steps, and more where it is not linear."""

    def __init__(self, span: LrSpan) -> None:
        self.first = span.first
        self._span = span
        self._rate: Callable[[int], float] | None = None
        self._constant: NDArray[np.float64] = np.empty(0)
        self._restart(1)

    def until(self, end: int) -> Points:
        """Return the points from the first step to ``end``, with both of them."""
        if is_constant(self._span):
            steps = spread_steps(self.first, end)
            if len(self._constant) < len(steps):
                self._constant = np.full(min(2 * len(steps), MAX_POINTS), self._span.lr)
            return steps, self._constant[: len(steps)]
        self._grow(end)
        count = int(np.searchsorted(self._steps, end, side="right"))
        steps, rates = self._steps[:count], self._rates[:count]
        if steps[-1] < end:
            self._refine(steps, rates, end)
        return np.array(steps, np.int64), np.array(rates)

    def _restart(self, stride: int) -> None:
        self._stride = stride
        self._steps: list[int] = []
        self._rates: list[float] = []

    def _grow(self, end: int) -> None:
        """Add points up to the last multiple of the stride before ``end``."""
        stride = self._stride
        while (end - self.first) // stride >= MAX_POINTS:
            stride *= 2
        if stride != self._stride:
            self._restart(stride)
        if self._rate is None:
            self._rate = lr_function(self._span)
        if not self._steps:
            self._steps, self._rates = [self.first], [self._rate(self.first)]
        while self._steps[-1] + stride <= end:
            self._refine(self._steps, self._rates, self._steps[-1] + stride)

    def _refine(self, steps: list[int], rates: list[float], end: int) -> None:
        """Add the point at ``end``, and those before it where a straight line would be wrong."""
        assert self._rate is not None
        ahead = [(end, self._rate(end))]
        while ahead:
            step, rate = ahead[-1]
            middle = (steps[-1] + step) // 2
            if middle > steps[-1]:
                there = self._rate(middle)
                share = (middle - steps[-1]) / (step - steps[-1])
                line = rates[-1] + (rate - rates[-1]) * share
                if abs(there - line) > TOLERANCE * max(abs(rate), abs(rates[-1])):
                    ahead.append((middle, there))
                    continue
            steps.append(step)
            rates.append(rate)
            ahead.pop()


def _rates(span: LrSpan, steps: NDArray[np.int64]) -> NDArray[np.float64]:
    if is_constant(span):
        return np.full(len(steps), span.lr)
    return np.array([*map(lr_function(span), steps.tolist())])


def _joined(parts: Sequence[Points]) -> Series:
    if not parts:
        return Series()
    if len(parts) == 1:
        steps, rates = parts[0]
    else:
        steps, rates = (np.concatenate(item) for item in zip(*parts, strict=True))
    steps.flags.writeable = rates.flags.writeable = False
    return Series(steps, rates)
