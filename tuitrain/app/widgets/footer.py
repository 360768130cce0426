"""The footer: keys, with their present effect."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from tuitrain.run.snapshot import Snapshot

from ..renderables.footer import Hint, fit_hints
from ..renderables.rows import Row
from .rows_view import RowsView


class KeyFooter(RowsView):
    """One line of keys, which can be clicked."""

    def __init__(self) -> None:
        super().__init__(id="footer")
        self._hints: Sequence[Hint] = ()

    @property
    def hints(self) -> Sequence[Hint]:
        """The keys that are shown where there is room for all."""
        return self._hints

    def show(self, hints: Sequence[Hint]) -> None:
        """Show these keys."""
        if hints != self._hints:
            self._hints = hints
            self.redraw()

    def watch_snapshot(self) -> None:
        """Draw keys that were set before the first snapshot; later snapshots change nothing."""
        if not self._drawn:
            self.redraw()

    def rows(self, snapshot: Snapshot, room: Size) -> Sequence[Row]:
        """Draw the keys that fit."""
        del snapshot
        shown = fit_hints(self._hints, room.width)
        return [tuple(span for _, row in shown for span in row)]

    def render_line(self, y: int) -> Strip:
        """Add the action of each key, for mouse clicks."""
        strip = super().render_line(y)
        at = 0
        parts: list[Strip] = []
        for hint, row in fit_hints(self._hints, self.room.width):
            end = at + sum(len(text) for text, _ in row)
            part = strip.crop(at, end)
            action = hint.action if "." in hint.action else f"screen.{hint.action}"
            click = Style.from_meta({"@click": action})
            parts.append(part.apply_style(click) if hint.action else part)
            at = end
        return Strip.join([*parts, strip.crop(at)]) if parts else strip
