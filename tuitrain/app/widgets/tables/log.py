"""The log: the output of the training code."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tuitrain.run.snapshot import Snapshot

from ...renderables.rows import Row
from ...renderables.tables.log import LOG_LEVELS, filter_lines, log_rows
from ..row_cursor import RowCursor


class LogView(RowCursor, can_focus=True):
    """A list of lines that follows the newest one until the user scrolls back."""

    def __init__(self) -> None:
        super().__init__(id="log")
        self.level = LOG_LEVELS[0]
        self.pattern = ""
        self.follows = True

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """List the lines of the filters, oldest first."""
        return log_rows(filter_lines(snapshot.log.lines, self.level, self.pattern), room.width)

    def set_snapshot(self, snapshot: Snapshot) -> None:
        """Show the log of a snapshot if it has changed."""
        shown = self.snapshot
        if shown is None or shown.log is not snapshot.log:
            self.snapshot = snapshot

    def watch_snapshot(self) -> None:
        """Draw new lines, and scroll to them if following."""
        self.show(self.level, self.pattern)

    def show(self, level: str, pattern: str) -> None:
        """Show lines of at least a level that contain a string."""
        self.level, self.pattern = level, pattern
        self.redraw()
        if self.follows:
            self.call_after_refresh(self.scroll_end, animate=False)

    def on_resize(self) -> None:
        """Fit the lines to the new size."""
        self.show(self.level, self.pattern)

    def action_move(self, delta: int) -> None:
        """Scroll; at the end the list follows the newest line again."""
        at = max(0, min(self.scroll_offset.y + delta, self.max_scroll_y))
        self.follows = at == self.max_scroll_y
        self.scroll_to(y=at, animate=False)

    def on_mouse_scroll_up(self) -> None:
        """Stop following."""
        self.follows = False
