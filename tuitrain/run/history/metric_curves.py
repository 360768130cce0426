"""The curves of the metrics that are measured on the test set, by name."""

from __future__ import annotations

from collections.abc import Mapping

from ..snapshot import Series
from .curve import Curve


class MetricCurves:
    """A curve for each metric that was measured, in the order of the first measurement."""

    def __init__(self, curves: Mapping[str, Curve] | None = None) -> None:
        self._curves = dict(curves or {})

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Add the values that were measured after ``step`` steps."""
        for name, value in values.items():
            self._curves.setdefault(name, Curve()).extend(step, [value])

    def at(self, step: int) -> Mapping[str, float]:
        """Return the newest values, those that were measured after ``step`` steps."""
        return {
            name: curve.last(1)[0]
            for name, curve in self._curves.items()
            if len(curve) and curve.series().steps[-1] == step
        }

    def newest(self) -> Mapping[str, float]:
        """Return the newest value of each metric."""
        return {name: curve.last(1)[0] for name, curve in self._curves.items() if len(curve)}

    @property
    def last_step(self) -> int:
        """The step of the newest values; -1 if there are none."""
        ends = [int(curve.series().steps[-1]) for curve in self._curves.values() if len(curve)]
        return max(ends, default=-1)

    def until(self, step: int) -> MetricCurves:
        """Return new curves with the values up to and including ``step``."""
        return MetricCurves({name: curve.until(step) for name, curve in self._curves.items()})

    def series(self) -> dict[str, Series]:
        """Return all values so far by metric, read-only."""
        return {name: curve.series() for name, curve in self._curves.items()}
