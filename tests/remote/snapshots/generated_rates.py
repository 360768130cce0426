"""Learning rates of the groups of a generated run, as curves with their spans."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tuitrain.engines.views import LrSpan
from tuitrain.run.history.lr_curve import LrCurve
from tuitrain.run.snapshot import GroupHistory, Series
from tuitrain_core.schedule import Cosine, Linear, Milestones, to_record


def span_at(step: int, number: int) -> LrSpan:
    """Return a span that begins at a step; its number chooses its schedule."""
    schedule = {
        0: Cosine(0.1, 0.0, step, number + 3),
        1: Linear(0.1, 0.001, step, 5 * number + 1),
        2: Milestones(0.1, 0.5, (step + 3, step + 40), step, 1),
    }.get(number % 6)
    if schedule is None:
        return LrSpan(step, number / 100)
    return LrSpan(step, schedule.lr(step), to_record(schedule))


class GeneratedRates:
    """The spans of each group, constant from step 0 unless they are changed."""

    def __init__(self) -> None:
        self._spans: dict[str, list[LrSpan]] = {}
        self._curves: dict[str, LrCurve] = {}

    def change(self, group: str, step: int, number: int) -> None:
        """Give a group another schedule from a step on."""
        spans = self._spans.setdefault(group, [LrSpan(0, 0.25)])
        if spans[-1].first == step:
            spans.pop()
        spans.append(span_at(step, number))

    def go_back(self, step: int) -> None:
        """Forget what was changed after a step."""
        self._spans = {
            name: [span for span in spans if span.first <= step] or [LrSpan(0, 0.25)]
            for name, spans in self._spans.items()
        }

    def add_to(self, histories: Sequence[GroupHistory], step: int) -> tuple[GroupHistory, ...]:
        """Return histories with their learning rates up to a step."""
        for history in histories:
            spans = tuple(self._spans.get(history.name, [LrSpan(0, 0.25)]))
            self._curves[history.name] = LrCurve(spans, self._curves.get(history.name))
        return tuple(
            GroupHistory(
                history.name,
                self._curves[history.name].until(step),
                history.grad_norm,
                history.update_ratio,
                self._curves[history.name].spans,
            )
            for history in histories
        )


def odd_rates(step: int) -> tuple[GroupHistory, ...]:
    """Return histories whose learning rates do not follow from their spans."""
    steps = np.arange(step + 1)
    rates = Series(steps, np.full(step + 1, 0.5))
    empty = Series()
    return (
        GroupHistory("no spans", rates, empty, empty),
        GroupHistory("another rate", rates, empty, empty, (LrSpan(0, 0.25),)),
        GroupHistory("a later span", rates, empty, empty, (LrSpan(step + 5, 0.5),)),
        GroupHistory("a span before 0", rates, empty, empty, (LrSpan(-3, 0.5),)),
        GroupHistory("no rates", empty, empty, empty, (LrSpan(0, 0.5),)),
        GroupHistory(
            "zeros", Series(steps, np.full(step + 1, -0.0)), empty, empty, (LrSpan(0, 0.0),)
        ),
    )
