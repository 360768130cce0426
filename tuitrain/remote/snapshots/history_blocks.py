"""Received histories: those with the same steps share buffers, so that all grow at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tuitrain.engines.state import Array
from tuitrain.run.snapshot import GroupHistory, Series

from .curves.growing_curves import GrowingCurves
from .errors import RemoteDataError
from .history_columns import WHAT
from .history_points import CURVES, RATES, HistoryPoints
from .history_rates import Rates
from .wire_types import field_types


class HistoryBlock(NamedTuple):
    """Histories with the same steps.

    Attributes
    ----------
    members : their numbers
    buffer : the first series of all of them, then the second, …
    length : the number of their points
    """

    members: NDArray[np.intp]
    buffer: GrowingCurves
    length: int


def make_blocks(steps: Sequence[Array], values: Sequence[Array]) -> list[HistoryBlock]:
    """Return blocks of histories.

    Parameters
    ----------
    steps : (p,) for each history
    values : (series, p) for each history
    """
    members: dict[bytes, list[int]] = {}
    for index, array in enumerate(steps):
        members.setdefault(array.tobytes(), []).append(index)
    return [
        HistoryBlock(
            np.array(numbers),
            GrowingCurves(
                steps[numbers[0]], _rows(np.stack([values[number] for number in numbers], axis=1))
            ),
            len(steps[numbers[0]]),
        )
        for numbers in members.values()
    ]


def extend_blocks(
    blocks: Sequence[HistoryBlock], points: HistoryPoints
) -> list[HistoryBlock] | None:
    """Return blocks with more points; None if members of a block have gained different steps."""
    starts = np.array(points.ends, np.int64) - points.lengths
    extended: list[HistoryBlock] = []
    for members, buffer, length in blocks:
        counts = points.lengths[members]
        if (counts != counts[0]).any():
            return None
        places: NDArray[np.int64] = starts[members][:, None] + np.arange(int(counts[0]))
        steps = points.steps[places]
        if (steps != steps[0]).any():
            return None
        longer = buffer.extended(length, steps[0], _rows(points.values[:, places]))
        extended.append(HistoryBlock(members, longer, length + int(counts[0])))
    return extended


def thin_blocks(blocks: Sequence[HistoryBlock], places: NDArray[np.intp]) -> list[HistoryBlock]:
    """Return blocks with some of their points.

    Parameters
    ----------
    places : of the points that are kept, ascending

    Raises
    ------
    RemoteDataError : a block has fewer points
    """
    shortest = min((block.length for block in blocks), default=0)
    is_ascending = bool((np.diff(places, prepend=-1) > 0).all())
    if len(places) and not (is_ascending and places[-1] < shortest):
        raise RemoteDataError(f"{WHAT}: histories of {shortest} points keep others than they have")
    thinned: list[HistoryBlock] = []
    for members, buffer, length in blocks:
        steps, rows = buffer.views(length)
        thinned.append(
            HistoryBlock(members, GrowingCurves(steps[places], rows[:, places]), len(places))
        )
    return thinned


def fill_histories(
    outlines: Sequence[GroupHistory], blocks: Iterable[HistoryBlock], rates: Sequence[Rates]
) -> tuple[GroupHistory, ...]:
    """Return histories with their points and rates, from histories with others."""
    filled: list[GroupHistory] = list(outlines)
    for members, buffer, length in blocks:
        steps, rows = buffer.views(length)
        series = list(map(Series, repeat(steps), rows))
        numbers: list[int] = members.tolist()
        known = [outlines[number] for number in numbers]
        columns: dict[str, Iterable[Any]] = {
            name: series[index * len(numbers) : (index + 1) * len(numbers)]
            for index, name in enumerate(CURVES)
        }
        its_rates = zip(*[rates[number] for number in numbers], strict=True)
        columns |= zip(RATES, its_rates, strict=True)
        fields = [
            columns[name] if name in columns else map(attrgetter(name), known)
            for name in field_types(GroupHistory)
        ]
        for number, history in zip(numbers, map(GroupHistory, *fields), strict=True):
            filled[number] = history
    return tuple(filled)


def _rows(values: Array) -> Array:
    """Return values (series, members, points) with a row for each series of each member."""
    series, members, points = values.shape
    return values.reshape(series * members, points)
