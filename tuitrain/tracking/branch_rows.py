"""The rows of a branch so far, which a branch that forks from it shares."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from .rows import Histogram, Row, Scalar, Text


class _Series:
    """The values of one name and group: 24 bytes for each."""

    def __init__(self) -> None:
        self.steps, self.values, self.times = array("q"), array("d"), array("d")

    def add(self, step: int, value: float, time: float) -> None:
        """Append a value."""
        self.steps.append(step)
        self.values.append(value)
        self.times.append(time)

    def until(self, step: int) -> _Series:
        """Return a copy with the values up to and including a step."""
        end = int(np.searchsorted(np.asarray(self.steps), step, side="right"))
        copy = _Series()
        copy.steps, copy.values = self.steps[:end], self.values[:end]
        copy.times = self.times[:end]
        return copy


@dataclass(slots=True)
class BranchRows:
    """The rows of a branch, with their times."""

    _series: dict[tuple[str, str], _Series] = field(default_factory=dict[tuple[str, str], _Series])
    _others: list[tuple[Text | Histogram, float]] = field(
        default_factory=list[tuple[Text | Histogram, float]]
    )

    def add(self, row: Row, time: float) -> None:
        """Add a row."""
        if isinstance(row, Scalar):
            key = row.name, row.group
            if key not in self._series:
                self._series[key] = _Series()
            self._series[key].add(row.step, row.value, time)
        else:
            self._others.append((row, time))

    def until(self, step: int) -> BranchRows:
        """Return the rows of the branches that fork at a step.

        Numbers were measured up to the step. A command at the step itself is not among them: it
        came after the state that the new branch begins with.
        """
        series = {key: item.until(step) for key, item in self._series.items()}
        others = [
            (row, time)
            for row, time in self._others
            if row.step < step or (row.step == step and isinstance(row, Histogram))
        ]
        return BranchRows({key: item for key, item in series.items() if item.steps}, others)

    def __iter__(self) -> Iterator[tuple[Row, float]]:
        """Yield all rows with their times, with ascending steps."""
        keys, items = list(self._series), list(self._series.values())
        counts = [len(item.steps) for item in items]
        which = np.repeat(np.arange(len(items)), counts)
        place = np.concatenate([np.arange(count) for count in counts] or [np.empty(0, np.int64)])
        steps = np.concatenate([np.array(item.steps) for item in items] or [np.empty(0)])
        order = np.argsort(steps, kind="stable")
        others = iter(sorted(self._others, key=lambda other: other[0].step))
        other = next(others, None)
        for index in order.tolist():
            item, at = items[which[index]], int(place[index])
            while other is not None and other[0].step < item.steps[at]:
                yield other
                other = next(others, None)
            yield Scalar(item.steps[at], *keys[which[index]], item.values[at]), item.times[at]
        while other is not None:
            yield other
            other = next(others, None)
