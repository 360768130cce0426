"""The loss, the metrics and the other branches: their curves are sent as differences.

All series of a snapshot are numbered: the loss, the metrics, then the loss and the metrics of each
branch. A series continues any series of the snapshot before: when the run goes back, the curve
of the branch that is left stays where it is, and the new one begins with a part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from tuitrain.run.snapshot import BranchView, Series, Snapshot

from ..arrays import (
    ArrayData,
    StepRange,
    pack_array,
    pack_steps,
    unpack_array,
    unpack_steps,
)
from ..errors import RemoteDataError
from ..part import field_codec
from ..values import Packed, decode, encode
from ..wire_types import field_types
from .growing_curves import check_points
from .received_curve import MAX_SHOWN, ReceivedCurve
from .series_match import KnownSeries, Role, find_source

_WHAT: Final = "the curves of a snapshot"
_SERIES: Final = ("loss", "metrics")
_FACTS: Final = attrgetter(*(name for name in field_types(BranchView) if name not in _SERIES))
"""The fields of a branch that are not curves."""

_Index = Annotated[int, msgspec.Meta(ge=0)]


class _CurveChange(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A series that is not as before.

    Attributes
    ----------
    index : its number
    source : the number of the earlier series that it begins with; -1 for none
    keep : the number of points of that series
    steps, values : the points after these
    """

    index: _Index
    source: Annotated[int, msgspec.Meta(ge=-1)]
    keep: _Index
    steps: ArrayData | StepRange
    values: ArrayData


class _Change(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The differences of all curves.

    Attributes
    ----------
    metrics, branches : as msgpack, without the points of their curves; None if they are as before
    """

    metrics: bytes | None
    branches: bytes | None
    curves: tuple[_CurveChange, ...]


@dataclass(eq=False)
class PreparedCurves:
    """The curves of a snapshot."""

    loss: Series
    metrics: Mapping[str, Series]
    branches: tuple[BranchView, ...]
    known: KnownSeries

    @cached_property
    def branch_facts(self) -> list[Any]:
        """The branches without their curves."""
        return [(_FACTS(branch), tuple(branch.metrics)) for branch in self.branches]


class _Curve(NamedTuple):
    """A received curve, and the series of it."""

    received: ReceivedCurve
    series: Series

    @classmethod
    def of(cls, received: ReceivedCurve) -> _Curve:
        return cls(received, received.series())


class CurvesState(NamedTuple):
    """The curves that a reader has."""

    metrics: Mapping[str, Series]
    branches: tuple[BranchView, ...]
    curves: list[_Curve]


class CurvesPart:
    """The fields ``loss``, ``metrics`` and ``branches``.

    Parameters
    ----------
    thins : whether curves are thinned when they are received; see `ReceivedCurve`
    """

    def __init__(self, thins: bool = False) -> None:
        self._thins = thins
        self._metrics = field_codec("metrics")
        self._branches = field_codec("branches")
        self._changes = msgspec.msgpack.Decoder(_Change)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields."""
        return ("loss", "metrics", "branches")

    def is_of(self, prepared: PreparedCurves, snapshot: Snapshot) -> bool:
        """Whether the curves are the same objects."""
        return (
            prepared.loss is snapshot.loss
            and prepared.metrics is snapshot.metrics
            and prepared.branches is snapshot.branches
        )

    def prepare(self, snapshot: Snapshot, previous: PreparedCurves | None) -> PreparedCurves:
        """List the series; see `Part.prepare`."""
        del previous
        every = list(_series_of(snapshot.loss, snapshot.metrics, snapshot.branches))
        known = KnownSeries([role for role, _ in every], [series for _, series in every])
        return PreparedCurves(snapshot.loss, snapshot.metrics, snapshot.branches, known)

    def difference(self, old: PreparedCurves | None, new: PreparedCurves) -> bytes | None:
        """Encode the points that were added, and the branches if they changed."""
        if old is new:
            return None
        before = old.known if old else KnownSeries([], [])
        numbers = range(len(new.known.series))
        changes = [change for index in numbers if (change := _compare(before, new.known, index))]
        metrics = branches = None
        if old is None or list(old.metrics) != list(new.metrics):
            metrics = self._metrics.encode(_without_points(new.metrics))
        if old is None or old.branch_facts != new.branch_facts:
            outlines = tuple(map(_outline, new.branches))
            branches = self._branches.encode(outlines)
        if metrics is None and branches is None and not changes:
            return None
        return encode(_Change(metrics, branches, tuple(changes)))

    def apply(self, state: CurvesState | None, data: Packed) -> CurvesState:
        """Decode the curves."""
        change = decode(data, self._changes, _WHAT)
        if state is None and (change.metrics is None or change.branches is None):
            raise RemoteDataError(f"{_WHAT}: a difference came before the whole")
        state = state or CurvesState({}, (), [])
        metrics, branches = state.metrics, state.branches
        if change.metrics is not None:
            metrics = self._metrics.decode(change.metrics)
        if change.branches is not None:
            branches = self._branches.decode(change.branches)
        count = sum(1 for _ in _series_of(Series(), metrics, branches))
        curves = _read_curves(state.curves, change.curves, count, self._thins)
        return _assemble(curves, metrics, branches)

    def values(self, state: CurvesState) -> dict[str, Any]:
        """Return the loss, the metrics and the branches."""
        loss = state.curves[0].series
        return {"loss": loss, "metrics": state.metrics, "branches": state.branches}


def _series_of(
    loss: Series, metrics: Mapping[str, Series], branches: tuple[BranchView, ...]
) -> Iterator[tuple[Role, Series]]:
    """Yield all series of a snapshot with their roles, in the order of their numbers."""
    yield ("loss",), loss
    for name, series in metrics.items():
        yield ("metrics", name), series
    for branch in branches:
        yield ("branch", branch.name, "loss"), branch.loss
        for name, series in branch.metrics.items():
            yield ("branch", branch.name, "metrics", name), series


def _compare(old: KnownSeries, new: KnownSeries, index: int) -> _CurveChange | None:
    """Return how a series differs from what the reader has, or None."""
    series = new.series[index]
    source, keep = find_source(old, new, index)
    if source == index and keep == len(series) == len(old.series[source]):
        return None
    steps, values = pack_steps(series.steps[keep:]), pack_array(series.values[keep:])
    return _CurveChange(index, source, keep, steps, values)


def _without_points(metrics: Mapping[str, Series]) -> dict[str, Series]:
    return dict.fromkeys(metrics, Series())


def _outline(branch: BranchView) -> BranchView:
    return replace(branch, loss=Series(), metrics=_without_points(branch.metrics))


def _read_curves(
    old: list[_Curve], changes: tuple[_CurveChange, ...], count: int, thins: bool
) -> list[_Curve]:
    """Return the curves of a snapshot that has ``count`` of them."""
    by_index = {change.index: change for change in changes}
    if len(by_index) != len(changes) or any(index >= count for index in by_index):
        raise RemoteDataError(f"{_WHAT}: {len(changes)} changes do not fit {count} curves")
    if any(index >= len(old) and index not in by_index for index in range(count)):
        raise RemoteDataError(f"{_WHAT}: {count} curves, of which {len(old)} are known here")
    kept = (len(old[index].series) for index in range(count) if index not in by_index)
    check_points(sum(kept) + sum(_points(change, thins) for change in changes))
    return [
        _read_curve(old, by_index[index], thins) if index in by_index else old[index]
        for index in range(count)
    ]


def _points(change: _CurveChange, thins: bool) -> int:
    keep = min(change.keep, MAX_SHOWN) if thins else change.keep
    return keep + sum(change.values.shape)


def _read_curve(old: list[_Curve], change: _CurveChange, thins: bool) -> _Curve:
    values = unpack_array(change.values)
    steps = unpack_steps(change.steps, values.size)
    if steps.ndim != 1 or steps.shape != values.shape:
        raise RemoteDataError(f"{_WHAT}: steps {steps.shape} with values {values.shape}")
    if steps.dtype.kind not in "iu" or values.dtype.kind not in "fiu":
        raise RemoteDataError(f"{_WHAT}: steps of {steps.dtype} with values of {values.dtype}")
    if change.source < 0:
        if change.keep:
            raise RemoteDataError(f"{_WHAT}: {change.keep} points are kept of no curve")
        return _Curve.of(ReceivedCurve.of(steps, values, thins))
    if change.source >= len(old):
        raise RemoteDataError(
            f"{_WHAT}: one continues curve {change.source}, but {len(old)} are known here"
        )
    source = old[change.source].received
    if change.keep > source.length:
        raise RemoteDataError(
            f"{_WHAT}: one continues after {change.keep} of {source.length} points"
        )
    return _Curve.of(source.extended(change.keep, steps, values))


def _assemble(
    curves: list[_Curve], metrics: Mapping[str, Series], branches: tuple[BranchView, ...]
) -> CurvesState:
    """Put the series in their places."""
    series = iter([curve.series for curve in curves])
    next(series)
    filled = {name: next(series) for name in metrics}
    views = tuple(
        replace(branch, loss=next(series), metrics={name: next(series) for name in branch.metrics})
        for branch in branches
    )
    return CurvesState(filled, views, curves)
