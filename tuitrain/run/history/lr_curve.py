"""The learning rates of a group as a curve: a schedule gives that of any step.

The curve has a point at every step of a short run. In a long one its points are thinned out, but
both ends of a jump stay, so that no line crosses learning rates that were not used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tuitrain.engines.views import GroupView, LrSpan

from ..snapshot import Series

MAX_POINTS: Final = 512
"""The most points of a span of steps, besides those at jumps."""

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
            if not spans or _schedule(spans[-1]) != _schedule(group):
                spans.append(LrSpan(step, group.lr, group.schedule_record))

    def of(self, group: str) -> tuple[LrSpan, ...]:
        """Return the spans of a group, oldest first."""
        return tuple(self._spans.get(group, ()))


class LrCurve:
    """The curve of consecutive spans; it grows with the run, and keeps its points.

    Parameters
    ----------
    spans : oldest first
    """

    def __init__(self, spans: Sequence[LrSpan]) -> None:
        self.spans = tuple(spans)
        self._curves = [_SpanCurve(span) for span in spans]

    def until(self, step: int) -> Series:
        """Return the learning rates up to and including ``step``."""
        ends = [span.first - 1 for span in self.spans[1:]] + [step]
        parts = [
            curve.until(min(end, step))
            for curve, end in zip(self._curves, ends, strict=True)
            if curve.first <= step
        ]
        return _joined(parts)


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
    if span is None or _is_constant(span):
        return None if span is None else span.lr
    return lr_function(span)(step)


def lr_function(span: LrSpan) -> Callable[[int], float]:
    """Return the learning rate as a function of the step."""
    # Importing the core loads the compiler, which would delay the first screen.
    from tuitrain_core.schedule import Constant, from_record

    record = dict(span.schedule_record)
    return (from_record(record) if record else Constant(span.lr)).lr


class _SpanCurve:
    """The points of one span: every ``stride`` steps, and more where lines would be wrong."""

    def __init__(self, span: LrSpan) -> None:
        self.first = span.first
        self._span = span
        self._rate: Callable[[int], float] | None = None
        self._restart(1)

    def until(self, end: int) -> Points:
        """Return the points from the first step to ``end``, with both of them."""
        if _is_constant(self._span):
            count = min(MAX_POINTS, end - self.first + 1)
            steps = np.unique(np.linspace(self.first, end, count).astype(np.int64))
            return steps, np.full(len(steps), self._span.lr)
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
        """Add the point at ``end``, and those before it without which a line would be wrong."""
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


def _is_constant(span: LrSpan) -> bool:
    return span.schedule_record.get("kind", "constant") == "constant"


def _schedule(item: LrSpan | GroupView) -> tuple[object, ...]:
    record = dict(item.schedule_record)
    return (record,) if record else (item.lr,)


def _rates(span: LrSpan, steps: NDArray[np.int64]) -> NDArray[np.float64]:
    if _is_constant(span):
        return np.full(len(steps), span.lr)
    return np.array([*map(lr_function(span), steps.tolist())])


def _joined(parts: Sequence[Points]) -> Series:
    if not parts:
        return Series()
    steps, rates = (np.concatenate(item) for item in zip(*parts, strict=True))
    steps.flags.writeable = rates.flags.writeable = False
    return Series(steps, rates)
