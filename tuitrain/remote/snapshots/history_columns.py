"""The points that histories of groups have gained, of all groups together, as msgpack."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
import numpy as np

from .errors import RemoteDataError
from .history_points import CURVES, HistoryPoints
from .part import describe_field

WHAT: Final = describe_field("histories")

Count = Annotated[int, msgspec.Meta(ge=0)]


class Columns(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Points of all histories, in their order.

    Attributes
    ----------
    counts : the number of points of each history; one number if all have the same steps
    steps : int64, of all points; of those of one history if all have the same steps
    values : float64 for each series, of all points
    """

    counts: tuple[Count, ...] | Count
    steps: bytes
    values: tuple[bytes, ...]


def pack_columns(points: HistoryPoints) -> Columns:
    """Return points as data."""
    counts: list[int] = points.lengths.tolist()
    steps = points.steps.astype("<i8", copy=False)
    common = points.has_common_steps
    return Columns(
        counts=counts[0] if common else tuple(counts),
        steps=(steps[: counts[0]] if common else steps).tobytes(),
        values=tuple([row.tobytes() for row in points.values.astype("<f8", copy=False)]),
    )


def unpack_columns(columns: Columns, histories: int) -> HistoryPoints:
    """Return the points of histories.

    Raises
    ------
    RemoteDataError : the counts and the bytes do not agree
    """
    is_common = isinstance(columns.counts, int)
    counts = (columns.counts,) * histories if isinstance(columns.counts, int) else columns.counts
    total = sum(counts)
    if (
        len(counts) != histories
        or len(columns.steps) != 8 * (sum(counts[:1]) if is_common else total)
        or len(columns.values) != len(CURVES)
        or any(len(content) != 8 * total for content in columns.values)
    ):
        raise RemoteDataError(f"{WHAT}: the points do not fit {histories} histories")
    steps = np.frombuffer(columns.steps, "<i8").astype(np.int64, copy=False)
    values = np.stack([np.frombuffer(content, "<f8") for content in columns.values])
    return HistoryPoints(
        np.array(counts, np.int64),
        np.tile(steps, histories) if is_common else steps,
        values.astype(np.float64, copy=False),
    )
