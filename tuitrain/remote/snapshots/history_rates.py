"""The learning rates of groups, as differences: the spans of steps, and points that do not follow.

While a learning rate is constant, the points of its curve spread over more steps with each
snapshot, so all of them change. They follow from the span and the last step, and only that step is
sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated, Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tuitrain.engines.views import LrSpan
from tuitrain.run.history.common_length import common_length
from tuitrain.run.history.lr_curve import Points, is_constant, spread_steps
from tuitrain.run.snapshot import GroupHistory, Series

from .curves.growing_curves import check_points
from .curves.series_match import common_points
from .errors import RemoteDataError
from .history_columns import WHAT, Count

MAX_STEP: Final = 2**53
"""The last step up to which points follow from a span."""

End = Annotated[int, msgspec.Meta(ge=-1, le=MAX_STEP)]


class SpanData(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An `LrSpan`; one without a schedule is sent without its record."""

    first: int
    lr: float
    schedule_record: dict[str, Any] = {}


class SpansChange(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Spans that are not as before.

    Attributes
    ----------
    index : the number of the history
    keep : the number of spans that are kept of the earlier ones
    added : those after them: first step, learning rate, schedule
    """

    index: Count
    keep: Count
    added: tuple[SpanData, ...]


class RatesChange(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The learning rates of all histories; a tuple of equal numbers is sent as one number.

    A series has points of the earlier series, further points, and those that follow from a span.

    Attributes
    ----------
    spans : of the histories whose spans have changed
    keeps : for each history, the number of points that are kept
    counts : for each, the number of points after these
    steps, values : of these, int64 and float64
    ends : for each, the last step of the points that follow from its newest span; -1 for none
    """

    spans: tuple[SpansChange, ...]
    keeps: Count | tuple[Count, ...]
    counts: Count | tuple[Count, ...]
    steps: bytes
    values: bytes
    ends: End | tuple[End, ...]


class Rates(NamedTuple):
    """The learning rates of a history."""

    series: Series
    spans: tuple[LrSpan, ...]


NO_RATES: Final = Rates(Series(), ())


def rates_of(history: GroupHistory) -> Rates:
    """Return the learning rates of a history."""
    return Rates(history.lr, history.lr_spans)


@dataclass(frozen=True, slots=True)
class PreparedRates:
    """The learning rates of a history, with how many points are sent, and from where others follow.

    Attributes
    ----------
    plain : the number of points that do not follow from a span
    end : the last step of those that do; -1 if there are none
    """

    rates: Rates
    plain: int
    end: int


def prepare_rates(histories: Sequence[GroupHistory]) -> list[PreparedRates]:
    """Return the learning rates of histories in the form that is compared and sent."""
    return [_prepare(rates_of(history)) for history in histories]


def pack_rates(
    old: Sequence[PreparedRates | None], new: Sequence[PreparedRates]
) -> RatesChange | None:
    """Return the differences of learning rates; None if there are none.

    Parameters
    ----------
    old : for each of ``new``, what the reader has; None for nothing
    """
    pairs = list(zip(old, new, strict=True))
    spans = [
        change
        for index, (known, rates) in enumerate(pairs)
        if (change := _spans_change(index, known, rates))
    ]
    keeps = [_kept_points(known, rates) for known, rates in pairs]
    if not spans and all(
        known is not None and rates.end == known.end and keep == rates.plain == known.plain
        for keep, (known, rates) in zip(keeps, pairs, strict=True)
    ):
        return None
    added = [
        (item.rates.series.steps[keep : item.plain], item.rates.series.values[keep : item.plain])
        for keep, item in zip(keeps, new, strict=True)
    ]
    return RatesChange(
        tuple(spans),
        _pack_numbers(keeps),
        _pack_numbers([len(steps) for steps, _ in added]),
        b"".join([steps.astype("<i8", copy=False).tobytes() for steps, _ in added]),
        b"".join([values.astype("<f8", copy=False).tobytes() for _, values in added]),
        _pack_numbers([item.end for item in new]),
    )


def unpack_rates(known: Sequence[Rates], change: RatesChange) -> list[Rates]:
    """Return learning rates.

    Parameters
    ----------
    known : for each, the earlier one; `NO_RATES` for none

    Raises
    ------
    RemoteDataError : the numbers and the bytes do not agree, or earlier points are missing
    """
    keeps, counts, ends = (
        _unpack_numbers(numbers, len(known))
        for numbers in (change.keeps, change.counts, change.ends)
    )
    check_points(sum(keeps) + sum(counts))
    added = _unpack_points(change, counts)
    spans = _unpack_spans(known, change.spans)
    followers = _Followers()
    rates: list[Rates] = []
    for earlier, points, its_spans, keep, end in zip(known, added, spans, keeps, ends, strict=True):
        kept = _first_points(earlier.series, keep)
        following = [followers.points(its_spans, end)] if end >= 0 else []
        rates.append(Rates(_joined([kept, points, *following]), its_spans))
    return rates


class _Followers:
    """Returns the points that follow from spans; those of all histories are counted."""

    def __init__(self) -> None:
        self._count = 0

    def points(self, spans: tuple[LrSpan, ...], end: int) -> Points:
        """Return steps and learning rates of the newest span that begins before a step."""
        span = _newest_span(spans, end)
        if span is None or not is_constant(span):
            raise RemoteDataError(f"{WHAT}: no constant learning rate reaches step {end}")
        steps = spread_steps(span.first, end)
        self._count += len(steps)
        check_points(self._count)
        return steps, np.full(len(steps), span.lr)


def _prepare(rates: Rates) -> PreparedRates:
    series, spans = rates
    length = len(series)
    last = int(series.steps[-1]) if length else -1
    span = _newest_span(spans, last) if 0 <= last <= MAX_STEP else None
    if span is not None and is_constant(span):
        steps = spread_steps(span.first, last)
        plain = length - len(steps)
        if plain >= 0 and _are_constant(series.values[plain:], span.lr):
            rest = series.steps[plain:] if plain else series.steps
            if rest is steps or np.array_equal(rest, steps):
                return PreparedRates(rates, plain, last)
    return PreparedRates(rates, length, -1)


def _newest_span(spans: tuple[LrSpan, ...], step: int) -> LrSpan | None:
    """Return the span in which a step is; None if there is none that begins at 0 or later."""
    span = next((span for span in reversed(spans) if span.first <= step), None)
    return span if span is not None and span.first >= 0 else None


def _are_constant(values: NDArray[np.float64], value: float) -> bool:
    """Whether all values have the bits of one."""
    bits = np.float64(value).view(np.int64)
    return bool((values.view(np.int64) == bits).all())


def _spans_change(
    index: int, known: PreparedRates | None, new: PreparedRates
) -> SpansChange | None:
    old, spans = known.rates.spans if known else (), new.rates.spans
    if old is spans:
        return None
    keep = common_length(old, spans)
    if keep == len(old) == len(spans):
        return None
    added = [SpanData(span.first, span.lr, dict(span.schedule_record)) for span in spans[keep:]]
    return SpansChange(index, keep, tuple(added))


def _kept_points(known: PreparedRates | None, new: PreparedRates) -> int:
    """Return the number of points that a reader has already, of those that do not follow."""
    if known is None or not new.plain:
        return 0
    series = new.rates.series
    plain = Series(series.steps[: new.plain], series.values[: new.plain])
    return common_points(known.rates.series, plain)


def _unpack_points(change: RatesChange, counts: Sequence[int]) -> list[Points]:
    """Return the further points of each history."""
    total = sum(counts)
    if len(change.steps) != 8 * total or len(change.values) != 8 * total:
        raise RemoteDataError(f"{WHAT}: {total} learning rates have other bytes than they take")
    steps = np.frombuffer(change.steps, "<i8").astype(np.int64, copy=False)
    values = np.frombuffer(change.values, "<f8").astype(np.float64, copy=False)
    ends = list(accumulate(counts))
    return [
        (steps[end - count : end], values[end - count : end])
        for end, count in zip(ends, counts, strict=True)
    ]


def _unpack_spans(
    known: Sequence[Rates], changes: Sequence[SpansChange]
) -> list[tuple[LrSpan, ...]]:
    spans = [rates.spans for rates in known]
    for change in changes:
        if change.index >= len(spans) or change.keep > len(spans[change.index]):
            raise RemoteDataError(
                f"{WHAT}: history {change.index} continues {change.keep} spans, and has fewer"
            )
        more = [LrSpan(item.first, item.lr, item.schedule_record) for item in change.added]
        spans[change.index] = (*spans[change.index][: change.keep], *more)
    return spans


def _first_points(series: Series, keep: int) -> Points:
    if keep > len(series):
        raise RemoteDataError(
            f"{WHAT}: a learning rate of {len(series)} points continues after {keep}"
        )
    return series.steps[:keep], series.values[:keep]


def _joined(parts: Sequence[Points]) -> Series:
    """Return a read-only series; it shares memory with the only part that has points."""
    filled = [part for part in parts if len(part[0])] or [parts[0]]
    if len(filled) == 1:
        steps, values = filled[0]
    else:
        steps, values = (np.concatenate(arrays) for arrays in zip(*filled, strict=True))
    steps.flags.writeable = values.flags.writeable = False
    return Series(steps, values)


def _pack_numbers(numbers: Sequence[int]) -> int | tuple[int, ...]:
    return numbers[0] if len(set(numbers)) == 1 else tuple(numbers)


def _unpack_numbers(numbers: int | tuple[int, ...], histories: int) -> Sequence[int]:
    every = (numbers,) * histories if isinstance(numbers, int) else numbers
    if len(every) != histories:
        raise RemoteDataError(f"{WHAT}: {len(every)} numbers came for {histories} histories")
    return every
