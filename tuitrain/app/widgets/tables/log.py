"""The log: the lines that the training code has said."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tuitrain.app.renderables.rows import Row
from tuitrain.app.renderables.tables.log import LOG_LEVELS, filter_lines, log_rows
from tuitrain.run.snapshot import Snapshot

from ..row_cursor import RowCursor


class LogView(RowCursor, can_focus=True):
    """Follows the newest line, unless one has gone back or holds it."""

    def __init__(self) -> None:
        super().__init__(id="log")
        self.level = LOG_LEVELS[0]
        self.pattern = ""
        self.follows = True

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """List the lines that are asked for, oldest first."""
        return log_rows(filter_lines(snapshot.log.lines, self.level, self.pattern), room.width)

    def set_snapshot(self, snapshot: Snapshot) -> None:
        """Take in what was said."""
        known = self.snapshot
        if known is None or known.log is not snapshot.log:
            self.snapshot = snapshot

    def watch_snapshot(self) -> None:
        """Draw what is new, and follow."""
        self.show(self.level, self.pattern)

    def show(self, level: str, pattern: str) -> None:
        """Show what is at least so grave and holds the pattern."""
        self.level, self.pattern = level, pattern
        self.redraw()
        if self.follows:
            self.call_after_refresh(self.scroll_end, animate=False)

    def on_resize(self) -> None:
        """Fit the lines."""
        self.show(self.level, self.pattern)

    def action_move(self, by: int) -> None:
        """Scroll; at the end the newest line is followed again."""
        at = max(0, min(self.scroll_offset.y + by, self.max_scroll_y))
        self.follows = at == self.max_scroll_y
        self.scroll_to(y=at, animate=False)

    def on_mouse_scroll_up(self) -> None:
        """Follow no more."""
        self.follows = False
