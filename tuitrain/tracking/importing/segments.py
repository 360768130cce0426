"""The curves of a log, cut where its steps begin again: each cut is a way back, as by a rewind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .event_values import FileValues

Points = tuple[NDArray[Any], NDArray[Any]]
"""Ascending steps, and their values."""


@dataclass(slots=True)
class Segment:
    """The values between two restarts.

    Attributes
    ----------
    fork : the step up to which the values before it still hold; 0 for the first
    curves : by tag
    """

    fork: int = 0
    curves: dict[str, Points] = field(default_factory=dict[str, Points])

    @property
    def last_step(self) -> int:
        """The largest step; 0 if there is none."""
        return max((int(steps[-1]) for steps, _ in self.curves.values() if len(steps)), default=0)

    def add(self, tag: str, steps: NDArray[Any], values: NDArray[Any]) -> None:
        """Add values of a tag; of two at one step the later one counts."""
        if tag in self.curves:
            known_steps, known_values = self.curves[tag]
            steps = np.concatenate([known_steps, steps])
            values = np.concatenate([known_values, values])
        order = np.argsort(steps, kind="stable")
        steps, values = steps[order], values[order]
        is_last = np.append(steps[1:] != steps[:-1], True) if len(steps) else np.empty(0, bool)
        self.curves[tag] = steps[is_last], values[is_last]


def cut_at_restarts(files: Iterable[FileValues], main: str) -> list[Segment]:
    """Return the segments of a log.

    A new segment begins where the steps of the main tag go back inside a file, or where a further
    file begins at a step that the files before have passed, as after a restart from a checkpoint.

    Parameters
    ----------
    files : in the order in which they were written
    main : the tag whose steps count
    """
    segments = [Segment()]
    for values in files:
        parts = _parts(values, main)
        for number, part in enumerate(parts):
            if _goes_back(segments[-1], part, main, is_first=number == 0):
                segments.append(Segment(_fork(part, main, is_whole=len(parts) == 1)))
            for tag, (steps, numbers) in part.items():
                _add(segments, tag, steps, numbers)
    return segments


def _parts(values: FileValues, main: str) -> list[dict[str, Points]]:
    """Return the values of a file, cut where the main tag's steps go back."""
    cuts = np.empty(0, np.int64)
    if main in values:
        order, steps, _ = values[main].arrays()
        cuts = order[1:][steps[1:] < steps[:-1]]
    parts: list[dict[str, Points]] = [{} for _ in range(len(cuts) + 1)]
    for tag, known in values.items():
        order, steps, numbers = known.arrays()
        bounds = [0, *np.searchsorted(order, cuts).tolist(), len(order)]
        for part, start, end in zip(parts, bounds, bounds[1:], strict=False):
            if end > start:
                part[tag] = steps[start:end], numbers[start:end]
    return parts


def _goes_back(segment: Segment, part: Mapping[str, Points], main: str, is_first: bool) -> bool:
    """Whether a part of a file begins before the end of the segment."""
    if main not in part or main not in segment.curves:
        return False
    first, last = int(part[main][0][0]), int(segment.curves[main][0][-1])
    return first <= last or not is_first


def _fork(part: Mapping[str, Points], main: str, is_whole: bool) -> int:
    """Return the last step before a part; of a whole file, before the values of all tags."""
    before_main = int(part[main][0][0]) - 1
    others = [int(steps.min()) - 1 for tag, (steps, _) in part.items() if tag != main and is_whole]
    return min([before_main, *others])


def _add(segments: list[Segment], tag: str, steps: NDArray[Any], values: NDArray[Any]) -> None:
    """Add values to the last segment; those up to its fork belong to an earlier one."""
    for segment in reversed(segments[1:]):
        is_here = steps > segment.fork
        if is_here.any():
            segment.add(tag, steps[is_here], values[is_here])
        steps, values = steps[~is_here], values[~is_here]
    if len(steps):
        segments[0].add(tag, steps, values)
