"""What part of the run the charts show, and how: one value for all of them, and its moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from .pinned_runs import PinnedRun

MIN_SPAN: Final = 10
"""Steps; one does not zoom in further."""

_MOVES: Final = 50
"""A cross-hair crosses the charts in so many moves, if that many steps are shown."""


@dataclass(frozen=True, slots=True)
class ChartView:
    """A view of the steps from 0 to the last.

    Attributes
    ----------
    span : how many steps are shown; None for all
    end : the last step that is shown; None for the newest, so that the charts follow the run
    logarithmic : whether the first chart has a logarithmic axis
    smooth : whether running means are drawn over the values
    cross : the step that the cross-hair stands at; None if there is none
    pinned : past runs that are drawn to compare
    group : the only group that is drawn, of quantities that groups have; "" for all
    """

    span: float | None = None
    end: float | None = None
    logarithmic: bool = False
    smooth: bool = False
    cross: float | None = None
    pinned: tuple[PinnedRun, ...] = ()
    group: str = ""

    def window(self, last: float) -> tuple[float, float]:
        """Return the first and the last step that are shown of a run whose last is given."""
        if self.span is None or self.span >= last:
            return 0.0, last
        end = last if self.end is None else min(max(self.end, self.span), last)
        return end - self.span, end

    def zoom(self, factor: float, last: float, about: float | None = None) -> ChartView:
        """Show so many times the steps; what stands still is ``about``, the cross-hair, or the end.

        Everything is shown again once the span is that of the run.
        """
        start, end = self.window(last)
        span = max(min(MIN_SPAN, last), (end - start) * factor)
        if span >= last:
            return replace(self, span=None, end=None)
        fixed = self.cross if about is None else about
        if fixed is None:
            return replace(self, span=span)
        moved = fixed + (end - fixed) * span / max(end - start, 1e-12)
        return replace(self, span=span, end=None if moved >= last else max(moved, span))

    def pan(self, share: float, last: float) -> ChartView:
        """Move the window by a share of itself; at the newest step it follows the run again."""
        if self.span is None:
            return self
        start, end = self.window(last)
        moved = end + share * (end - start)
        return replace(self, end=None if moved >= last else max(moved, self.span))

    def toggle_crosshair(self, last: float, now: float | None = None) -> ChartView:
        """Put the cross-hair to the newest step that is shown, or take it away.

        That is ``now`` if it is in view: lines that were left may go on behind it.
        """
        if self.cross is not None:
            return replace(self, cross=None)
        start, end = self.window(last)
        return replace(self, cross=end if now is None or not start <= now <= end else now)

    def move_crosshair(self, by: int, last: float) -> ChartView:
        """Move the cross-hair a little, either way."""
        if self.cross is None:
            return self
        start, end = self.window(last)
        move = max(1, round((end - start) / _MOVES))
        return self.place_crosshair(round(self.cross) + by * move, last)

    def place_crosshair(self, step: float, last: float) -> ChartView:
        """Put the cross-hair to a step; if it is out of sight, the window goes along."""
        start, end = self.window(last)
        cross = min(max(step, 0), last)
        if start <= cross <= end:
            return replace(self, cross=cross)
        share = (cross - (start if cross < start else end)) / max(end - start, 1e-12)
        return replace(self.pan(share, last), cross=cross)
