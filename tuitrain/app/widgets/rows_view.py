"""The base of every panel: draws rows of spans, and redraws only those that changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuitrain.app.renderables.rows import ROLES, Role, Row
from tuitrain.run.snapshot import Snapshot


class RowsView(ScrollView, can_focus=False):
    """Shows the rows that `rows` makes of the snapshot.

    A refresh in which one row changes repaints one row: over a slow line this is what is felt.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"role-{role}" for role in ROLES}

    snapshot: reactive[Snapshot | None] = reactive(
        None, always_update=True, init=False, repaint=False
    )
    """What the run last showed; never compared, since it holds arrays. `redraw` repaints."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawn: list[Row] = []
        self._width = 0
        self._styles: dict[Role, Style] = {}

    @property
    def room(self) -> Size:
        """The cells there are to draw in."""
        return self.scrollable_content_region.size

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Make the rows; a panel's own part."""
        raise NotImplementedError

    def drawn(self, room: Size) -> Sequence[Row] | None:
        """Make the rows, or None while there is nothing to make them of."""
        return None if self.snapshot is None else self.rows(self.snapshot, room)

    def redraw(self) -> None:
        """Make the rows anew, and repaint those that differ."""
        room = self.room
        made = self.drawn(room) if room.area else None
        if made is None:
            return
        rows = list(made)
        before, self._drawn = self._drawn, rows
        if room.width != self._width or len(rows) != len(before):
            self._width = room.width
            self.virtual_size = Size(room.width, len(rows))
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(before, rows, strict=True)):
            if old != new:
                self.refresh_line(y)

    def style_of(self, role: Role) -> Style:
        """Return how the stylesheet says that a role looks.

        Held here: Textual forgets its own at every refresh, which cost 3 ms of 17.
        """
        style = self._styles.get(role)
        if style is None:
            style = self._styles[role] = self.get_component_rich_style(f"role-{role}")
        return style

    def notify_style_update(self) -> None:
        """Ask the stylesheet anew, as after a change of theme."""
        self._styles.clear()
        super().notify_style_update()

    def overlay(self, y: int) -> Style | None:
        """Return a style to lay over row ``y``, as a cursor does."""
        del y
        return None

    def watch_snapshot(self) -> None:
        """Draw what is new."""
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """Return one line of the panel as Textual paints it."""
        y += self.scroll_offset.y
        width = self.room.width
        if y >= len(self._drawn):
            return Strip.blank(width, self.style_of("text"))
        strip = Strip(
            [Segment(text, self.style_of(role)) for text, role in self._drawn[y] if text]
        ).adjust_cell_length(width, self.style_of("text"))
        over = self.overlay(y)
        return Strip(Segment.apply_style(strip, post_style=over), width) if over else strip

    def on_resize(self) -> None:
        """Fit the rows to the new size."""
        self.redraw()
