"""The status of a run, as lists show it."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from tuitrain.run.recorder import RECORD_ENDS
from tuitrain.run.snapshot import Series, Snapshot

from ..wire.messages import Status

CURVE_POINTS: Final = 64
"""Points of the loss curve in a list of runs; it is drawn a few cells wide."""


def make_status(snapshot: Snapshot, viewers: int) -> Status:
    """Return the status of a run from its snapshot and the number of its screens."""
    return Status(
        phase=snapshot.phase.value,
        step=snapshot.step,
        total_steps=snapshot.info.total_steps,
        loss=_last(snapshot.loss),
        metric=snapshot.info.main_metric.name,
        value=_last(snapshot.main_series),
        viewers=viewers,
        samples_per_second=snapshot.samples_per_second,
        curve=_thinned(snapshot.loss),
        speed_unit=snapshot.info.speed_unit,
        problem=snapshot.note if snapshot.note.startswith(RECORD_ENDS) else "",
    )


def finite_or_none(value: float) -> float | None:
    """Return a number, or None if it is not finite: JSON has no NaN."""
    return value if math.isfinite(value) else None


def _last(series: Series) -> float | None:
    return None if series.last is None else finite_or_none(series.last)


def _thinned(series: Series) -> list[float | None]:
    if not len(series):
        return []
    indices = np.unique(np.linspace(0, len(series) - 1, CURVE_POINTS).astype(int))
    return [finite_or_none(float(value)) for value in series.values[indices]]
