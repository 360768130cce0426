"""The view of all charts: the part of the run that they show, and how; and its changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from .pinned_runs import PinnedRun

MIN_SPAN: Final = 10
"""Minimum number of steps in view."""

_CURSOR_MOVES: Final = 50
"""Number of moves of the cursor across a chart with at least as many steps."""


@dataclass(frozen=True, slots=True)
class ChartView:
    """A view of the steps from 0 to the last.

    Attributes
    ----------
    span : number of steps in view; None for all
    end : the last step in view; None for the newest, so that the charts follow the run
    logarithmic : whether the first chart has a logarithmic axis
    smooth : whether running means are drawn over the values
    cursor : the step of the cursor; None for no cursor
    pinned : past runs to compare with
    group : the only group whose metrics are drawn; "" for all groups
    """

    span: float | None = None
    end: float | None = None
    logarithmic: bool = False
    smooth: bool = False
    cursor: float | None = None
    pinned: tuple[PinnedRun, ...] = ()
    group: str = ""

    def window(self, last: float) -> tuple[float, float]:
        """Return the first and the last step in view of a run that ends at step ``last``."""
        if self.span is None or self.span >= last:
            return 0.0, last
        end = last if self.end is None else min(max(self.end, self.span), last)
        return end - self.span, end

    def zoom(self, factor: float, last: float, about: float | None = None) -> ChartView:
        """Multiply the number of steps in view; a span of the whole run shows everything.

        Parameters
        ----------
        about : the step that keeps its place (default: that of the cursor, or the end)
        """
        start, end = self.window(last)
        span = max(min(MIN_SPAN, last), (end - start) * factor)
        if span >= last:
            return replace(self, span=None, end=None)
        anchor = self.cursor if about is None else about
        if anchor is None:
            return replace(self, span=span)
        moved = anchor + (end - anchor) * span / max(end - start, 1e-12)
        return replace(self, span=span, end=None if moved >= last else max(moved, span))

    def pan(self, share: float, last: float) -> ChartView:
        """Move the window by a share of its span; at the newest step it follows the run again."""
        if self.span is None:
            return self
        start, end = self.window(last)
        moved = end + share * (end - start)
        return replace(self, end=None if moved >= last else max(moved, self.span))

    def toggle_cursor(self, last: float, now: float | None = None) -> ChartView:
        """Remove the cursor, or put it at the newest step in view.

        Parameters
        ----------
        now : the present step, which is preferred if it is in view; other branches may be longer
        """
        if self.cursor is not None:
            return replace(self, cursor=None)
        start, end = self.window(last)
        return replace(self, cursor=end if now is None or not start <= now <= end else now)

    def move_cursor(self, direction: int, last: float) -> ChartView:
        """Move the cursor a little to the left (-1) or to the right (1)."""
        if self.cursor is None:
            return self
        start, end = self.window(last)
        distance = max(1, round((end - start) / _CURSOR_MOVES))
        return self.place_cursor(round(self.cursor) + direction * distance, last)

    def place_cursor(self, step: float, last: float) -> ChartView:
        """Put the cursor at a step; the window moves to show it."""
        start, end = self.window(last)
        cursor = min(max(step, 0), last)
        if start <= cursor <= end:
            return replace(self, cursor=cursor)
        share = (cursor - (start if cursor < start else end)) / max(end - start, 1e-12)
        return replace(self.pan(share, last), cursor=cursor)
