"""The histories of groups: each continues an earlier one, or a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tuitrain.engines.state import Array
from tuitrain.run.snapshot import GroupHistory, Series, Snapshot

from .curves.growing_curves import check_points
from .errors import RemoteDataError
from .history_blocks import (
    HistoryBlock,
    extend_blocks,
    fill_histories,
    make_blocks,
    thin_blocks,
)
from .history_columns import WHAT, Columns, Count, pack_columns, unpack_columns
from .history_points import CURVES, FACTS, HistoryPoints, points_of
from .history_rates import (
    NO_RATES,
    PreparedRates,
    RatesChange,
    pack_rates,
    prepare_rates,
    rates_of,
    unpack_rates,
)
from .part import field_codec
from .values import Packed, ValueCodec, decode, encode

_facts_of: Final = attrgetter(*FACTS)


class _Change(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=0):
    """The differences of all histories.

    Attributes
    ----------
    outlines : the histories without points, as msgpack; None if they are as before, and each
        continues itself
    sources : for each, the number of the earlier history that it begins with; -1 for none
    keeps : for each, the number of points of that history
    columns : the points after these; None if there are none
    rates : the learning rates; None if they are as before
    places : of the earlier points of each history that are kept, int32; None for all
    """

    outlines: bytes | None
    sources: tuple[int, ...]
    keeps: tuple[Count, ...]
    columns: Columns | None
    rates: RatesChange | None
    places: bytes | None = None


class _Whole(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=1):
    """Histories whose series have not the same steps; no differences are made of these."""

    histories: msgspec.Raw


class PreparedHistories:
    """The histories of a snapshot, prepared for comparison.

    Parameters
    ----------
    previous : the newest so far; those before them free the copy of their points
    """

    def __init__(
        self, histories: tuple[GroupHistory, ...], previous: PreparedHistories | None
    ) -> None:
        self.histories = histories
        self._points: HistoryPoints | None = None
        self._rates: list[PreparedRates] | None = None
        self._previous = previous
        if previous is not None:
            previous._free_previous()

    @property
    def facts(self) -> list[Any]:
        """Everything but the series."""
        return list(map(_facts_of, self.histories))

    @property
    def points(self) -> HistoryPoints | None:
        """All points; None if the series of a history have not the same steps."""
        if self._points is None:
            self._points = points_of(self.histories)
        return self._points

    @property
    def rates(self) -> list[PreparedRates]:
        """The learning rates."""
        if self._rates is None:
            self._rates = prepare_rates(self.histories)
        return self._rates

    def _free_previous(self) -> None:
        if self._previous is not None:
            self._previous._points = self._previous._rates = None
            self._previous = None


class HistoriesState(NamedTuple):
    """The histories that a reader has, and their buffers; None if they were sent whole."""

    histories: tuple[GroupHistory, ...]
    blocks: list[HistoryBlock] | None


class HistoriesPart:
    """The field ``histories``."""

    def __init__(self) -> None:
        self._codec: ValueCodec[tuple[GroupHistory, ...]] = field_codec("histories")
        self._changes = msgspec.msgpack.Decoder(_Change | _Whole)

    @property
    def fields(self) -> tuple[str, ...]:
        """The name of the field."""
        return ("histories",)

    def is_of(self, prepared: PreparedHistories, snapshot: Snapshot) -> bool:
        """Whether the value is the same object."""
        return prepared.histories is snapshot.histories

    def prepare(self, snapshot: Snapshot, previous: PreparedHistories | None) -> PreparedHistories:
        """Return the histories; see `Part.prepare`."""
        return PreparedHistories(snapshot.histories, previous)

    def difference(self, old: PreparedHistories | None, new: PreparedHistories) -> bytes | None:
        """Encode the points that were added."""
        if old is new:
            return None
        points = new.points
        if points is None:
            return encode(_Whole(msgspec.Raw(self._codec.encode(new.histories))))
        known = old.points if old else None
        if old is None or known is None or old.facts != new.facts:
            return self._outlined(old, new, points)
        places = columns = None
        kept = known.lengths
        if not points.begins_with(known):
            places = points.places_in(known)
            if places is None:
                return self._outlined(old, new, points)
            kept = np.full_like(known.lengths, len(places))
        if places is not None or len(points.steps) != len(known.steps):
            columns = pack_columns(points.after(kept))
        rates = pack_rates(old.rates, new.rates)
        if columns is None and rates is None:
            return None
        packed = None if places is None else places.astype("<i4").tobytes()
        return encode(_Change(None, (), (), columns, rates, packed))

    def _outlined(
        self, old: PreparedHistories | None, new: PreparedHistories, points: HistoryPoints
    ) -> bytes:
        """Encode histories that begin with any earlier ones, by their other fields."""
        known = old.points if old else None
        earlier = old.histories if old and known else ()
        known_rates = old.rates if old and known else []
        places = {history.name: at for at, history in enumerate(earlier)}
        sources = tuple(places.get(history.name, -1) for history in new.histories)
        keeps = tuple(
            0 if known is None or source < 0 else _common(known.of(source), points.of(index))
            for index, source in enumerate(sources)
        )
        outlines = self._codec.encode(tuple(map(_outline, new.histories)))
        rest = points.after(np.array(keeps, np.int64))
        rates = pack_rates(
            [known_rates[source] if source >= 0 else None for source in sources], new.rates
        )
        return encode(_Change(outlines, sources, keeps, pack_columns(rest), rates))

    def apply(self, state: HistoriesState | None, data: Packed) -> HistoriesState:
        """Decode the histories."""
        change = decode(data, self._changes, WHAT)
        if isinstance(change, _Whole):
            return HistoriesState(self._codec.decode(change.histories), None)
        if change.outlines is not None:
            return _restarted(state, self._codec.decode(change.outlines), change)
        if state is None or state.blocks is None:
            raise RemoteDataError(f"{WHAT}: a difference came before the whole")
        blocks = state.blocks
        if change.places is not None:
            blocks = thin_blocks(blocks, _unpack_places(change.places))
        if change.columns is not None:
            blocks = _extended_blocks(
                state.histories, blocks, unpack_columns(change.columns, len(state.histories))
            )
        rates = list(map(rates_of, state.histories))
        if change.rates is not None:
            rates = unpack_rates(rates, change.rates)
        return HistoriesState(fill_histories(state.histories, blocks, rates), blocks)

    def values(self, state: HistoriesState) -> dict[str, Any]:
        """Return the histories."""
        return {"histories": state.histories}


def _restarted(
    state: HistoriesState | None, outlines: tuple[GroupHistory, ...], change: _Change
) -> HistoriesState:
    """Return histories that begin with parts of earlier ones."""
    if not len(outlines) == len(change.sources) == len(change.keeps):
        raise RemoteDataError(f"{WHAT}: {len(change.sources)} sources for {len(outlines)}")
    known = state.histories if state and state.blocks is not None else ()
    for source, keep in zip(change.sources, change.keeps, strict=True):
        length = len(_series(known[source]).steps) if 0 <= source < len(known) else 0
        if keep > length or not -1 <= source < len(known):
            raise RemoteDataError(
                f"{WHAT}: one continues after {keep} points of history {source}, which has {length}"
            )
    if change.columns is None:
        raise RemoteDataError(f"{WHAT}: {len(outlines)} came without points")
    points = unpack_columns(change.columns, len(outlines))
    check_points(len(CURVES) * (sum(change.keeps) + len(points.steps)))
    blocks = _joined_blocks(known, change.sources, change.keeps, points)
    rates = [rates_of(known[source]) if source >= 0 else NO_RATES for source in change.sources]
    if change.rates is not None:
        rates = unpack_rates(rates, change.rates)
    return HistoriesState(fill_histories(outlines, blocks, rates), blocks)


def _unpack_places(content: bytes) -> NDArray[np.intp]:
    if len(content) % 4:
        raise RemoteDataError(f"{WHAT}: {len(content)} bytes are not places of points")
    return np.frombuffer(content, "<i4").astype(np.intp)


def _extended_blocks(
    histories: Sequence[GroupHistory], blocks: Sequence[HistoryBlock], points: HistoryPoints
) -> list[HistoryBlock]:
    """Return blocks with more points; new ones if members of one gain different steps."""
    kept = sum(block.length * len(block.members) for block in blocks)
    check_points(len(CURVES) * (kept + len(points.steps)))
    extended = extend_blocks(blocks, points)
    if extended is not None:
        return extended
    keeps = [len(_series(history).steps) for history in histories]
    return _joined_blocks(histories, range(len(histories)), keeps, points)


def _joined_blocks(
    known: Sequence[GroupHistory],
    sources: Sequence[int],
    keeps: Sequence[int],
    points: HistoryPoints,
) -> list[HistoryBlock]:
    """Return blocks of histories that begin with parts of known ones, and have more points."""
    steps: list[Array] = []
    values: list[Array] = []
    for index, (source, keep) in enumerate(zip(sources, keeps, strict=True)):
        more_steps, more_values = points.of(index)
        if source >= 0:
            history = known[source]
            curves = [getattr(history, name).values[:keep] for name in CURVES]
            more_steps = np.concatenate([_series(history).steps[:keep], more_steps])
            more_values = np.concatenate([np.stack(curves), more_values], axis=1)
        steps.append(more_steps)
        values.append(more_values)
    return make_blocks(steps, values)


def _common(old: tuple[Array, Array], new: tuple[Array, Array]) -> int:
    """Return the number of points at the beginning that have the same bits."""
    length = min(len(old[0]), len(new[0]))
    known, other = (
        np.vstack([steps[:length], values.view(np.int64)[:, :length]])
        for steps, values in (old, new)
    )
    different = np.flatnonzero((known != other).any(axis=0))
    return int(different[0]) if len(different) else length


def _series(history: GroupHistory) -> Series:
    """Return the first of the series, which have the same steps."""
    series: Series = getattr(history, CURVES[0])
    return series


def _outline(history: GroupHistory) -> GroupHistory:
    facts: dict[str, Any] = {name: getattr(history, name) for name in FACTS}
    return GroupHistory(**facts)
