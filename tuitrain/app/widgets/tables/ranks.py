"""The processes of a training in several."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tuitrain.run.snapshot import Snapshot

from ...renderables.rows import Row
from ...renderables.tables.ranks import rank_rows
from ..row_cursor import RowCursor


class RanksView(RowCursor, can_focus=True):
    """A table of the ranks, which scrolls if they are many."""

    def __init__(self) -> None:
        super().__init__(id="ranks")

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """List the ranks."""
        del room
        return rank_rows(snapshot.ranks)

    def watch_snapshot(self) -> None:
        """Draw the newest reports."""
        self.redraw()

    def action_move(self, delta: int) -> None:
        """Scroll."""
        at = max(0, min(self.scroll_offset.y + delta, self.max_scroll_y))
        self.scroll_to(y=at, animate=False)
